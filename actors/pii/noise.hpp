#pragma once

#include <cstddef>
#include <string_view>

/// What logs are full of and what is nobody's name.
namespace troupe::pii {

/// Bytes of the date with time, or time of day with seconds, that starts at `at`: "2026-01-31T10:20:30.123Z",
/// "2026-01-31 10:20:30,123 +0100", "31/Jan/2026:10:20:30 +0000", "Jan 31 10:20:30", "10:20:30.123". 0 where none does.
[[nodiscard]] std::size_t time_stamp_length(std::string_view text, std::size_t at);

/// Bytes of the hexadecimal id that starts at `at`: a UUID, or at least 12 hexadecimal digits of which some are letters
/// and some are not, behind "0x" or not. 0 where none does. @param at starts a word.
[[nodiscard]] std::size_t hex_id_length(std::string_view text, std::size_t at);

} // namespace troupe::pii
