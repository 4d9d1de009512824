#pragma once

#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/schedule.hpp"

#include <cstdint>

namespace troupe::scheduling {

/// The best plan of a small graph.
struct optimum {
  schedule plan;
  /// Whether no plan is shorter; else the search was ended by its bound and `plan` is the best one seen.
  bool proven = false;
  /// Partial plans looked at.
  std::uint64_t partial_plans = 0;
};

/// Branch and bound over all orders and pools: exact for any graph, but exponential, so meant for `defaults::most_proven_tasks`.
/// @param known a valid plan to begin with; the better it is, the less is left to look at.
/// @param most_partial_plans where to give up.
[[nodiscard]] optimum find_optimum(const problem& of, schedule known,
                                   std::uint64_t most_partial_plans);

} // namespace troupe::scheduling
