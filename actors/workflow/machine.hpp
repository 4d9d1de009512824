#pragma once

#include "actors/workflow/event.hpp"
#include "actors/workflow/request_builder.hpp"
#include "actors/workflow/step_state.hpp"
#include "troupe/v1/run.pb.h"

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
  /// Absent: no step's failure, the run's own deadline.
  std::optional<attempt_id> attempt;
  failure why;
};
/// Record `run_compensating` with this failure, or this reason of a cancelled run.
struct start_compensating {
  std::optional<attempt_id> attempt;
  std::optional<failure> why;
  std::string cancel_reason;
};
/// Record `child_started` for this attempt, and start that run.
struct start_child {
  attempt_id attempt;
  bool operator==(const start_child&) const = default;
};
/// Record how this run, which the attempt started, ends: now, or once it is closed.
struct await_child {
  attempt_id attempt;
  std::string run_id;
};
/// The same, and cancel it.
struct cancel_child {
  attempt_id attempt;
  std::string run_id;
};
/// Record `run_cancelled` with this reason.
struct cancel_run {
  std::string reason;
};

/// What the machine wants done; whoever drives it answers with events.
using command = std::variant<schedule_attempt, start_retry_timer, complete_run, fail_run,
                             decide_instance, start_waiting, start_wait_timer, start_compensating,
                             cancel_run, start_child, await_child, cancel_child>;
using commands = std::vector<command>;

/// The state of one run: what applying its events gives. Pure: no clock, no input or output, no
/// threads; the same events always give the same state and the same commands. One thread at a time.
///
/// Rules:
///  - An attempt is wanted once everything that its instance needs is done and the step's
///    parallelism allows it; of several ready ones the one that became ready first goes first. An
///    instance that waits for its next attempt takes no part of the parallelism.
///  - An instance of a step with a condition is decided once all that it needs is done or skipped;
///    so is one that reads a reply of an instance that has none (skipped, or failed), which makes it
///    skipped too. What was decided is an event: a replay evaluates nothing.
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
///  - `run_cancelled` closes the run wherever it stands, but while it compensates; by force there, too.
///  - `run_cancelling` begins nothing any more, and waits for what agents have: what they complete counts, what fails is
///    not tried again. Once nothing is awaited the run compensates, or is cancelled. What is lost with its process
///    meanwhile is not waited for.
///  - Completed instances with a compensation are undone before a run fails, and before it is cancelled where
///    `run_compensating` says so: one after the other, the one that completed last first. From then on nothing
///    else happens in the run. A compensation is tried as a step is; one that fails for good is noted, and the
///    next one follows.
///  - `step_speculated` puts a second attempt beside one that is in flight. The first of the two that completes completes the
///    instance, and the other is not in flight any more. Where one fails the instance waits for the other; only where both
///    have failed the instance has, once.
///  - `step_preempted` takes an attempt back: the instance is tried again at once, before others of its step, and no failure
///    is counted. Where another attempt of it is in flight it waits for that one.
///  - `step_lost` makes one attempt lost, as `run_recovered` does with all: its node is gone. Its instance is tried again at
///    once, before others of its step; where another attempt of it is in flight it waits for that one; where the run is to be
///    cancelled it is not waited for any more.
///  - `run_timed_out` fails the run wherever it stands, but while it compensates: what undoes it takes its time.
///  - A step that is a run of its own has attempts as others have; each is another run. Such an attempt is not lost
///    with its process: the other run has its own history. Before a run fails or is cancelled the runs that it
///    started are cancelled and awaited; one that completes all the same is undone as its step says.
///  - A step that fails for good fails the run, unless its `on_failure` says otherwise: then it is as
///    one that was skipped, or as one that completed with the reply of `on_failure`. Attempts still in
///    flight when a run fails are not waited for: their results find a closed run and are refused.
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
  /// When the run fails unless it is closed or compensates before; absent where it may take as long as it does.
  [[nodiscard]] std::optional<time_point> due() const;
  /// Of no meaning while the run is open.
  [[nodiscard]] time_point closed_time() const { return closed_; }
  [[nodiscard]] const std::string& run_id() const { return run_id_; }
  /// The first event again. Not before it.
  [[nodiscard]] run_started beginning() const;
  /// Whether it undoes what it has done before it closes.
  [[nodiscard]] bool compensating() const { return status_ == v1::RUN_STATUS_COMPENSATING; }
  /// Whether it waits for the attempts that agents have before it is cancelled.
  [[nodiscard]] bool cancelling() const { return cancel_due_ && status_ == v1::RUN_STATUS_RUNNING; }
  /// Nothing is begun any more but what undoes it.
  [[nodiscard]] bool turning_back() const { return cancelling() || compensating(); }
  /// Until when it waits; of no meaning unless it is `cancelling`.
  [[nodiscard]] time_point cancel_due() const { return cancel_due_.value_or(time_point{}); }
  [[nodiscard]] const std::string& cancel_reason() const { return cancel_reason_; }
  /// Runs that its steps have started and that are not known to be closed.
  [[nodiscard]] std::vector<std::string> open_children() const;
  /// Whether there is something to undo before the run may close other than by completing.
  [[nodiscard]] bool must_compensate() const { return !undo_.empty() || open_children_ > 0; }
  /// The step that started it; absent: somebody submitted it.
  [[nodiscard]] const std::optional<parent_ref>& parent() const { return parent_; }
  /// The attempt of an instance that is in flight.
  [[nodiscard]] std::optional<attempt_id> attempt_of(const instance_id& instance) const;
  /// The other one where two attempts of an instance are in flight, this one among them.
  [[nodiscard]] std::optional<attempt_id> other_of(const attempt_id& attempt) const;
  /// Whether a second attempt may be begun beside this one.
  [[nodiscard]] bool may_have_second(const attempt_id& first) const;
  /// The event for that.
  /// @param ran how long it has run; may be `allowed`.
  [[nodiscard]] step_speculated second_of(const attempt_id& first, duration ran,
                                          duration allowed) const;
  /// So many second attempts there have been.
  [[nodiscard]] std::size_t second_attempts() const { return second_attempts_; }
  /// Whether this attempt is in flight and may be asked to give its place up.
  [[nodiscard]] bool may_be_preempted(const attempt_id& attempt) const;
  /// So often attempts of the instance gave their place up.
  [[nodiscard]] std::uint32_t preemptions_of(const instance_id& instance) const;
  /// What an earlier attempt of the instance said last about how far it had come; nullptr where none did.
  [[nodiscard]] message_ptr details_of(const instance_id& instance) const;
  /// The run that the instance's last attempt started; empty where none was.
  [[nodiscard]] std::string child_of(const instance_id& instance) const;
  [[nodiscard]] std::size_t children_started() const { return children_started_; }
  /// The inputs of the run that the instance is, complete.
  /// @returns failure "workflow.bad_reference" (not retryable) where a value does not fit.
  [[nodiscard]] reply<input_values> child_inputs(const instance_id& instance) const;
  /// The definition of the run that the instance, of a step with a plan, is to be; as the reply holds it.
  /// @returns as above.
  [[nodiscard]] reply<v1::WorkflowDefinition> planned(const instance_id& instance) const;
  /// What a completed run gives the step that it was started by.
  /// @returns failure "workflow.no_output" (not retryable) where that step was skipped or has failed.
  [[nodiscard]] reply<message_ptr> output() const;
  /// Whether the time of `schedule_to_close` is over.
  [[nodiscard]] bool is_over(const instance_id& instance, time_point moment) const;
  /// What a person reads of compensations that failed for good; empty where none did.
  [[nodiscard]] std::string compensation_failures() const;
  /// nullptr before the first event.
  [[nodiscard]] const definition_ptr& workflow() const { return workflow_; }
  /// Whom it is for.
  [[nodiscard]] const std::string& tenant() const { return tenant_; }
  [[nodiscard]] const run_tags& tags() const { return tags_; }
  /// The run's own.
  [[nodiscard]] std::int32_t priority() const { return priority_; }
  /// The run's priority and the step's together.
  [[nodiscard]] std::int32_t priority_of(const instance_id& instance) const {
    return priority_ + definition_of(instance).priority;
  }

  /// What is done for the instance: its step, or what undoes that.
  [[nodiscard]] const step& definition_of(const instance_id& name) const;
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
  /// The keys of its step's limits, in their order.
  /// @returns failure "workflow.bad_limit_key" (not retryable).
  [[nodiscard]] reply<std::vector<std::string>> limit_keys(const instance_id& instance) const;
  /// The same for every attempt of an instance: `RUN/STEP/INDEX`, of what undoes it `RUN/STEP/INDEX/compensate`.
  [[nodiscard]] std::string idempotency_key(const instance_id& instance) const;

  /// Attempts in flight, in the order of the definition, then by index; none of a closed run.
  [[nodiscard]] std::vector<attempt_id> in_flight() const;
  /// What the run has done so far.
  [[nodiscard]] v1::RunSummary summary() const;
  /// Instances of a step; 0 while the list that it runs over is not known.
  [[nodiscard]] std::size_t instance_count(std::size_t step) const;
  [[nodiscard]] const step_state& state_of(std::size_t step) const { return steps_[step]; }
  /// What references read. Not before the first event.
  [[nodiscard]] const reply_source& values() const { return *this; }

private:
  struct transition;

  /// Where the step of an instance stands; `nowhere` where there is no such step.
  [[nodiscard]] std::size_t position_of(const instance_id& name) const;
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  /// nullptr where there is no such instance (yet).
  [[nodiscard]] const instance_state* find(const instance_id& name) const;
  /// Whether things happen to such an instance: before the run compensates to the instances themselves, then to what
  /// undoes them.
  [[nodiscard]] bool at_work(const instance_id& name) const {
    return !closed() && (name.compensation == compensating() || is_open_child(name));
  }
  /// Whether it is another run that is not known to be closed.
  [[nodiscard]] bool is_open_child(const instance_id& name) const;
  [[nodiscard]] bool compensation_in_flight() const;
  static void add_in_flight(std::vector<attempt_id>& into, const instance_id& name,
                            const instance_state& of);
  [[nodiscard]] bool awaits_answers() const;
  void describe_compensation(v1::StepSummary& made, std::size_t step, std::uint32_t index) const;
  /// The dependency by which it reads a reply that will never come; nullptr where there is none.
  [[nodiscard]] const dependency* missing_reply(std::size_t step, std::uint32_t index) const;
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
  std::string tenant_;
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
  /// From `started_`; 0 means none.
  duration deadline_{};
  time_point closed_{};
  std::optional<run_failure> failure_;
  /// Of one name: what no instance has taken, or who awaits more.
  struct mailbox {
    fifo<message_ptr> kept;
    fifo<std::pair<std::size_t, std::uint32_t>> awaiting;
  };
  std::map<std::string, mailbox> signals_;
  std::set<std::string> signal_ids_;
  /// What is to be undone, the last one first: completed instances whose step has a compensation.
  std::vector<std::pair<std::size_t, std::uint32_t>> undo_;
  std::optional<parent_ref> parent_;
  /// Runs that steps have started and that are not known to be closed, and all that they have started.
  std::size_t open_children_ = 0;
  std::size_t children_started_ = 0;
  std::size_t second_attempts_ = 0;
  /// It has compensated, or does.
  bool turned_back_ = false;
  /// Of a cancelled run.
  std::string cancel_reason_;
  std::optional<time_point> cancel_due_;
  std::int32_t priority_ = 0;
  run_tags tags_;
};

/// The state after all of `history`; its commands are dropped, `run_recovered` gives them again.
[[nodiscard]] result<machine> replay(const std::vector<event>& history);

} // namespace troupe::workflow
