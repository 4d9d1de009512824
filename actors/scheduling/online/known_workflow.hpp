#pragma once

#include "actors/scheduling/cluster.hpp"
#include "actors/scheduling/costs.hpp"
#include "actors/scheduling/ranks.hpp"
#include "actors/scheduling/task_graph.hpp"

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe::scheduling {

/// A task of one of the workflows that are under way; both are numbers from 0.
struct task_key {
  std::uint32_t workflow = 0;
  std::uint32_t task = 0;

  friend bool operator==(const task_key&, const task_key&) = default;
  friend bool operator<(const task_key& a, const task_key& b) {
    return std::tie(a.workflow, a.task) < std::tie(b.workflow, b.task);
  }
};

/// What is known of a workflow when it arrives: its graph and what its tasks are expected to cost. Workflows of one
/// definition share it. Immutable; any thread.
struct known_workflow {
  task_graph graph;
  /// Estimates in seconds.
  cost_table costs;
  /// HEFT's upward rank in seconds. [tasks]
  std::vector<double> rank;
  /// Sum of the least estimates in seconds.
  double least_seconds = 0;

  /// @returns `no_place` or `too_large`, as `cost_table::make`.
  [[nodiscard]] static result<known_workflow> make(task_graph graph, const cluster& on) {
    auto costs = cost_table::make(graph, on);
    if (!costs) return tl::unexpected(std::move(costs.error()));
    auto rank = upward_rank(graph, average(*costs, on));
    known_workflow out{std::move(graph), std::move(*costs), std::move(rank)};
    for (std::uint32_t task = 0; task < out.graph.size(); ++task)
      out.least_seconds += out.costs.least_seconds(task);
    return out;
  }
};

} // namespace troupe::scheduling
