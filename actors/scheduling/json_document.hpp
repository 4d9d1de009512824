#pragma once

#include "kernels/result.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

/// JSON from outside, for .cpp files of this folder only.
namespace troupe::scheduling {

/// The bytes of a regular file. @returns `unreadable_file`, or `too_large` beyond `defaults::most_file_bytes`.
[[nodiscard]] result<std::string> read_file(const std::filesystem::path& path);

/// Parses one JSON value whose objects name no key twice; nesting is bounded. Parsing does not recurse.
/// @param file how errors name the text.
/// @param ignored keys whose values are checked but not kept: what nobody reads needs no memory.
/// @returns an error of `code` with file, line and column.
[[nodiscard]] result<nlohmann::json> parse_json(std::string_view text, std::string_view file,
                                                std::error_code code,
                                                std::span<const std::string_view> ignored = {});

} // namespace troupe::scheduling
