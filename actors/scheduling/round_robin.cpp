#include "actors/scheduling/list_policies.hpp"
#include "actors/scheduling/plan_builder.hpp"

namespace troupe::scheduling {
namespace {

/// The slots where tasks may run, which the rows of costs of most tasks share.
class eligible_slots {
public:
  explicit eligible_slots(const problem& of) : of_{of} {}

  /// Slot number `turn` (modulo their count) of those where the task may run.
  std::uint32_t operator()(std::uint32_t task, std::uint64_t turn) const {
    const auto costs = of_.costs.row(task);
    const auto pools = of_.cluster.pools();
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < costs.size(); ++i)
      count += costs[i] == never ? 0 : pools[i].count;
    std::uint64_t index = turn % count;
    std::size_t at = 0;
    for (;; ++at) {
      if (costs[at] == never) continue;
      if (index < pools[at].count) break;
      index -= pools[at].count;
    }
    return pools[at].first_slot + static_cast<std::uint32_t>(index);
  }

private:
  const problem& of_;
};

class round_robin final : public offline_policy {
  [[nodiscard]] std::string_view name() const override { return "round-robin"; }
  [[nodiscard]] std::string_view summary() const override {
    return "in the order in which tasks become ready, each on the next slot in turn";
  }
  [[nodiscard]] schedule plan(const problem& of, const plan_options&) const override {
    return plan_in_ready_order(
        of, [slots = eligible_slots{of}, turn = std::uint64_t{0}](
                plan_builder&, std::uint32_t task) mutable { return slots(task, turn++); });
  }
};

} // namespace

const offline_policy& round_robin_policy() {
  static const round_robin instance;
  return instance;
}

} // namespace troupe::scheduling
