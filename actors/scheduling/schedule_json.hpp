#pragma once

#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/schedule.hpp"

#include <string>

namespace troupe::scheduling {

/// The schedule as JSON: a list of {"task", "node", "kind": "cpu" or "gpu", "slot": index among those of its kind on the node,
/// "start", "finish"} in the order of the tasks, a line each; times in seconds, printed so that they read back exactly.
[[nodiscard]] std::string to_json(const problem& of, const schedule& plan);

} // namespace troupe::scheduling
