#pragma once

#include "actors/runtime/failure.hpp"

#include <cstdint>
#include <string>
#include <utility>

/// The failures that the runtime itself answers; the table of `agent_system.hpp` explains them.
namespace troupe::runtime {

inline failure stopping_failure() {
  return {"runtime.stopping", "the agent system is stopping", false};
}
inline failure no_answer_failure(const std::string& agent) {
  return {"runtime.no_answer", agent + " let go of the request without an answer", true};
}
inline failure agent_failed(const std::string& agent, const std::string& why) {
  return {"runtime.agent_failed", agent + " failed: " + why, true};
}
inline failure quarantined_failure(const std::string& agent, std::uint32_t times) {
  return {"runtime.quarantined",
          "this message made " + agent + " fail " + std::to_string(times) +
              " times and is not handed to it again; it is kept as a dead letter",
          false};
}
inline failure would_block_failure() {
  return {"runtime.would_block",
          "this thread runs agents and must not wait for an answer; use request with a "
          "continuation, or set agent_options::blocking",
          false};
}

} // namespace troupe::runtime
