#include "actors/runtime/timer.hpp"

#include "actors/runtime/defaults.hpp"
#include "actors/runtime/internal/no_wait.hpp"
#include "actors/runtime/timer_queue.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <thread>
#include <utility>
#include <vector>

namespace troupe {
namespace {

using time_point = timer::clock::time_point;

class ticket;
using ticket_list = std::vector<std::shared_ptr<ticket>>;

/// The tickets of one timer; shared with the handles, which may outlive it.
struct ticket_store {
  std::mutex mutex;
  std::condition_variable changed;
  runtime::timer_queue queue;
  bool stopped = false;

  bool add(const std::shared_ptr<ticket>& added, time_point when);
  ticket_list take_due(time_point now);
};

class ticket final : public timer_handle::ticket, public runtime::timer_node {
public:
  ticket(std::weak_ptr<ticket_store> store, timer::task work)
      : store_(std::move(store)), work_(std::move(work)) {}

  bool cancel() override {
    const auto store = store_.lock();
    if (!store) return false;
    std::shared_ptr<ticket> self; // these end after the lock: what the task owns may use the timer
    timer::task work;
    std::lock_guard lock{store->mutex};
    if (!store->queue.remove(*this)) return false;
    self = std::move(self_);
    work = std::move(work_);
    return true;
  }

  void run() {
    const runtime::no_wait_scope marked;
    try {
      std::exchange(work_, nullptr)();
    } catch (const std::exception& e) {
      spdlog::error("a task of a timer threw: {}", e.what());
    } catch (...) {
      spdlog::error("a task of a timer threw something that is no std::exception");
    }
  }

  /// For a ticket that left the queue: lets go of what the task owns, whoever keeps the handle.
  void drop() { work_ = nullptr; }

private:
  friend ticket_store;
  std::weak_ptr<ticket_store> store_;
  timer::task work_;
  /// Set while the queue links this.
  std::shared_ptr<ticket> self_;
};

bool ticket_store::add(const std::shared_ptr<ticket>& added, time_point when) {
  std::lock_guard lock{mutex};
  if (stopped) return false;
  added->self_ = added;
  queue.insert(*added, when);
  return true;
}

ticket_list ticket_store::take_due(time_point now) {
  ticket_list due;
  for (auto* node : queue.take_due(now))
    due.push_back(std::move(static_cast<ticket*>(node)->self_));
  return due;
}

timer_handle schedule(const std::shared_ptr<ticket_store>& store, time_point when,
                      timer::task work) {
  auto added = std::make_shared<ticket>(store, std::move(work));
  return store->add(added, when) ? timer_handle{std::move(added)} : timer_handle{};
}

/// Cancels everything. The dropped tasks end outside the lock.
void clear(ticket_store& store) {
  ticket_list dropped;
  {
    std::lock_guard lock{store.mutex};
    store.stopped = true;
    dropped = store.take_due(time_point::max());
  }
  for (const auto& each : dropped)
    each->drop();
}

class thread_timer final : public timer {
public:
  thread_timer() : thread_([this, store = store_] { serve(store); }) {}

  ~thread_timer() override { thread_timer::stop(); }

  [[nodiscard]] time_point now() const override { return clock::now(); }
  [[nodiscard]] std::chrono::system_clock::time_point wall_now() const override {
    return std::chrono::system_clock::now();
  }

  timer_handle schedule_at(time_point when, task work) override {
    auto handle = schedule(store_, when, std::move(work));
    std::lock_guard lock{store_->mutex};
    // Mostly the thread sleeps until something earlier anyway and is left asleep.
    if (when < wakes_at_) store_->changed.notify_one();
    return handle;
  }

  void stop() override {
    clear(*store_);
    store_->changed.notify_one();
    std::lock_guard lock{stop_mutex_};
    if (!thread_.joinable()) return;
    thread_.get_id() == std::this_thread::get_id() ? thread_.detach() : thread_.join();
  }

private:
  void serve(const std::shared_ptr<ticket_store>& store) {
    pthread_setname_np(pthread_self(), "troupe-timer");
    std::unique_lock lock{store->mutex};
    while (!store->stopped) {
      const auto due = store->take_due(clock::now());
      if (due.empty()) {
        sleep(lock);
        continue;
      }
      lock.unlock();
      for (const auto& each : due)
        each->run();
      lock.lock();
    }
  }

  void sleep(std::unique_lock<std::mutex>& lock) {
    const auto next = store_->queue.next_due();
    if (!next) {
      wakes_at_ = time_point::max();
      store_->changed.wait(lock);
    } else {
      // Rounded up, so that a crowd of near deadlines costs one wake-up per step.
      const auto step = std::chrono::nanoseconds{runtime::defaults::timer_step};
      wakes_at_ = time_point{(next->time_since_epoch() / step + 1) * step};
      store_->changed.wait_until(lock, wakes_at_);
    }
    wakes_at_ = time_point::min();
  }

  std::shared_ptr<ticket_store> store_ = std::make_shared<ticket_store>();
  /// Guarded by the store's mutex. min() while the thread is awake.
  time_point wakes_at_ = time_point::min();
  std::mutex stop_mutex_;
  std::thread thread_;
};

class stepped_timer final : public virtual_timer {
public:
  [[nodiscard]] time_point now() const override {
    std::lock_guard lock{store_->mutex};
    return now_;
  }
  [[nodiscard]] std::chrono::system_clock::time_point wall_now() const override {
    // A fixed, recognisable day: 2026-01-01 00:00 UTC plus what the test let pass.
    return std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + (now() - start);
  }
  timer_handle schedule_at(time_point when, task work) override {
    return schedule(store_, when, std::move(work));
  }
  void stop() override { clear(*store_); }

  std::size_t advance(clock::duration by) override {
    const auto until = now() + by;
    std::size_t ran = 0;
    while (true) {
      const auto due = step_towards(until);
      if (due.empty()) return ran;
      for (const auto& each : due)
        each->run();
      ran += due.size();
    }
  }

  [[nodiscard]] std::optional<time_point> next_due() const override {
    std::lock_guard lock{store_->mutex};
    return store_->queue.next_due();
  }

private:
  ticket_list step_towards(time_point until) {
    std::lock_guard lock{store_->mutex};
    const auto next = store_->queue.next_due();
    now_ = std::max(now_, next ? std::min(*next, until) : until);
    return store_->take_due(now_);
  }

  static constexpr time_point start{std::chrono::hours{24}};
  std::shared_ptr<ticket_store> store_ = std::make_shared<ticket_store>();
  time_point now_ = start;
};

} // namespace

std::shared_ptr<timer> make_thread_timer() {
  return std::make_shared<thread_timer>();
}

std::shared_ptr<virtual_timer> virtual_timer::make() {
  return std::make_shared<stepped_timer>();
}

} // namespace troupe
