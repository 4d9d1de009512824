#include "actors/scheduling/online/online_policy.hpp"

#include <algorithm>
#include <vector>

namespace troupe::scheduling {
namespace {

/// Every task at once to the slot where it finishes first by the estimates.
class eft final : public online_policy {
  void ready(const online_state&, task_key key) override { waiting_.push_back(key); }
  void decide(const online_state& state, assigner& out) override {
    // All became ready now: what was ready before was assigned then.
    std::sort(waiting_.begin(), waiting_.end());
    for (const task_key key : waiting_)
      out.assign(key, best_slot(state, key));
    waiting_.clear();
  }

  static std::uint32_t best_slot(const online_state& state, task_key key) {
    const auto row = state.known(key.workflow).costs.row(key.task);
    double first = never;
    std::uint32_t best = 0;
    for (std::uint32_t pool = 0; pool < row.size(); ++pool) {
      if (row[pool] == never) continue;
      const slot_pool& of = state.on().pools()[pool];
      const double data = state.now() + state.transfer_seconds(key, of.node);
      for (std::uint32_t slot = of.first_slot; slot < of.first_slot + of.count; ++slot)
        if (const double end = std::max(state.available(slot), data) + row[pool]; end < first) {
          first = end;
          best = slot;
        }
    }
    return best;
  }

  std::vector<task_key> waiting_;
};

} // namespace

std::unique_ptr<online_policy> make_eft_policy() {
  return std::make_unique<eft>();
}

} // namespace troupe::scheduling
