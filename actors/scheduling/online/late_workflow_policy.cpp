#include "actors/scheduling/online/late_workflow_policy.hpp"

namespace troupe::scheduling {

void late_workflow_policy::ready(const online_state& state, task_key key) {
  waiting_.add(order(state, key.workflow), key, state.known(key.workflow).rank[key.task]);
}

void late_workflow_policy::finished(const online_state& state, task_key key, std::uint32_t) {
  waiting_.reorder(key.workflow, order(state, key.workflow));
}

void late_workflow_policy::decide(const online_state& state, assigner& out) {
  if (waiting_.empty() || state.idle_slots() == 0) return;
  round_.begin(state);
  taken_.clear();
  std::size_t looked_at = 0;
  waiting_.for_each([&](task_key key, std::size_t) {
    if (looked_at == late_window || state.idle_slots() == 0) return workflow_queue::visit::stop;
    ++looked_at;
    if (round_.place(state, out, key)) taken_.push_back(key);
    return workflow_queue::visit::go_on;
  });
  if (taken_.empty() && state.placed() == 0) {
    taken_.push_back(waiting_.first());
    force(state, out, taken_.front());
  }
  for (const task_key key : taken_)
    waiting_.erase(key, state.known(key.workflow).rank[key.task]);
}

} // namespace troupe::scheduling
