#pragma once

#include "actors/scheduling/cluster.hpp"
#include "actors/scheduling/costs.hpp"
#include "actors/scheduling/task_graph.hpp"

#include <vector>

namespace troupe::scheduling {

/// What is expected before anything has a place.
struct mean_costs {
  /// Seconds of each task: the mean over the slots where it may run. [tasks]
  std::vector<double> seconds;
  /// Seconds per byte between two slots chosen at random, 0 where both are on one node.
  double seconds_per_byte = 0;
};

/// Costs as HEFT averages them; sums go from left to right over pools and pairs of nodes.
[[nodiscard]] mean_costs average(const cost_table& costs, const cluster& on);

/// HEFT's upward rank: the length in seconds of the longest way from the start of a task to the end of its workflow, with
/// mean costs. [tasks]
/// Source: Topcuoglu, Hariri, Wu: Performance-effective and low-complexity task scheduling for heterogeneous computing (2002).
[[nodiscard]] std::vector<double> upward_rank(const task_graph& graph, const mean_costs& means);

} // namespace troupe::scheduling
