#include "actors/workflow/errors.hpp"
#include "actors/workflow/machine_transition.hpp"
#include "actors/workflow/message_types.hpp"
#include "actors/workflow/value.hpp"

#include <fmt/format.h>

// Steps that are runs of their own. Of an instance:
//
//   state    event                             while the run goes on               while it compensates
//   wanted   child_started                     running                             (refused)
//   running  step_completed                    completed                           completed, and to be undone
//   running  step_failed, to be tried again    backing_off; then another run       failed
//   running  step_failed for good              failed                              failed
//   running  run_recovered                     running: it is awaited              running: it is cancelled
//   wanted   run_recovered                     wanted, the same attempt again      (stays)
namespace troupe::workflow {

result<void> machine::transition::operator()(const child_started& happened) {
  const slot at = find(happened.attempt.instance);
  const bool fits = at.instance && at.instance->status == instance_status::wanted &&
                    !happened.attempt.instance.compensation && !state.cancelling() &&
                    state.at_work(happened.attempt.instance) &&
                    definition_of(at.step).kind == step_kind::child &&
                    at.instance->attempts == happened.attempt.attempt &&
                    at.instance->token == happened.attempt.token && !happened.run_id.empty();
  if (!fits)
    return mismatch(fmt::format("attempt {} of {}[{}] is not to start a run",
                                happened.attempt.attempt, happened.attempt.instance.step,
                                happened.attempt.instance.index));
  instance_state& instance = *at.instance;
  instance.status = instance_status::running;
  instance.child_run = happened.run_id;
  if (!instance.first_scheduled) instance.first_scheduled = now;
  const duration limit = definition_of(at.step).limits.start_to_close;
  instance.retry_time = limit > duration{0} ? std::optional{now + limit} : std::nullopt;
  ++state.open_children_;
  ++state.children_started_;
  return {};
}

/// Ends an instance whose run is closed and counted out.
/// @param reply nullptr: it failed, while this run compensates.
void machine::transition::end_child(const slot& at, message_ptr reply) {
  at.instance->retry_time.reset();
  if (!state.compensating()) return complete(at, std::move(reply));
  --state.steps_[at.step].active;
  at.instance->closed = now;
  at.instance->status = reply ? instance_status::completed : instance_status::failed;
  if (reply) {
    at.instance->reply = std::move(reply);
    if (definition_of(at.step).compensate) {
      state.undo_.emplace_back(at.step, at.index);
      add_undo(at.step, at.index);
    }
  }
  compensate_next();
}

void machine::transition::cancel_children() {
  for (std::size_t step = 0; step < state.steps_.size(); ++step) {
    if (definition_of(step).kind != step_kind::child) continue;
    for (std::uint32_t i = 0; i < state.steps_[step].instances.size(); ++i) {
      const instance_state& each = state.steps_[step].instances[i];
      if (each.status != instance_status::running) continue;
      attempt_id attempt{{definition_of(step).id, i}, each.attempts, each.token};
      wanted.emplace_back(cancel_child{std::move(attempt), each.child_run});
    }
  }
}

bool machine::is_open_child(const instance_id& name) const {
  if (name.compensation) return false;
  const instance_state* instance = find(name);
  return instance && instance->status == instance_status::running &&
         definition_of(name).kind == step_kind::child;
}

std::optional<attempt_id> machine::attempt_of(const instance_id& name) const {
  const instance_state* instance = find(name);
  if (!instance || instance->status != instance_status::running || !at_work(name))
    return std::nullopt;
  if (instance->token == 0)
    return attempt_id{name, instance->beside.attempt, instance->beside.token};
  return attempt_id{name, instance->attempts, instance->token};
}

std::string machine::child_of(const instance_id& name) const {
  const instance_state* instance = find(name);
  return instance ? instance->child_run : std::string{};
}

reply<input_values> machine::child_inputs(const instance_id& instance) const {
  return build_child_inputs(definition_of(instance), instance.index, *this);
}

reply<v1::WorkflowDefinition> machine::planned(const instance_id& instance) const {
  return build_plan(definition_of(instance), instance.index, *this);
}

reply<message_ptr> machine::output() const {
  if (!workflow_->output) return message_ptr{std::make_shared<v1::RunSummary>(summary())};
  const output_reference& from = *workflow_->output;
  const auto* reply = reply_of(from.step, 0);
  if (!reply)
    return tl::unexpected(
        failure{"workflow.no_output",
                fmt::format("run '{}' has no output: its step '{}' was skipped or has failed",
                            run_id_, workflow_->steps[from.step].id),
                false});
  auto made = make_message(*from.type);
  const auto copy = [&](const google::protobuf::Message& part) { made->CopyFrom(part); };
  if (from.path.empty())
    copy(*reply);
  else
    read_path(*reply, from.path,
              [&](const value& each) { copy(*std::get<const google::protobuf::Message*>(each)); });
  return message_ptr{std::move(made)};
}

} // namespace troupe::workflow
