#pragma once

#include "actors/workflow/insight/graph.hpp"
#include "actors/workflow/insight/insight.hpp"

#include <optional>
#include <vector>

namespace troupe::workflow {

/// What no way of running the instances of `of` beats; never above its makespan. Its instances have their phases.
/// @param hosts those that had the run; nothing is said of work where one of them is not known.
[[nodiscard]] run_bound bound_of(const run_insight& of, const instance_graph& graph,
                                 const std::vector<std::optional<run_host>>& hosts);

/// Fills `chain` and `gap` of an insight that has all else.
/// @param last number of the instance that decided the end; absent: none did.
/// @param after what each instance waited for last, by number.
/// @param turned when the run began to undo what it had done.
void explain_gap(run_insight& of, std::optional<std::size_t> last,
                 const std::vector<std::optional<std::size_t>>& after,
                 std::optional<duration> turned);

} // namespace troupe::workflow
