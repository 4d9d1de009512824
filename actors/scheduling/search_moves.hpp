#pragma once

#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/random_numbers.hpp"
#include "actors/scheduling/serial_decoder.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::scheduling {

/// A point of the search: what a decoder turns into a plan.
struct search_point {
  /// Every task after its predecessors.
  std::vector<std::uint32_t> order;
  /// The pool of each task, or `any_pool`.
  std::vector<std::uint32_t> pools;
};

/// Takes one task to another place in the order, drawn from those that its predecessors and successors leave it.
void shift_in_order(search_point& point, const task_graph& graph, std::uint32_t task,
                    random_numbers& random);

/// Puts one task onto a pool drawn from `choices`, or leaves it free again.
void change_pool(search_point& point, std::uint32_t task, std::span<const std::uint32_t> choices,
                 random_numbers& random);

} // namespace troupe::scheduling
