#pragma once

#include "actors/runtime/agent.hpp"
#include "troupe/v1/run.pb.h"

#include <functional>
#include <string>

namespace troupe::workflow {

class machine;

/// How a run ended; looks at the run itself, so only for as long as the callback that is told takes. What a host does not
/// ask for is not made: the summary of a run of a hundred steps takes as long as a few steps.
class run_end {
public:
  /// @param of closed.
  explicit run_end(const machine& of) : of_(&of) {}

  [[nodiscard]] const std::string& run_id() const;
  /// Completed, failed or cancelled.
  [[nodiscard]] v1::RunStatus status() const;
  /// What a completed run's definition gives (`output`), or its summary where that says nothing.
  /// @returns "workflow.no_output" where that step was skipped or has failed, or the run did not complete.
  [[nodiscard]] reply<message_ptr> output() const;
  /// What it did, step by step.
  [[nodiscard]] v1::RunSummary summary() const;

private:
  const machine* of_;
};

/// Told once how a run ended, or why it was not begun or not gone on with. Must not block or throw.
using ended_callback = std::function<void(const result<run_end>&)>;

[[nodiscard]] result<v1::RunSummary> summary_of(const result<run_end>& how);

} // namespace troupe::workflow
