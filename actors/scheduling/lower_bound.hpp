#pragma once

#include "actors/scheduling/cluster.hpp"
#include "actors/scheduling/costs.hpp"
#include "actors/scheduling/task_graph.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace troupe::scheduling {

/// What no schedule can beat, in seconds. Memory, transfers and gaps are ignored, so it may be out of reach.
struct lower_bound {
  /// The longest way through the graph with every task at its least cost and no transfers.
  double critical_path_seconds = 0;
  /// All work, split in any fractions, on the pooled CPU speed and the pooled GPU speed.
  double area_seconds = 0;

  [[nodiscard]] double seconds() const { return std::max(critical_path_seconds, area_seconds); }
};

[[nodiscard]] lower_bound bound_of(const task_graph& graph, const cluster& on,
                                   const cost_table& costs);

/// The tasks of a longest way, from first to last: those that the first part of the bound adds up.
[[nodiscard]] std::vector<std::uint32_t> critical_path(const task_graph& graph,
                                                       const cost_table& costs);

} // namespace troupe::scheduling
