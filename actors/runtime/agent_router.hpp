#pragma once

#include "actors/runtime/agent.hpp"

#include <memory>
#include <optional>

namespace troupe {

/// The way to agents of other nodes, for an agent system that is one of many (`agent_system::route_through`). Called by any
/// thread, for every message: cheap, never blocks, and does not throw.
class agent_router {
public:
  virtual ~agent_router() = default;
  /// Whether what `header` is for lives on another node.
  [[nodiscard]] virtual bool is_elsewhere(const envelope_header& header) = 0;
  /// Sends `payload` there.
  /// @param context of the request as its own agent would have it: signs of life and their details go through it, and it
  ///   tells whether the answer is still wanted; of its time the caller takes care.
  /// @param respond takes the answer; of a one-way message nobody waits for it, letting go of it is enough.
  /// @returns why it was refused; `respond` is not called then.
  virtual std::optional<failure> send(message_ptr payload,
                                      std::shared_ptr<const call_context> context,
                                      responder respond, bool one_way) = 0;
};

} // namespace troupe
