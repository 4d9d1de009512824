#include "actors/scheduling/start_orders.hpp"

#include "actors/scheduling/list_policies.hpp"
#include "actors/scheduling/ranks.hpp"

#include <algorithm>
#include <numeric>

namespace troupe::scheduling {
namespace {

/// The highest rank first, of equals the first in the topological order. No rank is below a successor's.
std::vector<std::uint32_t> by_rank(const task_graph& graph, std::span<const double> rank) {
  std::vector<std::uint32_t> order{graph.order().begin(), graph.order().end()};
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return rank[a] > rank[b]; });
  return order;
}

/// Raises ranks to those of their successors, so that they give an order.
void make_monotone(const task_graph& graph, std::vector<double>& rank) {
  for (std::size_t i = graph.size(); i-- > 0;) {
    const std::uint32_t task = graph.order()[i];
    for (const neighbour& next : graph.successors(task))
      rank[task] = std::max(rank[task], rank[next.task]);
  }
}

start_order by_optimistic_costs(const problem& of) {
  auto table = optimistic_costs(of, average(of.costs, of.cluster).seconds_per_byte);
  auto rank = optimistic_rank(of, table);
  make_monotone(of.graph, rank);
  return {by_rank(of.graph, rank), std::move(table)};
}

std::vector<std::uint32_t> by_least_costs(const problem& of, bool with_transfers) {
  mean_costs means = average(of.costs, of.cluster);
  for (std::uint32_t task = 0; task < of.graph.size(); ++task)
    means.seconds[task] = of.costs.least_seconds(task);
  if (!with_transfers) means.seconds_per_byte = 0;
  return by_rank(of.graph, upward_rank(of.graph, means));
}

/// Tasks to the end; among equals HEFT's rank decides.
std::vector<std::uint32_t> by_level(const problem& of) {
  const auto rank = upward_rank(of.graph, average(of.costs, of.cluster));
  const auto longest = *std::max_element(rank.begin(), rank.end());
  std::vector<double> level = upward_rank(of.graph, {std::vector<double>(of.graph.size(), 1), 0});
  for (std::uint32_t task = 0; task < of.graph.size(); ++task)
    level[task] += rank[task] / (2 * longest);
  return by_rank(of.graph, level);
}

} // namespace

std::vector<std::uint32_t> positions(const task_graph& graph) {
  std::vector<std::uint32_t> out(graph.size());
  for (std::uint32_t i = 0; i < graph.size(); ++i)
    out[graph.order()[i]] = i;
  return out;
}

start_order make_start_order(const problem& of, std::size_t which) {
  switch (which) {
  case 0:
    return {by_rank(of.graph, upward_rank(of.graph, average(of.costs, of.cluster))), {}};
  case 1:
    return by_optimistic_costs(of);
  case 2:
    return {by_least_costs(of, true), {}};
  case 3:
    return {by_least_costs(of, false), {}};
  default:
    return {by_level(of), {}};
  }
}

} // namespace troupe::scheduling
