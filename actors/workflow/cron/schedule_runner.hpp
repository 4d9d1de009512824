#pragma once

#include "actors/workflow/cron/schedule.hpp"
#include "actors/workflow/store.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe::workflow::cron {

/// What a runner of schedules needs of the world around it.
struct schedule_world {
  /// Runs of the schedule's definition in the store, in any order; others may be among them.
  std::function<result<std::vector<run_entry>>(const schedule&)> runs;
  /// Starts the run of this id, unless it is there.
  std::function<result<void>(const schedule&, const std::string& run_id)> start;
  std::function<result<void>(const schedule&, const std::string& run_id)> cancel;
};

/// What became of one that was due.
struct schedule_event {
  enum class kind { started, skipped, cancelled, failed };
  kind what = kind::started;
  std::string schedule;
  std::string run_id;
  minute_point due;
  /// It was due while nobody looked.
  bool missed = false;
  /// Of one that was not started, or an earlier run that was cancelled.
  std::string why{};
};

/// Starts what schedules say when it is due. It keeps nothing: what was started before is in the store, by the ids of the
/// runs, so that it may end at any moment, and several may look after the same schedules. No thread and no clock of its own.
///
/// What was missed, since nobody looked or the machine slept, follows from the schedule's last run: all that was due after
/// it, within `catch_up_window`, but not what `overlap: skip` would have left out. Of a schedule without any run nothing was
/// missed. What is caught up with is started one after the other, but for `overlap: allow`.
class schedule_runner {
public:
  using time_point = std::chrono::system_clock::time_point;
  /// What is later than this was missed.
  static constexpr std::chrono::seconds late_after{60};

  schedule_runner(std::vector<schedule> schedules, schedule_world around, time_point now);

  /// Starts what is due by now.
  [[nodiscard]] std::vector<schedule_event> tick(time_point now);
  /// When to call `tick` again, at the latest.
  [[nodiscard]] time_point next_wake(time_point now) const;
  [[nodiscard]] const std::vector<schedule>& schedules() const { return schedules_; }

private:
  struct state {
    /// The next one that is not in `waiting`; absent where there is none.
    std::optional<minute_point> next;
    /// By the time of its start.
    std::multimap<time_point, minute_point> waiting;
    std::deque<minute_point> missed;
    bool begun = false;
  };

  void begin(const schedule& of, state& at, time_point now);
  void gather(const schedule& of, state& at, time_point now);
  void catch_up(const schedule& of, state& at, std::vector<minute_point> late,
                const std::vector<run_entry>& runs);
  void start_missed(const schedule& of, state& at, time_point now);
  void start(const schedule& of, minute_point due, bool missed, const std::vector<run_entry>& runs);
  void tell(schedule_event::kind what, const schedule& of, minute_point due, bool missed,
            std::string why = {});

  std::vector<schedule> schedules_;
  schedule_world around_;
  time_point begun_at_;
  std::vector<state> states_;
  std::vector<schedule_event> events_;
};

} // namespace troupe::workflow::cron
