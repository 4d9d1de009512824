#pragma once

#include "actors/runtime/agent.hpp"

#include <memory>
#include <string>

namespace troupe::runtime {

class call;

/// What an agent threw, and the request that it threw at.
struct crash {
  std::string why;
  /// The request that the agent worked on; nullptr where there is none.
  std::shared_ptr<call> blamed{};
  message_ptr payload{};
  /// Keeps the request from being answered "runtime.no_answer" before the supervisor has judged.
  std::shared_ptr<const void> kept{};
};

} // namespace troupe::runtime
