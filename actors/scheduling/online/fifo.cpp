#include "actors/scheduling/online/idle_slot.hpp"
#include "actors/scheduling/online/late_list_policy.hpp"

namespace troupe::scheduling {
namespace {

/// Tasks in the order in which they became ready, each to the first idle slot.
class fifo final : public late_list_policy {
  [[nodiscard]] double order(const online_state& state, task_key) const override {
    return state.now();
  }
  bool place(const online_state& state, assigner& out, task_key key) override {
    for (std::uint32_t pool = 0; pool < state.on().pools().size(); ++pool)
      if (const auto slot = idle_slot_for(state, key, pool)) {
        out.assign(key, *slot);
        return true;
      }
    return false;
  }
};

} // namespace

ready_order fifo_order() {
  return {};
}

std::unique_ptr<online_policy> make_fifo_policy() {
  return std::make_unique<fifo>();
}

} // namespace troupe::scheduling
