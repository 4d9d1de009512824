#pragma once

#include <caf/fwd.hpp>

namespace troupe::runtime {

/// Makes the actor systems of `config` take their actors from a `run_queue` rather than by a policy of CAF's own.
void schedule_by_run_queue(caf::actor_system_config& config);

} // namespace troupe::runtime
