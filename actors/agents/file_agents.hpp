#pragma once

#include "actors/runtime/agent.hpp"

namespace troupe::agents {

/// The agent types files.list, files.read and files.write: `schemas/troupe/v1/files.proto` over "actors/agents/files.hpp".
/// Their handlers block on the disk and keep no state.
[[nodiscard]] agent_type files_list_agent();
[[nodiscard]] agent_type files_read_agent();
[[nodiscard]] agent_type files_write_agent();

} // namespace troupe::agents
