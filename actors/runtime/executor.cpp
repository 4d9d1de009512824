#include "actors/runtime/executor.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace troupe {
namespace {

void run_logged(const executor::task& work) {
  try {
    work();
  } catch (const std::exception& e) {
    spdlog::error("a task of an executor threw: {}", e.what());
  } catch (...) {
    spdlog::error("a task of an executor threw something that is no std::exception");
  }
}

} // namespace

// Shared with the threads, so that one that outlives the pool finds everything it needs.
struct thread_pool::state : std::enable_shared_from_this<state> {
  explicit state(thread_pool_options wanted) : options(std::move(wanted)) {
    options.max_threads = std::max<std::size_t>(1, options.max_threads);
  }

  thread_pool_options options;
  std::mutex mutex;
  std::condition_variable work_arrived, thread_ended;
  std::deque<task> queue;
  std::vector<std::thread> threads;
  std::size_t idle = 0, live = 0;
  bool stopping = false;

  bool start_thread() {
    try {
      threads.emplace_back([self = shared_from_this()] { self->work(); });
    } catch (const std::system_error&) {
      return live > 0;
    }
    ++live;
    return true;
  }

  void work() {
    pthread_setname_np(pthread_self(), options.thread_name.substr(0, 15).c_str());
    std::unique_lock lock{mutex};
    while (take_one(lock)) {
    }
    --live;
    thread_ended.notify_all();
  }

  bool take_one(std::unique_lock<std::mutex>& lock) {
    ++idle;
    work_arrived.wait(lock, [this] { return stopping || !queue.empty(); });
    --idle;
    if (queue.empty()) return false;
    auto next = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    run_logged(next);
    next = nullptr; // what the task owns goes before the lock is taken
    lock.lock();
    return true;
  }
};

thread_pool::thread_pool(thread_pool_options options)
    : state_(std::make_shared<state>(std::move(options))) {}

thread_pool::~thread_pool() {
  // After a stop that left threads behind there is nothing more to wait for.
  const auto stopped = [&s = *state_] {
    std::lock_guard lock{s.mutex};
    return s.stopping && s.threads.empty();
  };
  if (!stopped()) thread_pool::stop(runtime::defaults::drain_bound);
}

bool thread_pool::post(task work) {
  {
    std::lock_guard lock{state_->mutex};
    auto& s = *state_;
    if (s.stopping || s.queue.size() >= s.options.max_queued) return false;
    if (s.queue.size() >= s.idle && s.threads.size() < s.options.max_threads && !s.start_thread())
      return false;
    s.queue.push_back(std::move(work));
  }
  state_->work_arrived.notify_one();
  return true;
}

bool thread_pool::stop(std::chrono::milliseconds bound) {
  std::unique_lock lock{state_->mutex};
  state_->stopping = true;
  state_->work_arrived.notify_all();
  const bool ended =
      state_->thread_ended.wait_for(lock, bound, [this] { return state_->live == 0; });
  auto threads = std::exchange(state_->threads, {});
  auto never_started = std::exchange(state_->queue, {}); // only where the bound was too short
  lock.unlock();
  for (auto& thread : threads)
    ended ? thread.join() : thread.detach();
  return ended;
}

bool inline_executor::post(task work) {
  if (stopped_) return false;
  run_logged(work);
  return true;
}

bool inline_executor::stop(std::chrono::milliseconds) {
  stopped_ = true;
  return true;
}

bool manual_executor::post(task work) {
  if (stopped_) return false;
  tasks_.push_back(std::move(work));
  return true;
}

bool manual_executor::stop(std::chrono::milliseconds) {
  stopped_ = true;
  run_all();
  return true;
}

bool manual_executor::run_one() {
  if (tasks_.empty()) return false;
  auto work = std::move(tasks_.front());
  tasks_.pop_front();
  run_logged(work);
  return true;
}

std::size_t manual_executor::run_all() {
  std::size_t ran = 0;
  while (run_one())
    ++ran;
  return ran;
}

} // namespace troupe
