#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/machine_transition.hpp"
#include "troupe/v1/wait.pb.h"

#include <fmt/format.h>

// Steps that wait for a time or for a signal.
namespace troupe::workflow {
namespace {

message_ptr waited_until(time_point due) {
  auto made = std::make_shared<v1::WaitReply>();
  *made->mutable_due_time() = encode(due);
  return made;
}

} // namespace

result<void> machine::transition::operator()(const step_waiting& happened) {
  const slot at = find(happened.instance);
  const bool fits = at.instance && state.at_work(happened.instance) &&
                    !happened.instance.compensation && !state.cancelling() &&
                    at.instance->status == instance_status::wanted &&
                    definition_of(at.step).kind != step_kind::agent &&
                    happened.due.has_value() == (definition_of(at.step).kind == step_kind::timer);
  if (!fits)
    return mismatch(
        fmt::format("{}[{}] is not to wait", happened.instance.step, happened.instance.index));
  at.instance->status = instance_status::waiting;
  at.instance->first_scheduled = now;
  at.instance->retry_time = happened.due;
  if (happened.due) {
    wanted.emplace_back(start_wait_timer{happened.instance, *happened.due});
    return {};
  }
  mailbox& box = state.signals_[definition_of(at.step).signal];
  if (box.kept.empty()) {
    box.awaiting.emplace_back(at.step, at.index);
    return {};
  }
  message_ptr first = std::move(box.kept.front());
  box.kept.pop_front();
  complete(at, std::move(first));
  return {};
}

result<void> machine::transition::operator()(const timer_fired& happened) {
  if (!state.awaits_timer(happened.instance))
    return mismatch(fmt::format("{}[{}] does not wait for a time", happened.instance.step,
                                happened.instance.index));
  const slot at = find(happened.instance);
  const time_point due = *at.instance->retry_time;
  at.instance->retry_time.reset();
  complete(at, waited_until(due));
  return {};
}

result<void> machine::transition::operator()(const signal_received& happened) {
  const auto* type = state.signal_type(happened.name);
  if (!type) return mismatch(fmt::format("no step awaits a signal '{}'", happened.name));
  if (!happened.payload || happened.payload->GetDescriptor() != type)
    return mismatch(fmt::format("the signal '{}' is no {}", happened.name, type->full_name()));
  if (!state.signal_ids_.insert(happened.id).second)
    return mismatch(fmt::format("there was a signal with the id '{}'", happened.id));
  mailbox& box = state.signals_[happened.name];
  if (state.failure_ || state.turning_back() || box.awaiting.empty()) {
    box.kept.push_back(happened.payload);
    return {};
  }
  const auto [step, index] = box.awaiting.front();
  box.awaiting.pop_front();
  complete({step, index, &state.steps_[step].instances[index]}, happened.payload);
  return {};
}

/// Where the instance waits for a signal it does no longer.
void machine::transition::stop_awaiting(const slot& at) {
  if (definition_of(at.step).kind != step_kind::signal) return;
  const auto box = state.signals_.find(definition_of(at.step).signal);
  if (box != state.signals_.end()) box->second.awaiting.remove(std::pair{at.step, at.index});
}

} // namespace troupe::workflow
