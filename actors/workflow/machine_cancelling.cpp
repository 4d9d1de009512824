#include "actors/workflow/machine_transition.hpp"

#include <algorithm>
#include <fmt/format.h>

// A run that is to be cancelled and waits for what agents have. Of an instance:
//
//   state                 event                      next
//   running, awaited      step_completed             completed, and to be undone
//   running, awaited      step_failed                failed
//   running, not awaited  (at once)                  ready, for ever
//   running, awaited  step_speculated            (refused)
//   running, a run        step_completed or _failed  completed or failed
//   any other             (nothing)                  (stays)
//   running, awaited      run_recovered, step_lost   ready, for ever: it was lost with its process or its node
//
// Once none is running the run compensates, or is cancelled; whoever drives the machine ends it before when its time is over.
namespace troupe::workflow {

result<void> machine::transition::operator()(const run_cancelling& happened) {
  if (state.failure_ || state.turning_back())
    return mismatch("the run is to fail or to be cancelled already");
  const auto flying = state.in_flight();
  for (const std::uint64_t token : happened.awaited)
    if (std::ranges::find(flying, token, &attempt_id::token) == flying.end())
      return mismatch(fmt::format("no attempt in flight has token {}", token));
  state.cancel_reason_ = happened.reason;
  state.cancel_due_ = happened.due;
  abandon(happened.awaited);
  cancel_children();
  want_end();
  return {};
}

/// Lets go of the attempts of agents in flight but these.
void machine::transition::abandon(const std::vector<std::uint64_t>& awaited) {
  const auto is_awaited = [&](std::uint64_t token) {
    return std::ranges::find(awaited, token) != awaited.end();
  };
  for (std::size_t step = 0; step < state.steps_.size(); ++step) {
    if (definition_of(step).kind != step_kind::agent) continue;
    for (instance_state& each : state.steps_[step].instances) {
      if (each.status != instance_status::running) continue;
      if (!is_awaited(each.token)) each.token = 0;
      if (!is_awaited(each.beside.token)) each.beside = {};
      if (each.token != 0 || each.beside.attempt != 0) continue;
      each.status = instance_status::ready;
      --state.steps_[step].active;
    }
  }
}

/// What agents had is lost with its process.
void machine::transition::recover_cancelling() {
  abandon({});
  cancel_children();
}

void machine::transition::want_cancelled() {
  if (state.awaits_answers()) return;
  if (state.must_compensate())
    wanted.emplace_back(start_compensating{std::nullopt, std::nullopt, state.cancel_reason_});
  else
    wanted.emplace_back(cancel_run{state.cancel_reason_});
}

bool machine::awaits_answers() const {
  return std::ranges::any_of(steps_, [](const step_state& of) {
    return std::ranges::any_of(of.instances, [](const instance_state& each) {
      return each.status == instance_status::running;
    });
  });
}

std::vector<std::string> machine::open_children() const {
  std::vector<std::string> made;
  if (open_children_ == 0) return made;
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    if (workflow_->steps[step].kind != step_kind::child) continue;
    for (const instance_state& each : steps_[step].instances)
      if (each.status == instance_status::running) made.push_back(each.child_run);
  }
  return made;
}

} // namespace troupe::workflow
