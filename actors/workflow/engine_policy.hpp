#pragma once

#include "actors/scheduling/learning/cost_book.hpp"
#include "actors/workflow/engine_core.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::workflow {

/// What run times of a step's attempts are learnt under.
[[nodiscard]] scheduling::cost_key cost_key_of(const definition& workflow, const step& of,
                                               std::string node_class);
/// What its author expects of an attempt.
[[nodiscard]] std::optional<double> declared_seconds(const step& of);

/// What a policy is told of a step.
struct engine_records::step_plan {
  /// Of one attempt, as expected.
  double seconds = 0;
  /// From its start to the end of all that follows it, in seconds: HEFT's upward rank on one node.
  double rank = 0;
  /// What it holds, by the number of the resource (0: places), as a part of what there is.
  std::vector<std::pair<std::size_t, double>> load;
};

/// What a policy is told of a run; made when it is asked about it first.
struct engine_records::run_plan {
  std::vector<step_plan> steps;
  double attained_seconds = 0;
  /// Where it stands among the runs; smallest first.
  double order = 0;
  /// Something ended since that was found.
  bool stale = true;
  std::size_t uses = 0;
};

} // namespace troupe::workflow
