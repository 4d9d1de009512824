#pragma once

#include "kernels/result.hpp"

#include <chrono>
#include <string>

namespace troupe::cli {

/// A moment as a person gives it: `2026-11-23`, `2026-11-23T19:45:12Z`, or how long ago: `2h`, `30d`.
/// @param option its name, for the error.
/// @returns `cli_errc::bad_option` for anything else.
[[nodiscard]] result<std::chrono::system_clock::time_point>
parse_moment(const std::string& text, const std::string& option,
             std::chrono::system_clock::time_point now);

} // namespace troupe::cli
