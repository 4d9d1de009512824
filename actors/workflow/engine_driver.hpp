#pragma once

#include "actors/runtime/timer.hpp"
#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/task_queue.hpp"

#include <functional>
#include <future>
#include <memory>

namespace troupe::workflow {

/// Gives an engine core its turns: runs what is posted to it, one task at a time, then its timers and its commits.
class engine_driver {
public:
  virtual ~engine_driver() = default;
  engine_driver() = default;
  engine_driver(const engine_driver&) = delete;
  engine_driver& operator=(const engine_driver&) = delete;

  /// Any thread. @returns false, and drops the task, once it was stopped.
  [[nodiscard]] virtual bool post(task_queue::task work) = 0;
  /// Runs what was accepted, commits, and gives the runs free. May be called again, from any thread but from a task.
  virtual void stop() = 0;
  /// For tasks alone.
  [[nodiscard]] virtual engine_core& core() = 0;

  /// Runs `ask` as a task and waits for what it gives.
  template <class T>
  [[nodiscard]] result<T> call(std::function<result<T>(engine_core&)> ask) {
    auto promise = std::make_shared<std::promise<result<T>>>();
    auto answer = promise->get_future();
    if (!post([this, promise, ask = std::move(ask)] { promise->set_value(ask(core())); }))
      return tl::unexpected(stopped());
    return answer.get();
  }

  [[nodiscard]] static error stopped();
};

/// @returns `engine_failed`, `bad_input`, `bad_option` for what no engine can go by.
[[nodiscard]] result<void> check_options(const engine_options& options);

/// What an engine is made of.
struct engine_parts {
  const agent_types& agents;
  attempt_starter starter;
  std::unique_ptr<store> history;
  engine_options options;
};

/// On a thread of its own, with another one for the commits.
[[nodiscard]] std::unique_ptr<engine_driver> drive_on_thread(engine_parts parts);

/// On the threads of those who post: one of them at a time does what all have posted. For stores that do not wait.
/// @param clock outlives the driver; wakes it when a timer of the core is due.
/// @param later runs a task soon on a thread that may be held up; any thread.
[[nodiscard]] std::unique_ptr<engine_driver>
drive_on_callers(engine_parts parts, timer& clock, std::function<void(task_queue::task)> later);

} // namespace troupe::workflow
