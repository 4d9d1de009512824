#pragma once

#include "actors/scheduling/policy.hpp"

#include <functional>
#include <span>
#include <vector>

/// What the policies without search share. A plan is one pass over the tasks.
namespace troupe::scheduling {

class plan_builder;

/// Of the tasks whose predecessors are placed always the one of the highest priority (equals by number), where it finishes
/// earliest, also in a gap.
/// @param bias seconds [tasks, pools] added to the finish where the place is chosen, or none.
[[nodiscard]] schedule plan_by_priority(const problem& of, std::span<const double> priority,
                                        std::span<const double> bias = {});

/// @returns the slot of a task.
using slot_picker = std::function<std::uint32_t(plan_builder& plan, std::uint32_t task)>;

/// Tasks in the order in which they become ready (equals by number), behind the last one of the slot picked. Nothing is known of
/// later tasks, and transfers begin when the last predecessor ends.
[[nodiscard]] schedule plan_in_ready_order(const problem& of, const slot_picker& pick);

/// PEFT's optimistic cost table: seconds from the end of a task on a pool to the end of the workflow, if everything after it ran
/// where it ends earliest and nothing was in the way. [tasks, pools]
/// Source: Arabnejad, Barbosa: List scheduling algorithm for heterogeneous systems by an optimistic cost table (2014).
[[nodiscard]] std::vector<double> optimistic_costs(const problem& of, double seconds_per_byte);

/// PEFT's priority: the mean of a task's row over the slots where it may run. [tasks]
[[nodiscard]] std::vector<double> optimistic_rank(const problem& of, std::span<const double> table);

/// Searches; see `plan_search`.
const offline_policy& portfolio_policy();
const offline_policy& heft_policy();
const offline_policy& peft_policy();
const offline_policy& eft_policy();
const offline_policy& fifo_policy();
const offline_policy& round_robin_policy();

} // namespace troupe::scheduling
