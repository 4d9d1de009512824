#pragma once

#include "actors/runtime/agent.hpp"

namespace troupe::agents {

/// The agent type report.write (`schemas/troupe/v1/report.proto`): joins what a run found and writes report.json and
/// report.html, each whole or not at all. Failures: those of `make_report_data` and of `write_file`.
[[nodiscard]] agent_type report_write_agent();

} // namespace troupe::agents
