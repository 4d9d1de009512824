#pragma once

#include "actors/runtime/agent.hpp"

#include <string_view>

namespace troupe::cluster {

class node_parts;

inline constexpr std::string_view control_agent_type = "cluster.control";

/// The agent type `cluster.control`, of which there is `default`: what an operator's command line asks of a coordinator
/// (`schemas/troupe/v1/control.proto`). Failures are those of the workflow engine ("workflow.*", by their codes),
/// "cluster.bad_request", and those of membership.
/// @param of this node; outlives its agents.
[[nodiscard]] agent_type make_control_agent(node_parts& of);

} // namespace troupe::cluster
