#include "actors/workflow/engine_driver.hpp"

#include <condition_variable>
#include <mutex>
#include <vector>

namespace troupe::workflow {
namespace {

/// Tasks of many threads, done one at a time by whichever of them finds nobody at it. So what an agent's answer brings
/// about is done on the thread that has the answer, without waking another one.
class strand : public std::enable_shared_from_this<strand> {
public:
  /// @param turn after tasks, before the next ones; not any more once `close` has returned.
  explicit strand(std::function<void()> turn) : turn_(std::move(turn)) {}

  [[nodiscard]] bool post(task_queue::task work) {
    std::unique_lock held{mutex_};
    if (closed_) return false;
    tasks_.push_back(std::move(work));
    if (busy_) return true;
    busy_ = true;
    work_off(held);
    return true;
  }

  /// Takes no more, and waits until what was accepted is done.
  void close() {
    std::unique_lock held{mutex_};
    closed_ = true;
    idle_.wait(held, [this] { return !busy_; });
  }

private:
  void work_off(std::unique_lock<std::mutex>& held) {
    while (!tasks_.empty()) {
      at_work_.swap(tasks_);
      held.unlock();
      for (const auto& task : at_work_)
        task();
      at_work_.clear();
      turn_();
      held.lock();
    }
    busy_ = false;
    if (closed_) idle_.notify_all();
  }

  std::function<void()> turn_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::vector<task_queue::task> tasks_;
  /// Of whoever is busy.
  std::vector<task_queue::task> at_work_;
  bool busy_ = false, closed_ = false;
};

class callers_driver final : public engine_driver {
public:
  callers_driver(engine_parts parts, timer& clock, std::function<void(task_queue::task)> later)
      : clock_(clock), later_(std::move(later)), history_(std::move(parts.history)),
        tasks_(std::make_shared<strand>([this] { turn(); })),
        core_({*history_, parts.agents, std::move(parts.starter),
               [] { return std::chrono::system_clock::now(); },
               [tasks = tasks_](std::function<void()> task) { (void)tasks->post(std::move(task)); },
               parts.options}) {}

  ~callers_driver() override { end(); }

  [[nodiscard]] bool post(task_queue::task work) override { return tasks_->post(std::move(work)); }
  void stop() override { end(); }
  [[nodiscard]] engine_core& core() override { return core_; }

private:
  void end() {
    const std::lock_guard once{stopping_};
    if (std::exchange(ended_, true)) return;
    tasks_->close();
    alarm_.cancel();
    core_.drain();
    core_.give_up(stopped());
  }

  void turn() {
    core_.fire_timers();
    core_.commit();
    set_alarm(core_.next_wake());
  }

  void set_alarm(time_point due) {
    if (due >= alarm_at_) return;
    alarm_.cancel();
    alarm_at_ = due;
    const auto delay = std::max(due - std::chrono::system_clock::now(), duration{0});
    alarm_ =
        clock_.schedule_after(std::min<timer::clock::duration>(delay, longest_sleep),
                              [tasks = std::weak_ptr{tasks_}, later = later_, this] {
                                later([tasks, this] {
                                  if (const auto there = tasks.lock())
                                    (void)there->post([this] { alarm_at_ = time_point::max(); });
                                });
                              });
  }

  /// The system's clock may jump; the timer's does not.
  static constexpr std::chrono::seconds longest_sleep{1};

  timer& clock_;
  std::function<void(task_queue::task)> later_;
  std::unique_ptr<store> history_;
  std::shared_ptr<strand> tasks_;
  engine_core core_;
  timer_handle alarm_;
  time_point alarm_at_ = time_point::max();
  std::mutex stopping_;
  bool ended_ = false;
};

} // namespace

std::unique_ptr<engine_driver> drive_on_callers(engine_parts parts, timer& clock,
                                                std::function<void(task_queue::task)> later) {
  return std::make_unique<callers_driver>(std::move(parts), clock, std::move(later));
}

} // namespace troupe::workflow
