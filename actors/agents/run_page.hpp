#pragma once

#include "actors/runtime/failure.hpp"
#include "actors/workflow/insight/insight.hpp"
#include "troupe/v1/run.pb.h"

#include <string>

namespace troupe::agents {

/// One page about one run, whatever it is a run of: its graph, a time chart of its instances against the bound, where the
/// gap went, attempts and failures. No scripts, nothing is fetched; all that came from outside is escaped.
/// @param of from the same history as `run`.
[[nodiscard]] reply<std::string> run_page(const v1::RunSummary& run,
                                          const workflow::run_insight& of);

} // namespace troupe::agents
