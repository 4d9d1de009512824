#pragma once

#include "actors/scheduling/online/online_state.hpp"

#include <cstdint>
#include <optional>

namespace troupe::scheduling {

/// The first idle slot of a pool where a task may run and whose node has the memory, or nothing.
[[nodiscard]] inline std::optional<std::uint32_t> idle_slot_for(const online_state& state,
                                                                task_key key, std::uint32_t pool) {
  const cost_table& costs = state.known(key.workflow).costs;
  const slot_pool& of = state.on().pools()[pool];
  if (costs.seconds(key.task, pool) == never || state.idle_in_pool(pool) == 0 ||
      !state.has_memory(of.node, costs.memory_bytes(key.task)))
    return std::nullopt;
  std::uint32_t slot = of.first_slot;
  while (!state.slots()[slot].idle())
    ++slot;
  return slot;
}

} // namespace troupe::scheduling
