#pragma once

#include "actors/scheduling/problem.hpp"

#include <cstdint>
#include <vector>

namespace troupe::scheduling {

/// An order of tasks to begin a search with.
struct start_order {
  /// Every task after its predecessors.
  std::vector<std::uint32_t> order;
  /// Seconds added to the finish where a pool is chosen, or nothing. [tasks, pools]
  std::vector<double> bias;
};

/// Tasks by their numbers in the topological order. [tasks]
[[nodiscard]] std::vector<std::uint32_t> positions(const task_graph& graph);

/// Number of start orders that `make_start_order` knows.
inline constexpr std::size_t start_order_count = 5;

/// By HEFT's rank; by PEFT's table, which also biases the choice; by ranks of least costs with and without transfers; by the
/// number of tasks on the longest way to the end.
/// @param which below `start_order_count`.
[[nodiscard]] start_order make_start_order(const problem& of, std::size_t which);

} // namespace troupe::scheduling
