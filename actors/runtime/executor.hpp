#pragma once

#include "actors/runtime/defaults.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

/// Where blocking work runs: files, databases, devices. Never CAF's workers. All members may be
/// called by any thread.
class executor {
public:
  using task = std::function<void()>;
  virtual ~executor() = default;

  /// Runs `work` once, soon, on a thread of this executor. An exception that escapes `work` is
  /// logged and dropped.
  /// @returns false, and never runs `work`, when the queue is full or the executor is stopping.
  [[nodiscard]] virtual bool post(task work) = 0;

  /// Refuses new work, runs what was accepted, and waits at most `bound` for its end. May be called
  /// again.
  /// @returns whether everything ended; a thread still at work then is left behind, owning what it
  /// uses.
  virtual bool stop(std::chrono::milliseconds bound) = 0;
};

struct thread_pool_options {
  /// Threads are started when work waits, up to this many, and kept.
  std::size_t max_threads = runtime::defaults::blocking_threads;
  /// Tasks that may wait for a thread; more are refused.
  std::size_t max_queued = runtime::defaults::blocking_queue;
  /// Shown by debuggers; the system cuts it to 15 bytes.
  std::string thread_name = "troupe-blocking";
};

/// An executor that owns its threads.
class thread_pool final : public executor {
public:
  explicit thread_pool(thread_pool_options options = {});
  /// Stops with a bound of `defaults::drain_bound`.
  ~thread_pool() override;
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  [[nodiscard]] bool post(task work) override;
  bool stop(std::chrono::milliseconds bound) override;

private:
  struct state;
  std::shared_ptr<state> state_;
};

/// For deterministic tests: runs every task at once on the thread that posts it.
class inline_executor final : public executor {
public:
  [[nodiscard]] bool post(task work) override;
  bool stop(std::chrono::milliseconds bound) override;

private:
  bool stopped_ = false;
};

/// For deterministic tests of concurrency: keeps tasks until the test runs them. One thread.
class manual_executor final : public executor {
public:
  [[nodiscard]] bool post(task work) override;
  bool stop(std::chrono::milliseconds bound) override;
  [[nodiscard]] std::size_t waiting() const { return tasks_.size(); }
  /// Runs the oldest task. @returns false when there is none.
  bool run_one();
  /// Runs tasks until none is left. @returns how many.
  std::size_t run_all();

private:
  std::deque<task> tasks_;
  bool stopped_ = false;
};

} // namespace troupe
