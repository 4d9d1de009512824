#include "actors/runtime/run_queue.hpp"

#include "actors/runtime/defaults.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace troupe::runtime {

void run_queue::push(caf::resumable* job) {
  bool call = false;
  {
    std::lock_guard lock{mutex_};
    jobs_.push_back(job);
    size_.store(jobs_.size(), std::memory_order_release);
    call = calls_one();
  }
  // Not under the lock, which the one that is called wants at once.
  if (call) called_one_.notify_one();
}

caf::resumable* run_queue::pop() {
  std::unique_lock lock{mutex_};
  while (jobs_.empty()) {
    if (!std::exchange(looking_, true)) {
      lock.unlock();
      look();
      lock.lock();
      looking_ = false;
      if (!jobs_.empty()) break;
    }
    ++asleep_;
    called_one_.wait(lock, [this] { return called_; });
    called_ = false;
    --asleep_;
  }
  auto* const taken = take_first();
  const bool call = !jobs_.empty() && calls_one();
  lock.unlock();
  if (call) called_one_.notify_one();
  return taken;
}

caf::resumable* run_queue::try_pop() {
  std::lock_guard lock{mutex_};
  return jobs_.empty() ? nullptr : take_first();
}

void run_queue::look() const {
  const auto until = std::chrono::steady_clock::now() + defaults::worker_patience;
  while (size_.load(std::memory_order_acquire) == 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield(); // to whoever might have work for us
}

bool run_queue::calls_one() {
  if (asleep_ == 0 || called_ || looking_) return false;
  return called_ = true;
}

caf::resumable* run_queue::take_first() {
  auto* const first = jobs_.front();
  jobs_.pop_front();
  size_.store(jobs_.size(), std::memory_order_release);
  return first;
}

} // namespace troupe::runtime
