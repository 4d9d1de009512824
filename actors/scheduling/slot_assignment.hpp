#pragma once

#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/schedule.hpp"
#include "actors/scheduling/serial_decoder.hpp"

#include <span>

namespace troupe::scheduling {

/// Gives every task a slot of its pool: in the order of their starts, each the idle one with the lowest number. There is always
/// one, because never more tasks run in a pool than it has slots.
[[nodiscard]] schedule assign_slots(const problem& of, std::span<const pool_placement> plan);

} // namespace troupe::scheduling
