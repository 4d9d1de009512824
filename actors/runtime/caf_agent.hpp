#pragma once

#include "actors/runtime/agent.hpp"
#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/caf_compat.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <functional>
#include <string>
#include <vector>

namespace troupe {

/// Makes a native CAF actor for a key. It must handle one message, `const native_request&`, and nothing else arrives:
///
///     caf::behavior greeter(caf::event_based_actor*) {
///       return {[](const troupe::native_request& request) { request.respond(troupe::share(greeting)); }};
///     }
using native_factory = std::function<caf::actor(caf::actor_system&, const agent_name&)>;

/// An agent type whose agents are native CAF actors in the CAF system of `system`, behind the same bounded mailbox,
/// deadlines and supervision as others: when the actor ends, the requests it holds are answered "runtime.no_answer",
/// the next one "runtime.agent_failed", and the restart policy makes a new one. It is sent `user_shutdown` when the
/// agent goes, and must end then: `stop` waits for it. `options.blocking` is ignored. At most `max_waiting_requests` with
/// `max_waiting_bytes` are unanswered in the actor, more are answered "runtime.mailbox_full".
/// For programs that link CAF; the headers of other agents do without it.
[[nodiscard]] agent_type caf_agent(agent_system& system, std::string name, std::string description,
                                   std::vector<method> methods, native_factory make,
                                   agent_options options = {});

} // namespace troupe
