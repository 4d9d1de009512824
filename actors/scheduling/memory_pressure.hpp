#pragma once

#include "actors/scheduling/problem.hpp"

#include <vector>

namespace troupe::scheduling {

/// Whether the slots of each node could together hold more memory than it has, were all tasks as large as the largest: elsewhere
/// memory never matters. [nodes]
[[nodiscard]] std::vector<bool> nodes_short_of_memory(const problem& of);

} // namespace troupe::scheduling
