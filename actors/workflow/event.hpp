#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/workflow/definition.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>

namespace troupe::workflow {

/// Values of a run's inputs by name, typed as they are declared.
using input_values = std::map<std::string, scalar>;

/// What a run is called by whoever submitted it: values by their keys.
using run_tags = std::map<std::string, std::string>;

/// One instance of a step: a step without `for_each` has one, with index 0.
struct instance_id {
  std::string step;
  std::uint32_t index = 0;
  /// What undoes the instance, not the instance itself.
  bool compensation = false;
  bool operator==(const instance_id&) const = default;
  /// By step, then by index, an instance before its compensation.
  friend bool operator<(const instance_id& a, const instance_id& b) {
    return std::tie(a.step, a.index, a.compensation) < std::tie(b.step, b.index, b.compensation);
  }
};

/// One try of an instance.
struct attempt_id {
  instance_id instance;
  /// 1, 2, ...
  std::uint32_t attempt = 0;
  /// Fencing token, unique within the run and rising: a result that carries an old one is refused.
  std::uint64_t token = 0;
  bool operator==(const attempt_id&) const = default;
};

/// Why a run failed: the failure, and the attempt that it came from.
struct run_failure {
  failure why;
  std::optional<attempt_id> where;
};

/// The attempt that started a run, by its step.
struct parent_ref {
  std::string run_id;
  instance_id instance;
  std::uint32_t attempt = 0;
  bool operator==(const parent_ref&) const = default;
};

struct run_started {
  std::string run_id;
  definition_ptr workflow;
  /// Complete: defaults are filled in.
  input_values inputs;
  /// Among attempts that wait for a place higher goes first; the step's is added.
  std::int32_t priority = 0;
  /// Of a run that a step of another one started.
  std::optional<parent_ref> parent{};
  run_tags tags{};
};
struct step_scheduled {
  attempt_id attempt;
};
struct step_completed {
  attempt_id attempt;
  message_ptr reply;
};
struct step_failed {
  attempt_id attempt;
  failure why;
  /// When the next attempt is due; absent: the step failed for good.
  std::optional<time_point> retry_time;
  /// What the attempt said last about how far it had come; nullptr where it said nothing.
  message_ptr details{};
};
struct step_retry_due {
  instance_id instance;
  /// The attempt that is due.
  std::uint32_t attempt = 0;
};
struct step_decided {
  instance_id instance;
  bool skipped = false;
};
struct step_timed_out {
  instance_id instance;
  failure why;
};
struct step_waiting {
  instance_id instance;
  /// Absent where it waits for a signal.
  std::optional<time_point> due;
};
struct timer_fired {
  instance_id instance;
};
struct signal_received {
  std::string name;
  /// Unique among the run's signals.
  std::string id;
  message_ptr payload;
};
struct run_recovered {
  std::string owner;
};
struct run_completed {};
struct run_failed {
  run_failure why;
};
struct run_cancelled {
  std::string reason;
};

/// The attempt is a run of its own.
struct child_started {
  attempt_id attempt;
  std::string run_id;
};

/// The run undoes what it has done, and closes then.
struct run_compensating {
  /// Why it is to fail; absent where it is to be cancelled.
  std::optional<run_failure> why;
  /// Of a cancelled one.
  std::string cancel_reason;
};

/// What happened in a run; checked and plain. Wire form: `schemas/troupe/v1/history.proto`.
struct event {
  /// 1, 2, 3, ... within the run.
  std::uint64_t sequence = 0;
  time_point time{};
  std::variant<run_started, step_scheduled, step_completed, step_failed, step_retry_due,
               run_recovered, run_completed, run_failed, step_decided, step_timed_out,
               run_cancelled, step_waiting, timer_fired, signal_received, run_compensating,
               child_started>
      what;
};

} // namespace troupe::workflow
