#pragma once

#include "actors/runtime/agent.hpp"

#include <memory>

namespace troupe {

/// What a native CAF actor that serves as an agent receives for each request: the one message it
/// must handle.
struct native_request {
  message_ptr payload;
  std::shared_ptr<const call_context> context;
  /// Call it once, now or later, from any thread; letting go of it answers "runtime.no_answer".
  responder respond;
};

} // namespace troupe
