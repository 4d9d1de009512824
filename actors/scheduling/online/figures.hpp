#pragma once

#include "actors/scheduling/online/simulator.hpp"

#include <optional>
#include <vector>

namespace troupe::scheduling {

/// How well a stream of workflows was served.
struct online_figures {
  std::size_t workflows = 0;
  /// Job completion time: from the arrival of a workflow to the end of its last task, in seconds.
  double mean_jct = 0, median_jct = 0, p95_jct = 0;
  /// Completion time / the lower bound of the workflow alone on the cluster, with its true times.
  double mean_stretch = 0, p95_stretch = 0, max_stretch = 0;
  /// Jain's index of the stretches: (sum x)^2 / (n sum x^2); 1 where all waited alike.
  double jain_stretch = 0;
  /// From the first arrival to the last end, in seconds.
  double span = 0;
  /// Busy part of the slots in the span, 0 to 1; nothing where there are none.
  std::optional<double> cpu_utilisation, gpu_utilisation, utilisation;
};

/// The bound on each workflow alone, with its true times, in seconds. [workflows]
/// @returns an error of `cost_table::make`.
[[nodiscard]] result<std::vector<double>> bounds_of(const cluster& on,
                                                    const std::vector<simulated_workflow>& stream);

/// @param bounds as of `bounds_of`. @param stream has at least one workflow.
[[nodiscard]] online_figures figures_of(const simulation& run, const cluster& on,
                                        const std::vector<simulated_workflow>& stream,
                                        const std::vector<double>& bounds);

} // namespace troupe::scheduling
