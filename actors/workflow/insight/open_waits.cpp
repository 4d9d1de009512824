#include "actors/workflow/insight/open_waits.hpp"

#include <fmt/format.h>

namespace troupe::workflow {
namespace {

/// The steps that it needs and that are not done; of one of the same fan-out its instance.
std::vector<std::string> missing_steps(const machine& state, const instance_insight& of) {
  std::vector<std::string> made;
  for (const dependency& need : state.workflow()->steps[of.step].needs) {
    const step_state& other = state.state_of(need.step);
    const bool done = need.same_index && of.id.index < other.instances.size()
                          ? other.instances[of.id.index].closed.has_value()
                          : other.done;
    if (done || made.size() == most_named_steps) continue;
    const std::string& name = state.workflow()->steps[need.step].id;
    made.push_back(need.same_index ? fmt::format("{}[{}]", name, of.id.index) : name);
  }
  return made;
}

open_wait of_attempt(const attempt_insight& last) {
  if (last.child_run.empty()) return {open_wait::cause::attempt, last.scheduled, {}, {}};
  return {open_wait::cause::child, last.scheduled, {last.child_run}, {}};
}

} // namespace

open_wait wait_of(const machine& state, const instance_insight& of, const instance_record& record) {
  if (!of.ready) return {open_wait::cause::dependencies, {}, missing_steps(state, of), {}};
  const instance_state& now = state.state_of(of.step).instances[of.id.index];
  const attempt_insight* last = record.attempts.empty() ? nullptr : &record.attempts.back();
  switch (now.status) {
  case instance_status::running:
    if (last) return of_attempt(*last);
    break;
  case instance_status::backing_off:
    return {open_wait::cause::back_off,
            last ? last->ended.value_or(*of.ready) : *of.ready,
            {},
            now.retry_time};
  case instance_status::waiting:
    if (record.waiting_until)
      return {open_wait::cause::timer, *record.waiting_since, {}, record.waiting_until};
    return {open_wait::cause::signal,
            record.waiting_since.value_or(*of.ready),
            {state.workflow()->steps[of.step].signal},
            {}};
  default:
    break;
  }
  const duration since = last && last->ended ? *last->ended : *of.ready;
  return {open_wait::cause::parallelism, since, {}, {}};
}

} // namespace troupe::workflow
