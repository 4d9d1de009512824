#pragma once

#include "actors/workflow/store_prune.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace troupe::workflow {

/// How long runs stay in a store once they have ended.
struct retention_options {
  /// Runs that ended longer ago go, but for the `keep` that ended last.
  std::chrono::nanoseconds age{};
  std::uint64_t keep = 0;
  /// Where they go; made, or added to. None: they are gone.
  std::optional<std::filesystem::path> archive{};
  /// From the end of one look to the next.
  std::chrono::milliseconds interval{600'000};
  /// Opens the store's rows for writing; called for every look, so that nothing is held between them.
  std::function<result<std::unique_ptr<raw_store>>()> open;
  /// Told what a look came to, from the thread that looks. A failure is no end: the next look tries again.
  std::function<void(const result<pruned_runs>&)> told = [](const result<pruned_runs>&) {};
  /// The time, for tests.
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
};

/// Prunes a store now and then, as `prune_store` does, for as long as it lives: from a thread of its own, so that who works
/// on the store waits for a transaction of it at most. Its end waits for the batch that is under way.
/// Several, also of other processes, may look after one store. An archive has one writer at a time: the look of another one
/// fails meanwhile.
class retention {
public:
  explicit retention(retention_options options);
  ~retention();
  retention(const retention&) = delete;
  retention& operator=(const retention&) = delete;

  /// Waits until it has looked once, whatever that came to; from any thread.
  /// @returns whether it has.
  [[nodiscard]] bool wait_for_look(std::chrono::milliseconds most);

private:
  void keep_looking();
  [[nodiscard]] result<pruned_runs> look();
  [[nodiscard]] bool is_ending();
  /// @returns whether there is to be another look.
  [[nodiscard]] bool wait_for_next();

  const retention_options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  bool has_looked_ = false;
  std::thread thread_;
};

} // namespace troupe::workflow
