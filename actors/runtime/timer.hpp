#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace troupe {

/// A scheduled task. Copies name the same task; letting go of the handle does not cancel it.
class timer_handle {
public:
  /// What a timer keeps per task.
  class ticket {
  public:
    virtual ~ticket() = default;
    virtual bool cancel() = 0;
  };

  timer_handle() = default;
  explicit timer_handle(std::shared_ptr<ticket> held) : ticket_(std::move(held)) {}

  /// @returns true when the task will not run; false when it ran, runs now or was cancelled before.
  /// Any thread.
  bool cancel() { return ticket_ && ticket_->cancel(); }

private:
  std::shared_ptr<ticket> ticket_;
};

/// Runs tasks at moments of a monotonic clock. All members may be called by any thread.
class timer {
public:
  using clock = std::chrono::steady_clock;
  using task = std::function<void()>;

  virtual ~timer() = default;
  [[nodiscard]] virtual clock::time_point now() const = 0;
  /// The time of day, for what leaves the process.
  [[nodiscard]] virtual std::chrono::system_clock::time_point wall_now() const = 0;

  /// Runs `work` once, not before `when`, late by a few milliseconds at most, on the timer's
  /// thread: it must be short and must not block (post to an executor or send a message). An
  /// exception that escapes it is logged and dropped. After `stop` nothing is accepted and the
  /// handle is empty.
  virtual timer_handle schedule_at(clock::time_point when, task work) = 0;
  timer_handle schedule_after(clock::duration delay, task work) {
    return schedule_at(now() + delay, std::move(work));
  }

  /// Drops what was not run and waits for a task at work (unless called by it). May be called
  /// again.
  virtual void stop() = 0;
};

/// A timer with its own thread, which sleeps until the next task is due.
[[nodiscard]] std::shared_ptr<timer> make_thread_timer();

/// For tests: time stands still until `advance`, which runs the due tasks on the calling thread in
/// order of time.
class virtual_timer : public timer {
public:
  [[nodiscard]] static std::shared_ptr<virtual_timer> make();
  /// Moves time on, stopping at each due task, including those scheduled meanwhile. @returns how
  /// many tasks ran.
  virtual std::size_t advance(clock::duration by) = 0;
  /// When the next task is due, if there is one.
  [[nodiscard]] virtual std::optional<clock::time_point> next_due() const = 0;
};

} // namespace troupe
