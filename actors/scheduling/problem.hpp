#pragma once

#include "actors/scheduling/costs.hpp"

#include <utility>

namespace troupe::scheduling {

/// A graph to be scheduled on a cluster, with the costs that follow. Immutable; any thread.
struct problem {
  task_graph graph;
  scheduling::cluster cluster;
  cost_table costs;

  /// @returns `no_place` or `too_large`, as `cost_table::make`.
  [[nodiscard]] static result<problem> make(task_graph graph, scheduling::cluster cluster) {
    auto costs = cost_table::make(graph, cluster);
    if (!costs) return tl::unexpected(std::move(costs.error()));
    return problem{std::move(graph), std::move(cluster), std::move(*costs)};
  }
};

} // namespace troupe::scheduling
