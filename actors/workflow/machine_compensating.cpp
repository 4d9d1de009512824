#include "actors/workflow/errors.hpp"
#include "actors/workflow/machine_transition.hpp"

#include <fmt/format.h>

// A run that undoes what it has done. Of what undoes an instance:
//
//   state        event                                next
//   ready        (its turn)                           wanted
//   wanted       step_scheduled                       running
//   running      step_completed                       completed, the next one's turn
//   running      step_failed, to be tried again       backing_off
//   running      step_failed for good                 failed, the next one's turn
//   backing_off  step_retry_due                       wanted
//   backing_off  step_timed_out                       failed, the next one's turn
//   wanted, running  run_recovered                    wanted
//   running      step_lost                            wanted
namespace troupe::workflow {

result<void> machine::transition::operator()(const run_compensating& happened) {
  if (state.compensating()) return mismatch("the run compensates already");
  if (!state.must_compensate()) return mismatch("there is nothing to undo");
  if (happened.why.has_value() != state.failure_.has_value() ||
      (happened.why && happened.why->where.has_value() != state.failure_->where.has_value()))
    return mismatch("it says another reason to end than the steps give");
  state.failure_ = happened.why;
  state.cancel_reason_ = happened.cancel_reason;
  state.status_ = v1::RUN_STATUS_COMPENSATING;
  state.turned_back_ = true;
  for (const auto& [step, index] : state.undo_)
    add_undo(step, index);
  cancel_children();
  compensate_next();
  return {};
}

void machine::transition::add_undo(std::size_t step, std::uint32_t index) {
  step_state& of = state.steps_[step];
  of.compensations.resize(of.instances.size());
  of.compensations[index].status = instance_status::ready;
}

/// Once the runs that this one started are closed, the one that completed last and is not undone is next; without one the
/// run closes.
void machine::transition::compensate_next() {
  if (state.open_children_ > 0) return;
  if (!state.must_compensate()) return want_end();
  const auto [step, index] = state.undo_.back();
  instance_state& undo = state.steps_[step].compensations[index];
  undo.status = instance_status::wanted;
  undo.token = ++state.last_token_;
  ++undo.attempts;
  wanted.emplace_back(
      schedule_attempt{{{definition_of(step).id, index, true}, undo.attempts, undo.token}});
}

void machine::transition::fail_compensation(const slot& at, const instance_id& name,
                                            const failure& why,
                                            std::optional<time_point> retry_time) {
  at.instance->last_failure = why;
  at.instance->retry_time = retry_time;
  if (!retry_time) return end_compensation(at, instance_status::failed);
  at.instance->status = instance_status::backing_off;
  wanted.emplace_back(start_retry_timer{name, at.instance->attempts + 1, *retry_time});
}

void machine::transition::end_compensation(const slot& at, instance_status how) {
  at.instance->status = how;
  at.instance->closed = now;
  if (how == instance_status::completed) at.instance->last_failure.reset();
  state.undo_.pop_back();
  compensate_next();
}

/// As for steps: what was in flight is lost and not counted.
void machine::transition::recover_compensation() {
  cancel_children();
  if (state.open_children_ > 0 || !state.must_compensate()) return;
  const auto [step, index] = state.undo_.back();
  instance_state& undo = state.steps_[step].compensations[index];
  if (undo.status == instance_status::backing_off) {
    wanted.emplace_back(start_retry_timer{
        {definition_of(step).id, index, true}, undo.attempts + 1, *undo.retry_time});
    return;
  }
  if (undo.status == instance_status::wanted) --undo.attempts;
  compensate_next();
}

bool machine::compensation_in_flight() const {
  return compensating() && !undo_.empty() &&
         steps_[undo_.back().first].compensations.size() > undo_.back().second &&
         steps_[undo_.back().first].compensations[undo_.back().second].status ==
             instance_status::running;
}

std::string machine::compensation_failures() const {
  constexpr std::size_t most_named = 3;
  std::size_t failed = 0;
  std::string made;
  for (std::size_t at = 0; at < steps_.size(); ++at)
    for (std::uint32_t i = 0; i < steps_[at].compensations.size(); ++i) {
      const instance_state& undo = steps_[at].compensations[i];
      if (undo.status != instance_status::failed || ++failed > most_named) continue;
      made += fmt::format("{}the compensation of {}[{}] failed: {}", made.empty() ? "" : "; ",
                          workflow_->steps[at].id, i,
                          undo.last_failure ? undo.last_failure->message : "");
    }
  if (failed > most_named) made += fmt::format("; and {} more", failed - most_named);
  return made;
}

} // namespace troupe::workflow
