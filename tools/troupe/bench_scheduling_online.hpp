#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/bench_figure.hpp"

#include <cstddef>

namespace troupe::cli {

/// Measures what the default online policy needs for one task while many are ready, on 32 unlike nodes: figures
/// "online.N" in microseconds of CPU time, with all that the simulator does for a task, for a hundredth, a tenth and all of
/// `most_tasks`, and "online.by_n_log_n", how much faster than n log n the time grew in the last step.
/// @param most_tasks at least 100.
[[nodiscard]] result<void> bench_online(std::size_t repetitions, std::size_t most_tasks,
                                        figure_sink& out);

} // namespace troupe::cli
