#pragma once

#include "actors/agents/report_data.hpp"

#include <string>

namespace troupe::agents {

/// @returns report.json: indented JSON, keys in a fixed order, final line break. Two runs over the same documents differ
///   in the object `timing` alone. Holds no redacted value; the text of an entity only where `may_show` allows it.
[[nodiscard]] std::string report_json(const report_data& report);

} // namespace troupe::agents
