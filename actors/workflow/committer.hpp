#pragma once

#include "actors/workflow/store.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace troupe::workflow {

/// An append that is over, and what was to be appended.
struct finished_commit {
  std::vector<append_batch> batches;
  result<void> outcome;
  std::chrono::steady_clock::duration took{};
};

/// Carries an engine core's commits out, one at a time. Used from the core's thread.
class committer {
public:
  virtual ~committer() = default;
  /// Begins to append; not while another append is under way or not taken up.
  virtual void begin(std::vector<append_batch> batches) = 0;
  /// What was begun, once it is over; each time once.
  [[nodiscard]] virtual std::optional<finished_commit> poll() = 0;
  /// Waits for what was begun.
  [[nodiscard]] virtual finished_commit wait() = 0;
};

/// Appends in `begin`, on the caller's thread: what a core does depends on nothing but its calls.
class inline_committer final : public committer {
public:
  /// @param history outlives the committer.
  explicit inline_committer(store& history) : history_(history) {}
  void begin(std::vector<append_batch> batches) override;
  [[nodiscard]] std::optional<finished_commit> poll() override;
  [[nodiscard]] finished_commit wait() override;

private:
  store& history_;
  std::optional<finished_commit> finished_;
};

/// Appends on a thread of its own, so that the core prepares the next commit while the disk works.
class commit_thread final : public committer {
public:
  /// @param history outlives the committer; its members may be called from any thread.
  /// @param wake called on the committer's thread when there is something to poll.
  commit_thread(store& history, std::function<void()> wake);
  /// Waits for the append that is under way.
  ~commit_thread() override;
  commit_thread(const commit_thread&) = delete;
  commit_thread& operator=(const commit_thread&) = delete;

  void begin(std::vector<append_batch> batches) override;
  [[nodiscard]] std::optional<finished_commit> poll() override;
  [[nodiscard]] finished_commit wait() override;

private:
  void work();

  store& history_;
  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::vector<append_batch>> begun_;
  std::optional<finished_commit> finished_;
  bool ending_ = false;
  std::thread thread_;
};

/// A store whose members may be called from any thread: one call at a time.
[[nodiscard]] std::unique_ptr<store> make_shareable(std::unique_ptr<store> only);

} // namespace troupe::workflow
