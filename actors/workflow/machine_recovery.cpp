#include "actors/workflow/machine_transition.hpp"

// What a new owner of a run takes up.
namespace troupe::workflow {

result<void> machine::transition::operator()(const run_recovered&) {
  if (state.compensating())
    recover_compensation();
  else if (state.cancelling())
    recover_cancelling();
  else if (!state.failure_)
    for (std::size_t at = 0; at < state.steps_.size(); ++at)
      recover_step(at);
  want_end();
  return {};
}

/// What was in flight, or wanted and not recorded, is wanted again before what waits behind it.
void machine::transition::recover_step(std::size_t at) {
  step_state& lost = state.steps_[at];
  std::vector<std::uint32_t> again;
  lost.active = 0;
  for (std::uint32_t i = 0; i < lost.instances.size(); ++i)
    recover_instance(at, i, again);
  lost.queue.prepend(again);
  pump(at);
}

void machine::transition::recover_instance(std::size_t at, std::uint32_t index,
                                           std::vector<std::uint32_t>& again) {
  const step& of = definition_of(at);
  instance_state& instance = state.steps_[at].instances[index];
  switch (instance.status) {
  case instance_status::backing_off:
    wanted.emplace_back(
        start_retry_timer{{of.id, index}, instance.attempts + 1, *instance.retry_time});
    break;
  case instance_status::undecided:
    wanted.emplace_back(decide_instance{{of.id, index}});
    break;
  case instance_status::waiting:
    ++state.steps_[at].active;
    if (instance.retry_time)
      wanted.emplace_back(start_wait_timer{{of.id, index}, *instance.retry_time});
    break;
  case instance_status::wanted:
    if (of.kind == step_kind::agent || of.kind == step_kind::child) --instance.attempts;
    instance.status = instance_status::ready;
    again.push_back(index);
    break;
  case instance_status::running:
    if (of.kind == step_kind::child) {
      ++state.steps_[at].active;
      attempt_id attempt{{of.id, index}, instance.attempts, instance.token};
      wanted.emplace_back(await_child{std::move(attempt), instance.child_run});
      break;
    }
    instance.status = instance_status::ready;
    instance.beside = {};
    again.push_back(index);
    break;
  default:
    break;
  }
}

} // namespace troupe::workflow
