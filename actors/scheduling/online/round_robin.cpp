#include "actors/scheduling/online/online_policy.hpp"

#include <algorithm>
#include <vector>

namespace troupe::scheduling {
namespace {

/// Every task at once to the next of the slots where it may run; one counter for all.
class round_robin final : public online_policy {
  void ready(const online_state&, task_key key) override { waiting_.push_back(key); }
  void decide(const online_state& state, assigner& out) override {
    std::sort(waiting_.begin(), waiting_.end());
    for (const task_key key : waiting_)
      out.assign(key, slot_of(state, key, next_++));
    waiting_.clear();
  }

  static std::uint32_t slot_of(const online_state& state, task_key key, std::uint64_t turn) {
    const auto row = state.known(key.workflow).costs.row(key.task);
    std::uint64_t slots = 0;
    for (std::uint32_t pool = 0; pool < row.size(); ++pool)
      if (row[pool] != never) slots += state.on().pools()[pool].count;
    std::uint64_t index = turn % slots;
    std::uint32_t pool = 0;
    for (; row[pool] == never || index >= state.on().pools()[pool].count; ++pool)
      if (row[pool] != never) index -= state.on().pools()[pool].count;
    return state.on().pools()[pool].first_slot + static_cast<std::uint32_t>(index);
  }

  std::vector<task_key> waiting_;
  std::uint64_t next_ = 0;
};

} // namespace

std::unique_ptr<online_policy> make_round_robin_policy() {
  return std::make_unique<round_robin>();
}

} // namespace troupe::scheduling
