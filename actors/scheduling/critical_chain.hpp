#pragma once

#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/serial_decoder.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::scheduling {

/// Why a task starts no earlier.
enum class hold { nothing, input, transfer, slot, memory };

/// A link of the chain that the makespan follows from.
struct chain_link {
  std::uint32_t task = 0;
  /// What ended, or arrived, when this task started; the link before it, if any, is the task that did.
  hold held_by = hold::nothing;
};

/// Goes back from the task that ends last: always to one whose end, or whose data's arrival, let the task start. The first of
/// several wins: an input before a slot before memory. @returns first to last.
[[nodiscard]] std::vector<chain_link> critical_chain(const problem& of,
                                                     std::span<const pool_placement> plan);

} // namespace troupe::scheduling
