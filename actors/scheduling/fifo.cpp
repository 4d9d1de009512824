#include "actors/scheduling/list_policies.hpp"
#include "actors/scheduling/plan_builder.hpp"

namespace troupe::scheduling {
namespace {

/// The slot where a task may run whose last task ends first; equals by number.
std::uint32_t first_idle(const problem& of, const plan_builder& plan, std::uint32_t task) {
  std::uint32_t found = 0;
  double least = never;
  for (std::uint32_t slot = 0; slot < of.cluster.slot_count(); ++slot)
    if (of.costs.seconds(task, of.cluster.pool_of(slot)) != never && plan.end_of(slot) < least) {
      found = slot;
      least = plan.end_of(slot);
    }
  return found;
}

class fifo final : public offline_policy {
  [[nodiscard]] std::string_view name() const override { return "fifo"; }
  [[nodiscard]] std::string_view summary() const override {
    return "in the order in which tasks become ready, each on the slot that is idle first";
  }
  [[nodiscard]] schedule plan(const problem& of, const plan_options&) const override {
    return plan_in_ready_order(
        of, [&of](plan_builder& plan, std::uint32_t task) { return first_idle(of, plan, task); });
  }
};

} // namespace

const offline_policy& fifo_policy() {
  static const fifo instance;
  return instance;
}

} // namespace troupe::scheduling
