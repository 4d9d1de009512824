#include "actors/scheduling/online/idle_slot.hpp"
#include "actors/scheduling/online/late_list_policy.hpp"

namespace troupe::scheduling {
namespace {

/// Tasks in the order in which they became ready, each to the idle slot where transfer and estimate are the least.
class eft_late final : public late_list_policy {
  [[nodiscard]] double order(const online_state& state, task_key) const override {
    return state.now();
  }
  bool place(const online_state& state, assigner& out, task_key key) override {
    double least = never;
    std::uint32_t best = 0;
    for (std::uint32_t pool = 0; pool < state.on().pools().size(); ++pool)
      if (const auto slot = idle_slot_for(state, key, pool)) {
        const double takes =
            state.transfer_seconds(key, state.on().pools()[pool].node) + state.seconds(key, *slot);
        if (takes < least) {
          least = takes;
          best = *slot;
        }
      }
    if (least == never) return false;
    out.assign(key, best);
    return true;
  }
};

} // namespace

std::unique_ptr<online_policy> make_eft_late_policy() {
  return std::make_unique<eft_late>();
}

} // namespace troupe::scheduling
