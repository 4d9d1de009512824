#pragma once

#include "actors/workflow/durations.hpp"
#include "actors/workflow/machine.hpp"

#include <fmt/format.h>

namespace troupe::workflow {

/// Temporal's four, and the engine's `default_timeout` where a step has neither of the two to close.
enum class timeout_kind {
  schedule_to_start,
  start_to_close,
  schedule_to_close,
  heartbeat,
  default_timeout
};

/// The failure "workflow.timeout", retryable: which limit of which instance is over.
[[nodiscard]] inline failure timed_out(const instance_id& instance, timeout_kind kind) {
  constexpr const char* ends[] = {
      "was not started within schedule_to_start", "was not closed within start_to_close",
      "was not closed within schedule_to_close", "gave no sign of life within heartbeat",
      "was not closed within the engine's default timeout; give its step a start_to_close"};
  return {"workflow.timeout",
          fmt::format("{}[{}] {}", instance.step, instance.index, ends[static_cast<int>(kind)]),
          true};
}

/// The failure of a run whose deadline is over.
[[nodiscard]] inline failure run_is_late(const machine& run) {
  return {"run.deadline_exceeded",
          fmt::format("the run was not closed within its deadline of {}",
                      format_duration(run.beginning().deadline)),
          false};
}

} // namespace troupe::workflow
