#pragma once

#include "actors/scheduling/online/ready_order.hpp"
#include "actors/scheduling/resources/resource_vector.hpp"
#include "actors/scheduling/task_graph.hpp"
#include "actors/workflow/insight/insight.hpp"

#include <cstddef>

namespace troupe::workflow {

/// A node as it could have been.
struct what_if_node {
  scheduling::resource_vector resources;
  /// Attempts in flight at once; at least 1.
  std::size_t slots = 256;
  scheduling::ready_order order{};
};

struct what_if_outcome {
  duration makespan{};
  /// When the last instance of each step ended; by step.
  std::vector<duration> ends;
};

/// Runs what a run has done once more under virtual time, by the rules of the engine: attempts take as long as they were
/// measured, failed ones too, and hold what their steps demand; waits for timers, signals, back-off and commits are as long as
/// they were; waits for resources, places and parallelism come out anew. What was abandoned or undone is left out.
/// @returns `demand_too_large` where a step demands more than the node has.
[[nodiscard]] result<what_if_outcome> what_if(const run_insight& of, const what_if_node& on);

/// The run as a graph of tasks for policies that plan on clusters of slots: an instance is a task, as long as its completed
/// attempt was on its node and with the memory that it demands; `STEP.all` (a thousandth of a second, the least that a task takes)
/// stands for all instances of a step where others wait for them together.
/// @returns `scheduling_errc::bad_trace` where nothing was done, `too_large`.
[[nodiscard]] result<scheduling::task_graph> task_graph_of(const run_insight& of);

} // namespace troupe::workflow
