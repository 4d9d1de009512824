#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

namespace troupe::workflow {

/// Tasks for one thread, from any number of others. Ordered. Once closed it takes no more, and what
/// was accepted is still given out.
class task_queue {
public:
  using task = std::function<void()>;

  /// @returns false, and drops the task, when the queue is closed.
  [[nodiscard]] bool post(task work) {
    {
      const std::lock_guard held{mutex_};
      if (closed_) return false;
      tasks_.push_back(std::move(work));
    }
    arrived_.notify_one();
    return true;
  }

  void close() {
    {
      const std::lock_guard held{mutex_};
      closed_ = true;
    }
    arrived_.notify_one();
  }

  /// Waits for a task, for `close` or for the moment. @returns whether the queue is still open.
  [[nodiscard]] bool wait_until(std::chrono::system_clock::time_point moment) {
    std::unique_lock held{mutex_};
    // By the monotonic clock: a jump of the system's clock must not make this wait for hours.
    const auto rest = moment - std::chrono::system_clock::now();
    arrived_.wait_for(held, std::min<std::chrono::nanoseconds>(rest, std::chrono::seconds{1}),
                      [this] { return closed_ || !tasks_.empty(); });
    return !closed_;
  }

  /// All tasks that wait, in order.
  [[nodiscard]] std::vector<task> take() {
    const std::lock_guard held{mutex_};
    return std::exchange(tasks_, {});
  }

private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<task> tasks_;
  bool closed_ = false;
};

} // namespace troupe::workflow
