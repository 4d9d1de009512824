#pragma once

#include "actors/workflow/step_state.hpp"
#include "troupe/v1/run.pb.h"

#include <span>
#include <string>
#include <string_view>

namespace troupe::workflow {

/// How an instance of a step comes from one status to another. The machine's own code says when; this says what there is
/// at all, and tests hold every run against it.
struct instance_transition {
  instance_status from;
  /// The event of the instance itself, or of all its run, as `history.proto` calls it; empty: what happened to another
  /// instance.
  std::string_view on;
  instance_status to;
  bool operator==(const instance_transition&) const = default;
};

/// The same of a run.
struct run_transition {
  v1::RunStatus from;
  std::string_view on;
  v1::RunStatus to;
};

[[nodiscard]] std::span<const instance_transition> instance_transitions();
[[nodiscard]] std::span<const run_transition> run_transitions();

[[nodiscard]] std::string_view name_of(instance_status status);

/// Both as state diagrams in Mermaid's language: what `docs/state_machines.md` shows.
[[nodiscard]] std::string state_diagrams();

} // namespace troupe::workflow
