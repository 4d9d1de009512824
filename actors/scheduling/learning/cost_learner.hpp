#pragma once

#include "actors/scheduling/learning/cost_book.hpp"

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace troupe::scheduling {

/// Learns run times while work goes on, and keeps what it has learnt in a file. Any thread; nobody who measures or asks waits
/// for the disk: a thread of its own writes, now and then and at the end. Several processes may have one file: each adds
/// what it has measured. That nothing can be read or written is logged, once, and learning goes on in memory.
class cost_learner {
public:
  /// In memory only.
  cost_learner() = default;
  /// @param file made where it is not there.
  explicit cost_learner(std::filesystem::path file);
  /// Writes what is not written.
  ~cost_learner();
  cost_learner(const cost_learner&) = delete;
  cost_learner& operator=(const cost_learner&) = delete;

  void observe(const cost_key& of, double seconds, std::uint64_t bytes);
  [[nodiscard]] run_time_estimate estimate(const cost_key& of,
                                           std::optional<std::uint64_t> bytes = {},
                                           std::optional<double> declared = {}) const;

private:
  struct measurement {
    cost_key of;
    double seconds = 0;
    std::uint64_t bytes = 0;
  };

  void work();
  void write(std::vector<measurement> fresh);

  std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  cost_book book_;
  /// Not in the file yet.
  std::vector<measurement> fresh_;
  bool closing_ = false;
  bool complained_ = false;
  std::thread thread_;
};

} // namespace troupe::scheduling
