#pragma once

#include "actors/workflow/event.hpp"
#include "actors/workflow/request_builder.hpp"
#include "actors/workflow/step_state.hpp"
#include "troupe/v1/run.pb.h"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::workflow {

/// Record `step_scheduled` for this attempt, then start it.
struct schedule_attempt {
  attempt_id attempt;
  bool operator==(const schedule_attempt&) const = default;
};
/// Record `step_retry_due` at `due` (at once where that is past).
struct start_retry_timer {
  instance_id instance;
  std::uint32_t attempt = 0;
  time_point due;
  bool operator==(const start_retry_timer&) const = default;
};
/// Record `step_decided` as `decide` gives it.
struct decide_instance {
  instance_id instance;
  bool operator==(const decide_instance&) const = default;
};
/// Record `step_waiting`; of a timer with its time, `wait` from then.
struct start_waiting {
  instance_id instance;
  std::optional<duration> wait;
  bool operator==(const start_waiting&) const = default;
};
/// Record `timer_fired` at `due` (at once where that is past).
struct start_wait_timer {
  instance_id instance;
  time_point due;
  bool operator==(const start_wait_timer&) const = default;
};
/// Record `run_completed`.
struct complete_run {
  bool operator==(const complete_run&) const = default;
};
/// Record `run_failed`.
struct fail_run {
  attempt_id attempt;
  failure why;
};

/// What the machine wants done; whoever drives it answers with events.
using command = std::variant<schedule_attempt, start_retry_timer, complete_run, fail_run,
                             decide_instance, start_waiting, start_wait_timer>;
using commands = std::vector<command>;

/// The state of one run: what applying its events gives. Pure: no clock, no input or output, no
/// threads; the same events always give the same state and the same commands. One thread at a time.
///
/// Rules:
///  - An attempt is wanted once everything that its instance needs is done and the step's
///    parallelism allows it; of several ready ones the one that became ready first goes first. An
///    instance that waits for its next attempt takes no part of the parallelism.
///  - An instance of a step with a condition is decided once all that it needs is done or skipped;
///    so is one that reads a reply of an instance that was skipped, which makes it skipped too. What
///    was decided is an event: a replay evaluates nothing.
///  - `run_recovered` makes every attempt in flight lost. A lost attempt has a number, but does not
///    count against `maximum_attempts`: its agent did not fail. (Temporal counts it; there a
///    restart of the service is not the loss of a worker, while here one process is both.) It is
///    tried again at once, with a new token, even where `maximum_attempts` is 1: effects outside
///    must be keyed by the idempotency key.
///  - `step_timed_out` fails an instance for good while no attempt of it is in flight: it waits for
///    its next one, or for a place in its step's parallelism. So does one that waits for a timer or a
///    signal, but one with a default reply, which completes with that.
///  - A signal goes to the instance that has awaited its name longest. Where none does it is kept for
///    the next one, the first one first.
///  - `run_cancelled` closes the run wherever it stands.
///  - A step that fails for good fails the run. Attempts still in flight are not waited for: their
///    results find a closed run and are refused.
class machine : private reply_source {
public:
  machine() = default;
  machine(machine&&) = default;
  machine& operator=(machine&&) = default;

  /// Moves to the state after `happened`.
  /// @returns what is newly wanted; `history_mismatch` when the event does not fit (the state is
  ///   then unchanged): wrong number, unknown step, a token that is not the current one, anything
  ///   after the run closed.
  [[nodiscard]] result<commands> apply(const event& happened);

  /// Number of the last event; 0 before the first.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] v1::RunStatus status() const { return status_; }
  [[nodiscard]] bool closed() const;
  [[nodiscard]] time_point started() const { return started_; }
  /// Of no meaning while the run is open.
  [[nodiscard]] time_point closed_time() const { return closed_; }
  [[nodiscard]] const std::string& run_id() const { return run_id_; }
  /// The first event again. Not before it.
  [[nodiscard]] run_started beginning() const;
  /// nullptr before the first event.
  [[nodiscard]] const definition_ptr& workflow() const { return workflow_; }
  /// The run's own.
  [[nodiscard]] std::int32_t priority() const { return priority_; }
  /// The run's priority and the step's together.
  [[nodiscard]] std::int32_t priority_of(const instance_id& instance) const {
    return priority_ + definition_of(instance).priority;
  }

  [[nodiscard]] const time_limits& limits_of(const instance_id& instance) const {
    return definition_of(instance).limits;
  }
  [[nodiscard]] const scheduling::resource_vector& demand_of(const instance_id& instance) const {
    return definition_of(instance).demand;
  }
  /// Whether this attempt is in flight: its result may be recorded.
  [[nodiscard]] bool is_current(const attempt_id& attempt) const;
  /// Whether the instance waits for the time of this attempt.
  [[nodiscard]] bool awaits_retry(const instance_id& instance, std::uint32_t attempt) const;
  /// When the attempt in flight has to be closed at the latest: by `start_to_close` from `started`
  /// and by `schedule_to_close` from the instance's first scheduling; `fallback` from `started`
  /// where neither is set. Attempts are bounded by it on their way to the agent, too.
  [[nodiscard]] time_point deadline(const attempt_id& attempt, time_point started,
                                    duration fallback) const;
  /// Whether the instance's time has yet to come.
  [[nodiscard]] bool awaits_timer(const instance_id& instance) const;
  /// The type of a signal's payload; nullptr where no step awaits one of this name.
  [[nodiscard]] const google::protobuf::Descriptor* signal_type(const std::string& name) const;
  /// Whether there was a signal of this id.
  [[nodiscard]] bool has_signal(const std::string& id) const { return signal_ids_.contains(id); }
  [[nodiscard]] std::size_t signal_count() const { return signal_ids_.size(); }
  /// Whether the instance waits: between attempts, for its step's parallelism after an attempt, for a timer or a signal.
  [[nodiscard]] bool awaits_attempt(const instance_id& instance) const;
  /// When the time of `schedule_to_close` is over for each instance that has begun and is not closed.
  [[nodiscard]] std::vector<std::pair<instance_id, time_point>> close_times() const;
  /// The same of one instance; absent where it has no such limit, has not begun or is closed.
  [[nodiscard]] std::optional<time_point> close_time(const instance_id& instance) const;
  /// The event for a failed attempt: decides by the step's policy whether and when it is tried
  /// again.
  [[nodiscard]] step_failed judge(const attempt_id& attempt, failure why, time_point now) const;
  /// Whether an instance that is to be decided is skipped.
  [[nodiscard]] step_decided decide(const instance_id& instance) const;
  /// The request of an attempt, made from the inputs and the replies so far.
  /// @returns failure "workflow.bad_reference" (not retryable) where a value does not fit its
  ///   field.
  [[nodiscard]] reply<message_ptr> request(const instance_id& instance) const;
  /// The same for every attempt of an instance: `RUN/STEP/INDEX`.
  [[nodiscard]] std::string idempotency_key(const instance_id& instance) const;

  /// Attempts in flight, in the order of the definition, then by index; none of a closed run.
  [[nodiscard]] std::vector<attempt_id> in_flight() const;
  /// What the run has done so far.
  [[nodiscard]] v1::RunSummary summary() const;
  /// Instances of a step; 0 while the list that it runs over is not known.
  [[nodiscard]] std::size_t instance_count(std::size_t step) const;
  [[nodiscard]] const step_state& state_of(std::size_t step) const { return steps_[step]; }

private:
  struct transition;

  /// nullptr where there is no such instance (yet).
  [[nodiscard]] const instance_state* find(const instance_id& name) const;
  [[nodiscard]] const step& definition_of(const instance_id& name) const;
  /// The skipped step of which it reads a reply; nullptr where there is none.
  [[nodiscard]] const step* missing_reply(std::size_t step, std::uint32_t index) const;
  [[nodiscard]] std::string skip_reason(std::size_t step, std::uint32_t index) const;

  // reply_source
  [[nodiscard]] const scalar& input(std::size_t position) const override {
    return inputs_[position];
  }
  [[nodiscard]] const google::protobuf::Message* reply_of(std::size_t step,
                                                          std::uint32_t index) const override;
  [[nodiscard]] std::size_t replies_of(std::size_t step) const override;
  [[nodiscard]] v1::RunSummary run() const override { return summary(); }

  std::string run_id_;
  definition_ptr workflow_;
  /// In the order of the declarations.
  std::vector<scalar> inputs_;
  std::vector<step_state> steps_;
  /// Who needs each step, and how.
  std::vector<std::vector<dependency>> dependents_;
  /// The steps whose fan-out starts at a list of this step's reply.
  std::vector<std::vector<std::size_t>> fan_outs_;
  std::size_t steps_left_ = 0;
  std::uint64_t version_ = 0;
  std::uint64_t last_token_ = 0;
  v1::RunStatus status_ = v1::RUN_STATUS_UNSPECIFIED;
  time_point started_{};
  time_point closed_{};
  std::optional<run_failure> failure_;
  /// Of one name: what no instance has taken, or who awaits more.
  struct mailbox {
    std::deque<message_ptr> kept;
    std::deque<std::pair<std::size_t, std::uint32_t>> awaiting;
  };
  std::map<std::string, mailbox> signals_;
  std::set<std::string> signal_ids_;
  /// Of a cancelled run.
  std::string cancel_reason_;
  std::int32_t priority_ = 0;
};

/// The state after all of `history`; its commands are dropped, `run_recovered` gives them again.
[[nodiscard]] result<machine> replay(const std::vector<event>& history);

} // namespace troupe::workflow
