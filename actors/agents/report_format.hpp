#pragma once

#include "actors/agents/report_data.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// How values are written for people and in HTML.
namespace troupe::agents {

/// @returns `text` for HTML content and quoted attributes: & < > " ' escaped, control characters (but tab and line
///   breaks) as their pictures (U+2400...), malformed UTF-8 repaired.
[[nodiscard]] std::string escape_html(std::string_view text);

/// @returns at most `columns` columns of `text`, the last an ellipsis where something is cut (not escaped).
[[nodiscard]] std::string ellipsis(std::string_view text, std::size_t columns);

/// "2026-11-23T19:43:12.345Z" from microseconds since the epoch.
[[nodiscard]] std::string format_time(std::int64_t micros);
/// "850 µs", "12.3 ms", "4.21 s", "3 min 07 s", "2 h 05 min".
[[nodiscard]] std::string format_duration(std::int64_t micros);
/// "512 B", "13.4 KiB".
[[nodiscard]] std::string format_size(std::uint64_t bytes);
/// "12 345" with thin no-break spaces.
[[nodiscard]] std::string format_count(std::uint64_t count);
/// "1 document", "2 documents".
[[nodiscard]] std::string plural(std::uint64_t count, std::string_view noun);
/// "completed", "backing off", ...
[[nodiscard]] std::string_view status_name(report_status status);

/// Positions of a time axis' ticks, in microseconds from 0 to `length`: 1, 2 or 5 times a power of ten, or 15, 30 s ...
/// @param wanted about how many.
[[nodiscard]] std::vector<std::int64_t> time_ticks(std::int64_t length, std::size_t wanted);

} // namespace troupe::agents
