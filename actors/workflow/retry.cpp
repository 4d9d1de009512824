#include "actors/workflow/retry.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::workflow {

duration backoff(const retry_policy& policy, std::uint32_t failures) {
  const auto most = static_cast<double>(policy.maximum_interval.count());
  const double wait = static_cast<double>(policy.initial_interval.count()) *
                      std::pow(policy.backoff_coefficient, static_cast<double>(failures) - 1);
  // Compared as doubles: a huge power must not overflow the integer.
  return wait < most ? duration{static_cast<std::int64_t>(wait)} : policy.maximum_interval;
}

std::optional<time_point> next_attempt(const retry_policy& policy, const time_limits& limits,
                                       std::uint32_t failures, time_point first_scheduled,
                                       const failure& why, time_point now) {
  if (!why.retryable) return std::nullopt;
  const auto& listed = policy.non_retryable_error_types;
  if (std::find(listed.begin(), listed.end(), why.type) != listed.end()) return std::nullopt;
  if (policy.maximum_attempts != 0 && failures >= policy.maximum_attempts) return std::nullopt;
  const time_point due = now + backoff(policy, failures);
  const bool late =
      limits.schedule_to_close > duration{0} && due >= first_scheduled + limits.schedule_to_close;
  return late ? std::nullopt : std::optional{due};
}

} // namespace troupe::workflow
