#pragma once

#include "actors/workflow/definition.hpp"

#include <optional>

namespace troupe::workflow {

/// The wait after failed attempt number `failures` (from 1): `initial_interval *
/// backoff_coefficient^(failures - 1)`, at most `maximum_interval`.
[[nodiscard]] duration backoff(const retry_policy& policy, std::uint32_t failures);

/// When another attempt is due after failed attempt number `failures`.
/// @returns nothing where there is none: the failure is not retryable or of a listed type,
///   `maximum_attempts` are used up, or the attempt would come too late for `schedule_to_close`.
[[nodiscard]] std::optional<time_point>
next_attempt(const retry_policy& policy, const time_limits& limits, std::uint32_t failures,
             time_point first_scheduled, const failure& why, time_point now);

} // namespace troupe::workflow
