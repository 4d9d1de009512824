#include "actors/runtime/agent_system.hpp"
#include "actors/workflow/engine.hpp"
#include "actors/workflow/engine_driver.hpp"

namespace troupe::workflow {

result<std::unique_ptr<engine>> engine::start(agent_system& agents, std::unique_ptr<store> history,
                                              engine_options options) {
  attempt_starter starter = [&agents](attempt_request wanted, responder then) {
    request_options how;
    how.timeout = wanted.timeout;
    how.idempotency_key = std::move(wanted.idempotency_key);
    how.priority = wanted.priority;
    how.pulse = std::move(wanted.pulse);
    how.granted_memory_bytes = wanted.granted_memory_bytes;
    how.node = std::move(wanted.node);
    agents.request(std::move(wanted.target), std::move(wanted.payload), std::move(how),
                   std::move(then));
  };
  if (history->waits())
    return start(static_cast<const agent_types&>(agents), std::move(starter), std::move(history),
                 options);
  if (auto good = check_options(options); !good) return tl::unexpected(good.error());
  const auto later = [&agents](task_queue::task work) {
    if (!agents.blocking_executor().post(work)) work();
  };
  return std::unique_ptr<engine>{new engine{drive_on_callers(
      {agents, std::move(starter), std::move(history), options}, agents.clock(), later)}};
}

} // namespace troupe::workflow
