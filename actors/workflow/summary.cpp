#include "actors/workflow/durations.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/machine.hpp"

#include <fmt/format.h>

namespace troupe::workflow {
namespace {

v1::StepStatus status_of(instance_status status) {
  switch (status) {
  case instance_status::blocked:
  case instance_status::undecided:
  case instance_status::ready:
    return v1::STEP_STATUS_PENDING;
  case instance_status::wanted:
  case instance_status::running:
    return v1::STEP_STATUS_RUNNING;
  case instance_status::backing_off:
    return v1::STEP_STATUS_BACKING_OFF;
  case instance_status::waiting:
    return v1::STEP_STATUS_WAITING;
  case instance_status::completed:
    return v1::STEP_STATUS_COMPLETED;
  case instance_status::failed:
    return v1::STEP_STATUS_FAILED;
  case instance_status::skipped:
    return v1::STEP_STATUS_SKIPPED;
  }
  return v1::STEP_STATUS_UNSPECIFIED;
}

/// What a person reads where an agent's name stands.
std::string doer_of(const step& from) {
  switch (from.kind) {
  case step_kind::timer:
    return "wait " + format_duration(from.wait);
  case step_kind::signal:
    return "signal " + from.signal;
  case step_kind::child:
    return from.child ? "workflow " + from.child->name : "workflow planned";
  default:
    return from.agent.to_string();
  }
}

void describe(v1::StepSummary& made, const step& from, std::uint32_t index,
              const instance_state& state, bool cancelled) {
  made.set_step(from.id);
  made.set_index(index);
  made.set_agent(doer_of(from));
  made.set_status(cancelled && !state.closed ? v1::STEP_STATUS_CANCELLED : status_of(state.status));
  made.set_attempts(state.attempts);
  if (state.first_scheduled) *made.mutable_scheduled_time() = encode(*state.first_scheduled);
  if (state.closed) *made.mutable_closed_time() = encode(*state.closed);
  if (state.last_failure) *made.mutable_failure() = encode(*state.last_failure);
  made.set_child_run_id(state.child_run);
  made.set_second_attempts(state.second_attempts);
  made.set_preemptions(state.preemptions);
}

void describe_graph(v1::RunSummary& made, const definition& workflow) {
  for (const step& each : workflow.steps) {
    made.add_step_ids(each.id);
    for (const dependency& need : each.needs) {
      v1::StepEdge& edge = *made.add_edges();
      edge.set_from(workflow.steps[need.step].id);
      edge.set_to(each.id);
    }
  }
}

} // namespace

void machine::describe_compensation(v1::StepSummary& made, std::size_t at,
                                    std::uint32_t index) const {
  if (index >= steps_[at].compensations.size()) return;
  const instance_state& undo = steps_[at].compensations[index];
  if (undo.status == instance_status::blocked) return;
  v1::CompensationSummary& into = *made.mutable_compensation();
  into.set_agent(workflow_->steps[at].compensate->agent.to_string());
  into.set_status(status_of(undo.status));
  into.set_attempts(undo.attempts);
  if (undo.closed) *into.mutable_closed_time() = encode(*undo.closed);
  if (undo.last_failure) *into.mutable_failure() = encode(*undo.last_failure);
}

std::string machine::skip_reason(std::size_t at, std::uint32_t index) const {
  if (steps_[at].instances[index].status != instance_status::skipped) return {};
  const dependency* missing = missing_reply(at, index);
  if (!missing)
    return "its condition is false: " + workflow_->source.steps(static_cast<int>(at)).when();
  const auto& read = steps_[missing->step].instances;
  const std::size_t which = missing->same_index ? index : 0;
  const bool failed = which < read.size() && read[which].status == instance_status::failed;
  return fmt::format("it reads step '{}', which {}", workflow_->steps[missing->step].id,
                     failed ? "failed" : "was skipped");
}

v1::RunSummary machine::summary() const {
  v1::RunSummary made;
  if (!workflow_) return made;
  made.set_run_id(run_id_);
  made.set_workflow(workflow_->name);
  made.set_workflow_version(workflow_->version);
  made.set_status(status_);
  made.set_priority(priority_);
  made.set_tenant(tenant_);
  write_tags(*made.mutable_tags(), tags_);
  made.set_cancel_reason(cancel_reason_);
  *made.mutable_started_time() = encode(started_);
  if (deadline_ > duration{0}) *made.mutable_deadline_time() = encode(started_ + deadline_);
  if (cancelling()) *made.mutable_cancel_due_time() = encode(*cancel_due_);
  if (parent_) {
    v1::ParentRef& into = *made.mutable_parent();
    into.set_run_id(parent_->run_id);
    into.set_step(parent_->instance.step);
    into.set_index(parent_->instance.index);
    into.set_attempt(parent_->attempt);
  }
  if (closed()) *made.mutable_closed_time() = encode(closed_);
  for (std::size_t at = 0; at < steps_.size(); ++at)
    for (std::uint32_t i = 0; i < steps_[at].instances.size(); ++i) {
      v1::StepSummary& into = *made.add_steps();
      describe(into, workflow_->steps[at], i, steps_[at].instances[i],
               status_ == v1::RUN_STATUS_CANCELLED || turned_back_);
      describe_compensation(into, at, i);
      if (auto why = skip_reason(at, i); !why.empty()) into.set_skip_reason(std::move(why));
    }
  describe_graph(made, *workflow_);
  if (failure_) *made.mutable_failure() = encode(*failure_);
  // A cancelled run has no failure but this one.
  if (auto failed = compensation_failures(); !failure_ && !failed.empty())
    *made.mutable_failure() =
        encode(failure{"workflow.compensation_failed", std::move(failed), false});
  return made;
}

} // namespace troupe::workflow
