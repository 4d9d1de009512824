#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/scheduling/resources/resource_vector.hpp"
#include "actors/workflow/definition.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

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
  /// Where the step stands in its definition, modulo 65,536, if whoever made the name knew: spares the search for it. No
  /// part of the name.
  std::uint16_t position = 0;
  bool operator==(const instance_id& other) const {
    return index == other.index && compensation == other.compensation && step == other.step;
  }
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

/// Who has a run at work, and with what.
struct run_host {
  /// What kind of node it is: estimates of run times are for one kind.
  std::string node_class;
  scheduling::resource_vector resources;
  /// Attempts that may be in flight at once.
  std::uint32_t slots = 0;
  /// Which owner of runs it is.
  std::string owner{};
  bool operator==(const run_host&) const = default;
};

/// How an attempt went, by the clock of the node that it ran on.
struct attempt_timing {
  /// When its agent was given it; the epoch: it never was.
  time_point started{};
  /// From then to its answer.
  duration ran{};
  /// Before it was started and once it was durable: for a place in the engine, and for resources.
  duration slot_wait{}, resource_wait{};
  /// Resources of which there was not enough when it began to wait.
  std::vector<std::string> missing{};
  std::uint64_t request_bytes = 0;
  /// The node that it ran on; empty: whoever had the run at work, where that has no name.
  std::string node{};
  /// What kind of node that is; empty: as that of the run's host.
  std::string node_class{};
  bool operator==(const attempt_timing&) const = default;
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
  /// How long it may take, from this event on; 0: as long as it does.
  duration deadline{};
  /// Absent in older histories; no part of the run's state.
  std::optional<run_host> host{};
  /// Whom it is for; empty: the one without a name.
  std::string tenant{};
  run_tags tags{};
};
struct step_scheduled {
  attempt_id attempt;
};
struct step_completed {
  attempt_id attempt;
  message_ptr reply;
  /// Absent in older histories, and of what no agent did; no part of the run's state.
  std::optional<attempt_timing> timing{};
};
struct step_failed {
  attempt_id attempt;
  failure why;
  /// When the next attempt is due; absent: the step failed for good.
  std::optional<time_point> retry_time;
  /// What the attempt said last about how far it had come; nullptr where it said nothing.
  message_ptr details{};
  std::optional<attempt_timing> timing{};
  /// Another attempt of the instance is in flight, and is waited for; then there is no `retry_time`.
  bool other_goes_on = false;
};
/// A second attempt was begun beside one that takes long.
struct step_speculated {
  attempt_id attempt;
  /// The one that takes long, for how long it had run, and for how long it might before it counted as late.
  std::uint32_t beside = 0;
  duration ran{}, allowed{};
};
/// An attempt gave its place up for one of a higher priority; the instance is tried again.
struct step_preempted {
  attempt_id attempt;
  /// As of `step_failed`.
  message_ptr details{};
  /// Idempotency key of the attempt that needed the place.
  std::string needed_by{};
  std::optional<attempt_timing> timing{};
};
/// The node that an attempt ran on is gone; the instance is tried again, and no failure is counted.
struct step_lost {
  attempt_id attempt;
  /// By name; and which life of it.
  std::string node{};
  std::uint64_t node_incarnation = 0;
  /// As of `step_failed`.
  message_ptr details{};
  std::optional<attempt_timing> timing{};
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
  std::optional<run_host> host{};
};
struct run_completed {};
struct run_failed {
  run_failure why;
};
/// The time of the run's deadline is over.
struct run_timed_out {
  failure why;
};
struct run_cancelled {
  std::string reason;
  /// Nothing was waited for, and nothing is undone.
  bool forced = false;
};
/// From now on nothing is begun, and what agents have is waited for.
struct run_cancelling {
  std::string reason;
  time_point due{};
  /// Tokens of the attempts that are waited for; the others in flight are abandoned.
  std::vector<std::uint64_t> awaited;
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
               child_started, run_timed_out, run_cancelling, step_speculated, step_preempted,
               step_lost>
      what;
};

} // namespace troupe::workflow
