#pragma once

#include "actors/workflow/insight/insight.hpp"
#include "actors/workflow/machine.hpp"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace troupe::workflow {

/// What a history says of one instance, in the order in which it was said.
struct instance_record {
  std::vector<attempt_insight> attempts;
  std::vector<attempt_insight> compensations;
  /// By attempt: when it might be scheduled again, of those that waited for their time.
  std::map<std::uint32_t, duration> due;
  std::optional<duration> waiting_since;
  std::optional<time_point> waiting_until;
  std::optional<duration> closed;
  /// Number of the event that closed it.
  std::uint64_t closed_by = 0;
};

/// Follows a history with the machine, and notes when things happened. Times are from the start of the run and never go
/// back.
class timeline {
public:
  [[nodiscard]] result<void> add(const event& happened);

  [[nodiscard]] const machine& state() const { return state_; }
  /// Of the last event.
  [[nodiscard]] duration now() const { return now_; }
  [[nodiscard]] time_point started() const { return started_; }
  /// When the run began to undo what it had done.
  [[nodiscard]] std::optional<duration> turned() const { return turned_; }
  /// By step, then by index.
  [[nodiscard]] const std::vector<std::vector<instance_record>>& records() const {
    return records_;
  }
  /// Of each start and take-over; where one said nothing, absent.
  [[nodiscard]] const std::vector<std::optional<run_host>>& hosts() const { return hosts_; }
  /// The attempt that a failed run is said to have failed by.
  [[nodiscard]] const std::optional<instance_id>& culprit() const { return culprit_; }

private:
  struct noting;

  [[nodiscard]] instance_record& record_of(const instance_id& name);
  void note_closed(const instance_id& name);
  void give_signal(const std::string& name);

  machine state_;
  time_point started_{};
  duration now_{};
  std::optional<duration> turned_;
  std::vector<std::vector<instance_record>> records_;
  std::vector<std::optional<run_host>> hosts_;
  std::optional<instance_id> culprit_;
  /// By the name of the signal: who awaits it, the longest first. Some may have stopped to.
  std::map<std::string, std::deque<instance_id>> awaiting_;
};

/// 0 where it is before.
[[nodiscard]] duration time_between(time_point from, time_point to);

/// The phases of an instance, without gaps from `ready` to `end`.
/// @param end when it was closed, or the end of what is looked at.
[[nodiscard]] std::vector<phase> phases_of(const instance_record& record, const step& from,
                                           duration ready, duration end, bool run_closed);

} // namespace troupe::workflow
