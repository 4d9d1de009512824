#pragma once

#include "kernels/result.hpp"
#include "tools/troupe/bench_figure.hpp"

#include <cstddef>

namespace troupe::cli {

/// Measures what the default online policy needs for one task while many are ready, on 32 unlike nodes: figures
/// "online.TASKS" in microseconds of CPU time, with all that the simulator does for a task, and "online.growth".
[[nodiscard]] result<void> bench_online(std::size_t repetitions, figure_sink& out);

} // namespace troupe::cli
