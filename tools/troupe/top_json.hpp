#pragma once

#include "tools/troupe/top_state.hpp"

#include <nlohmann/json_fwd.hpp>

namespace troupe::cli {

/// What `troupe top` shows, for programs; times as RFC 3339, lengths in seconds.
[[nodiscard]] nlohmann::ordered_json top_json(const top_state& of);

} // namespace troupe::cli
