#include "actors/workflow/engine_core.hpp"

#include <fmt/format.h>

namespace troupe::workflow {

/// Why a run may not grow any more; nothing where it may. What it undoes is undone however long that takes.
std::optional<failure> engine_core::too_long(const live_run& run) const {
  const engine_options& most = around_.options;
  if (run.state.compensating()) return std::nullopt;
  const bool events = run.state.version() >= most.max_history_events;
  if (!events && run.history_bytes < most.max_history_bytes) return std::nullopt;
  return failure{"workflow.history_too_long",
                 events ? fmt::format("the run's history has {} events, it may have {}; divide the "
                                      "work among several runs, or bound its retries",
                                      run.state.version(), most.max_history_events)
                        : fmt::format("the run's history has {} bytes, it may have {}; divide the "
                                      "work among several runs, or answer with the names of files",
                                      run.history_bytes, most.max_history_bytes),
                 false};
}

} // namespace troupe::workflow
