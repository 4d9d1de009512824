#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::cluster {

using micro_time = std::chrono::sys_time<std::chrono::microseconds>;

/// 2026-11-27T22:46:51.123Z.
[[nodiscard]] std::string iso_text(std::chrono::sys_time<std::chrono::milliseconds> time);

/// Reads a moment at the beginning of `text`: 2026-11-27T22:46:51.123456Z, with 'T' or a blank, up to nine digits after the
/// point or none, and 'Z' or none; always UTC.
/// @param length set to how much of `text` it is. @returns nothing where there is none.
[[nodiscard]] std::optional<micro_time> read_iso(std::string_view text, std::size_t& length);

} // namespace troupe::cluster
