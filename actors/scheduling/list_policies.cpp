#include "actors/scheduling/list_policies.hpp"

#include "actors/scheduling/plan_builder.hpp"

#include <queue>

namespace troupe::scheduling {
namespace {

struct waiting {
  double key = 0;
  std::uint32_t task = 0;
};

/// The least key first, then the lowest number.
struct later {
  bool operator()(const waiting& a, const waiting& b) const {
    return a.key != b.key ? a.key > b.key : a.task > b.task;
  }
};

/// Calls `place` for every task, each after its predecessors, the least `key` first; a key is asked for when the last
/// predecessor is placed.
template <class Key, class Place>
void visit_in_order(const task_graph& graph, Key key, Place place) {
  std::priority_queue<waiting, std::vector<waiting>, later> open;
  std::vector<std::uint32_t> left(graph.size());
  for (std::uint32_t i = 0; i < graph.size(); ++i)
    if (left[i] = static_cast<std::uint32_t>(graph.predecessors(i).size()); left[i] == 0)
      open.push({key(i), i});
  while (!open.empty()) {
    const std::uint32_t task = open.top().task;
    open.pop();
    place(task);
    for (const neighbour& next : graph.successors(task))
      if (--left[next.task] == 0) open.push({key(next.task), next.task});
  }
}

} // namespace

schedule plan_by_priority(const problem& of, std::span<const double> priority,
                          std::span<const double> bias) {
  plan_builder plan{of};
  const std::size_t pools = of.cluster.pools().size();
  visit_in_order(
      of.graph, [&](std::uint32_t task) { return -priority[task]; },
      [&](std::uint32_t task) {
        const auto own = bias.empty() ? bias : bias.subspan(task * pools, pools);
        const choice to = plan.best(task, insertion::allowed, transfers::early, own);
        plan.put(task, to.slot, to.start);
      });
  return plan.take();
}

schedule plan_in_ready_order(const problem& of, const slot_picker& pick) {
  plan_builder plan{of};
  const auto ready = [&](std::uint32_t task) {
    double last = 0;
    for (const neighbour& before : of.graph.predecessors(task))
      last = std::max(last, plan.finish_of(before.task));
    return last;
  };
  visit_in_order(of.graph, ready, [&](std::uint32_t task) {
    const std::uint32_t slot = pick(plan, task);
    plan.put(task, slot, plan.earliest(task, slot, insertion::never, transfers::late));
  });
  return plan.take();
}

} // namespace troupe::scheduling
