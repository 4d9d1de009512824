#include "actors/workflow/machine_transition.hpp"

#include <array>

// An attempt whose node is gone. What it did is not known, so it is as one that was in flight when a run is taken over: it has a
// number, its token is not the current one any more, and it has not failed.
namespace troupe::workflow {

result<void> machine::transition::operator()(const step_lost& happened) {
  const auto at = find_running(happened.attempt);
  if (!at) return tl::unexpected(at.error());
  const bool undoes = happened.attempt.instance.compensation;
  if (!undoes && definition_of(at->step).kind == step_kind::child)
    return mismatch(describe(happened.attempt) + " is a run of its own, which no node takes along");
  instance_state& instance = *at->instance;
  if (happened.details) instance.details = happened.details;
  if (instance.has_two_in_flight()) {
    take_back(instance, happened.attempt);
    return {};
  }
  instance.beside = {};
  if (undoes) {
    compensate_next();
    return {};
  }
  instance.status = instance_status::ready;
  step_state& of = state.steps_[at->step];
  --of.active;
  if (state.cancelling()) {
    want_end();
    return {};
  }
  of.queue.prepend(std::array{at->index});
  pump(at->step);
  return {};
}

} // namespace troupe::workflow
