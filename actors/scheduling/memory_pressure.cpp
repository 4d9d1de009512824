#include "actors/scheduling/memory_pressure.hpp"

#include <algorithm>

namespace troupe::scheduling {

std::vector<bool> nodes_short_of_memory(const problem& of) {
  std::uint64_t most = 0;
  for (std::uint32_t task = 0; task < of.graph.size(); ++task)
    most = std::max(most, of.costs.memory_bytes(task));
  std::vector<bool> out;
  for (std::uint32_t node = 0; node < of.cluster.nodes().size(); ++node) {
    const std::uint32_t slots = of.cluster.slots_of_node(node);
    // Without a product that could overflow.
    out.push_back(slots > 0 && most > of.cluster.nodes()[node].memory_bytes / slots);
  }
  return out;
}

} // namespace troupe::scheduling
