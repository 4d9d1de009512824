// The threads of the service: how they wait for work, and who is called when there is some.
#include "actors/inference/internal/core.hpp"

#include <exception>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::inference {

void service::core::run_thread() {
  worker by;
  lock held{mutex_};
  while (!closing_) {
    try {
      if (!step(held, by)) await_work(held);
    } catch (const std::exception& thrown) {
      // Want of memory between two steps. Its texts, if any, are answered at their deadline or by
      // `stop`; the thread is needed for others.
      spdlog::error("a step of the inference service failed: {}", thrown.what());
      if (!held.owns_lock()) held.lock();
    }
  }
}

bool service::core::call_one() {
  calls_.fetch_add(1, std::memory_order_release);
  return !std::exchange(looking_, false);
}

void service::core::call_all() {
  calls_.fetch_add(1, std::memory_order_release);
  looking_ = false;
  work_.notify_all();
}

void service::core::look_for_work(lock& held) {
  looking_ = true;
  const auto calls = calls_.load(std::memory_order_relaxed);
  held.unlock();
  const auto until = std::chrono::steady_clock::now() + defaults::thread_patience;
  while (calls_.load(std::memory_order_acquire) == calls &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::yield(); // to whoever might have work for us
  held.lock();
  if (calls_.load(std::memory_order_relaxed) == calls) looking_ = false;
}

void service::core::await_work(lock& held) {
  const auto woken = [this] { return closing_ || !arrivals_.empty() || !batcher_.empty(); };
  ++idle_threads_;
  if (!looking_) look_for_work(held);
  if (deadlines_.empty()) {
    work_.wait(held, woken);
  } else {
    // A copy: the condition variable reads it after the wait, when the text may be gone.
    const deadline first = deadlines_.begin()->first;
    work_.wait_until(held, first, woken);
  }
  --idle_threads_;
}

void service::core::end_threads() {
  {
    const lock held{mutex_};
    closing_ = true;
    call_all();
  }
  for (std::thread& thread : threads_)
    thread.join();
  threads_.clear();
}

} // namespace troupe::inference
