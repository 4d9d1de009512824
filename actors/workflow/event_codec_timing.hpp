#pragma once

#include "actors/workflow/event.hpp"
#include "troupe/v1/history.pb.h"

namespace troupe::workflow {

// What events say beside what happened: who had the run at work, and how attempts went. The run's state does not depend on
// it, so nothing that is odd in it refuses a history.

void fill(v1::RunHost& made, const run_host& from);
void fill(v1::AttemptTiming& made, const attempt_timing& from);

/// Amounts that no node can have are left out.
[[nodiscard]] run_host decode(const v1::RunHost& from);
/// Times beyond what can be are bounded.
[[nodiscard]] attempt_timing decode(const v1::AttemptTiming& from);

} // namespace troupe::workflow
