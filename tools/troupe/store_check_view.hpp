#pragma once

#include "actors/workflow/store_check.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace troupe::cli {

/// `run job: event 3 is not what was written`.
[[nodiscard]] std::string damage_text(const workflow::damage& of);
[[nodiscard]] nlohmann::ordered_json damage_json(const workflow::damage& of);

} // namespace troupe::cli
