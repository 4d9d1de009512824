#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace troupe::cluster {

/// Calls a host's functions one at a time, in the order in which they were added, without any lock of who adds them. Any
/// thread.
class callback_line {
public:
  using task = std::function<void()>;

  /// Under a caller's lock, so that the order is that of what happened; `run` afterwards, without it.
  void add(task work) {
    const std::lock_guard held{guard_};
    if (!closed_) waiting_.push_back(std::move(work));
  }

  /// Calls what waits, unless another thread, or a call above this one, does so already.
  void run() {
    std::unique_lock held{guard_};
    if (running_ != std::thread::id{}) return;
    running_ = std::this_thread::get_id();
    while (!waiting_.empty()) {
      auto work = std::move(waiting_.front());
      waiting_.pop_front();
      held.unlock();
      work();
      work = nullptr;
      held.lock();
    }
    running_ = {};
    idle_.notify_all();
  }

  /// Drops what waits, takes no more, and waits for the call that is at work, unless it is this thread's.
  void close() {
    std::unique_lock held{guard_};
    closed_ = true;
    waiting_.clear();
    if (running_ == std::this_thread::get_id()) return;
    idle_.wait(held, [this] { return running_ == std::thread::id{}; });
  }

private:
  std::mutex guard_;
  std::condition_variable idle_;
  std::deque<task> waiting_;
  std::thread::id running_{};
  bool closed_ = false;
};

} // namespace troupe::cluster
