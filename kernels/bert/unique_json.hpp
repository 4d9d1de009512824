#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace troupe::bert {

/// Parses a JSON object in which no object names a key twice: two readers could otherwise disagree
/// about a file. Nesting is bounded. For .cpp files of this folder only. @returns what is wrong,
/// without a place.
[[nodiscard]] tl::expected<nlohmann::json, std::string> parse_unique_json(std::string_view text);

} // namespace troupe::bert
