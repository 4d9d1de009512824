#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>

namespace caf {
class resumable;
} // namespace caf

namespace troupe::runtime {

/// The actors that have something to do, for all workers. One queue, as CAF's policy "sharing" has it, so that none waits
/// behind another while a worker is idle; what differs is how a worker waits. Waking a thread costs more than most agents
/// do at a message, for the one that wakes it and for the woken. So of the workers without work one looks for more for a
/// few microseconds (`defaults::worker_patience`) before it sleeps, nobody is woken while one looks or wakes up, and
/// whoever takes one of several calls the next. An idle system sleeps altogether. Any thread.
class run_queue {
public:
  void push(caf::resumable* job);
  /// Waits for a job.
  [[nodiscard]] caf::resumable* pop();
  /// @returns nullptr when empty.
  [[nodiscard]] caf::resumable* try_pop();

private:
  void look() const;
  [[nodiscard]] bool calls_one();
  [[nodiscard]] caf::resumable* take_first();

  std::mutex mutex_;
  std::condition_variable called_one_;
  std::deque<caf::resumable*> jobs_;
  /// Of `jobs_`, to be looked at without the lock.
  std::atomic<std::size_t> size_ = 0;
  std::size_t asleep_ = 0;
  /// Whether a sleeper was called that has not got up yet.
  bool called_ = false;
  /// Whether a worker looks for jobs.
  bool looking_ = false;
};

} // namespace troupe::runtime
