#include "actors/scheduling/online/late_list_policy.hpp"

namespace troupe::scheduling {

void late_list_policy::decide(const online_state& state, assigner& out) {
  if (waiting_.empty() || state.idle_slots() == 0) return;
  begin(state);
  taken_.clear();
  std::size_t looked_at = 0;
  for (const ready_list::entry& each : waiting_.entries()) {
    if (looked_at++ == late_window || state.idle_slots() == 0) break;
    if (place(state, out, each.key)) taken_.push_back(each);
  }
  if (taken_.empty() && state.placed() == 0) {
    taken_.push_back(*waiting_.entries().begin());
    force(state, out, taken_.front().key);
  }
  for (const ready_list::entry& each : taken_)
    waiting_.erase(each.order, each.key);
}

} // namespace troupe::scheduling
