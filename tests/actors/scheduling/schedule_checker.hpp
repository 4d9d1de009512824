#pragma once

#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/schedule.hpp"

#include <string>

namespace troupe::scheduling::test {

/// Checks a schedule against the rules of the cost model, written down a second time: shares no code with the policies.
/// @returns the first violation, or an empty text.
[[nodiscard]] std::string violation_of(const problem& of, const schedule& plan);

} // namespace troupe::scheduling::test
