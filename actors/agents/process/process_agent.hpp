#pragma once

#include "actors/agents/process/process_service.hpp"
#include "actors/runtime/agent.hpp"

#include <memory>

namespace troupe::agents {

/// `process.run`: runs one command within limits, `schemas/troupe/v1/process.proto`.
///
/// Failures (retryable: yes or no):
/// | type | when |
/// |---|---|
/// | process.not_allowed (no) | the node does not let it: no programs at all, this program, variable or secret |
/// | process.bad_request (no) | the request makes no sense |
/// | process.bad_secret (no) | a secret cannot be read, or should not |
/// | process.cannot_start (no; yes for want of memory or files) | the program could not be executed |
/// | process.exit, process.signal (yes) | an exit code that is not accepted; a signal of somebody else |
/// | process.limit (no) | a limit ended it; the message says which |
/// | process.stopped (no) | nobody waits for it any more |
/// | process.guard_lost, process.too_many (yes) | its guard was killed; too many wait |
[[nodiscard]] agent_type process_run_agent(std::shared_ptr<process_service> service);

} // namespace troupe::agents
