#pragma once

#include "actors/workflow/live/node_snapshot.hpp"

namespace troupe::workflow {

struct event;

/// Counts what an engine records.
void count_event(const event& happened, node_snapshot::counters& into);

} // namespace troupe::workflow
