#include "actors/workflow/compiler.hpp"

// What undoes a step.
namespace troupe::workflow {
namespace {

/// The call as one of a step, so that both are checked by the same rules.
v1::StepDefinition as_step(const v1::StepDefinition& of) {
  const v1::Compensation& from = of.compensate();
  v1::StepDefinition made;
  made.set_id(of.id());
  made.set_agent(from.agent());
  made.set_request_type(from.request_type());
  made.set_reply_type(from.reply_type());
  if (from.has_retry()) *made.mutable_retry() = from.retry();
  *made.mutable_timeouts() = from.timeouts();
  return made;
}

} // namespace

void compiler::check_compensation(const v1::StepDefinition& from, step& made) {
  compensations_.emplace_back();
  if (!from.has_compensate()) return;
  const v1::StepDefinition call = as_step(from);
  auto undo = std::make_shared<step>();
  undo->id = made.id;
  undo->priority = made.priority;
  within_ = ".compensate";
  if (call.agent().empty())
    report(place_of(call), "the compensation has no agent; add 'agent: TYPE/KEY'", true);
  else
    check_agent(call, *undo);
  check_retry(call, *undo);
  check_timeouts(call, *undo);
  within_.clear();
  compensations_.back() = undo;
  made.compensate = std::move(undo);
}

void compiler::check_compensation_types(std::size_t at) {
  step* undo = compensations_[at].get();
  if (!undo || !undo->request) return;
  const v1::StepDefinition& from = source_.steps(static_cast<int>(at));
  within_ = ".compensate";
  undo->each = made_->steps[at].each;
  undo->input =
      check_object(at, from.compensate().input(), *undo->request, place_of(from) + ".input");
  within_.clear();
}

} // namespace troupe::workflow
