#pragma once

#include "actors/workflow/insight/insight.hpp"
#include "actors/workflow/insight/timeline.hpp"

namespace troupe::workflow {

/// What an instance that is not closed waits for, in a run that goes on.
[[nodiscard]] open_wait wait_of(const machine& state, const instance_insight& of,
                                const instance_record& record);

} // namespace troupe::workflow
