#pragma once

#include "actors/scheduling/resources/cgroup_limits.hpp"
#include "actors/scheduling/resources/machine.hpp"
#include "actors/scheduling/resources/resource_vector.hpp"

#include <string>
#include <vector>

namespace troupe::scheduling {

/// One bound of a resource, and who sets it.
struct resource_bound {
  std::string from;
  std::uint64_t amount = 0;
};

/// A resource of a node: the least of its bounds, or what the operator said.
struct node_resource {
  std::string name;
  std::uint64_t amount = 0;
  /// Whose word it is: that of the bound which counts, or "given".
  std::string from;
  /// All that was found, also what does not count.
  std::vector<resource_bound> bounds;
};

/// What attempts on this node may hold together, and where each number comes from.
struct node_resources {
  resource_vector capacity;
  /// The four first, also where the node has none of them; then those of the operator by name.
  std::vector<node_resource> entries;
  std::vector<machine::numa_node> numa_nodes;
  std::vector<machine::gpu> gpus;
};

/// Puts together what the machine has, what control groups leave of it, and what the operator says, which counts whatever
/// was found.
/// @param given at most one entry per name, as `parse_resources` makes them.
[[nodiscard]] node_resources combine(const machine& found, const cgroup_limits& limits,
                                     const std::vector<resource_amount>& given);

/// `combine` for this process, now. Takes some milliseconds.
[[nodiscard]] node_resources discover_resources(const std::vector<resource_amount>& given = {});

} // namespace troupe::scheduling
