#include "actors/scheduling/list_policies.hpp"
#include "actors/scheduling/ranks.hpp"

#include <algorithm>

namespace troupe::scheduling {
namespace {

/// Raises `before`, the row of a task, by what its successor `next` needs after it. [pools]
void raise(std::span<double> before, std::span<const double> next, std::span<const double> costs,
           const cluster& on, double transfer_seconds) {
  const auto pools = on.pools();
  double least = never;
  for (std::size_t i = 0; i < pools.size(); ++i)
    least = std::min(least, next[i] + costs[i]);
  const double far = least + transfer_seconds;
  for (std::size_t i = 0; i < pools.size();) {
    std::size_t end = i;
    double near = never;
    for (; end < pools.size() && pools[end].node == pools[i].node; ++end)
      near = std::min(near, next[end] + costs[end]);
    for (; i < end; ++i)
      before[i] = std::max(before[i], std::min(far, near));
  }
}

/// The mean of a row over the slots where the task may run.
double mean_over_slots(std::span<const double> row, std::span<const double> costs,
                       const cluster& on) {
  double sum = 0;
  std::uint64_t slots = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (costs[i] == never) continue;
    sum += row[i] * on.pools()[i].count;
    slots += on.pools()[i].count;
  }
  return sum / static_cast<double>(slots);
}

class peft final : public offline_policy {
  [[nodiscard]] std::string_view name() const override { return "peft"; }
  [[nodiscard]] std::string_view summary() const override {
    return "like heft, but looks ahead along the best places of all later tasks";
  }
  [[nodiscard]] schedule plan(const problem& of, const plan_options&) const override {
    const auto table = optimistic_costs(of, average(of.costs, of.cluster).seconds_per_byte);
    return plan_by_priority(of, optimistic_rank(of, table), table);
  }
};

} // namespace

std::vector<double> optimistic_costs(const problem& of, double seconds_per_byte) {
  const std::size_t pools = of.cluster.pools().size();
  std::vector<double> table(of.graph.size() * pools);
  const auto row = [&](std::uint32_t task) {
    return std::span{table}.subspan(task * pools, pools);
  };
  for (std::size_t i = of.graph.size(); i-- > 0;) {
    const std::uint32_t task = of.graph.order()[i];
    for (const neighbour& next : of.graph.successors(task))
      raise(row(task), row(next.task), of.costs.row(next.task), of.cluster,
            static_cast<double>(next.bytes) * seconds_per_byte);
  }
  return table;
}

std::vector<double> optimistic_rank(const problem& of, std::span<const double> table) {
  const std::size_t pools = of.cluster.pools().size();
  std::vector<double> rank(of.graph.size());
  for (std::uint32_t i = 0; i < of.graph.size(); ++i)
    rank[i] = mean_over_slots(table.subspan(i * pools, pools), of.costs.row(i), of.cluster);
  return rank;
}

const offline_policy& peft_policy() {
  static const peft instance;
  return instance;
}

} // namespace troupe::scheduling
