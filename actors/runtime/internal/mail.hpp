#pragma once

#include "actors/runtime/agent.hpp"

#include <functional>
#include <memory>
#include <variant>

namespace troupe::runtime {

class agent_actor;
class call;

/// The one message of agent actors. Never copied while it travels: it has one sender and one
/// receiver.
struct mail {
  /// Requests wait in the receiver's `agent_mailbox`. One of these is on its way for all of them.
  struct wake {};
  /// The answer to a request that the receiver's agent made.
  struct answer {
    std::shared_ptr<call> asked;
    reply<message_ptr> given;
  };
  /// Supervision: runs on the actor, one at a time with everything else of it.
  using control = std::function<void(agent_actor&)>;

  std::variant<wake, answer, control> content;
};

} // namespace troupe::runtime
