#pragma once

#include <chrono>
#include <google/protobuf/duration.pb.h>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace troupe::workflow {

/// Longest duration that is accepted: ten years of 365 days.
inline constexpr std::chrono::hours longest_duration{24 * 365 * 10};

/// Reads "200ms", "1.5s", "2m", "1h30m"; units are ms, s, m, h, d.
/// @returns the complaint with its remedy where `text` is none, is negative or is longer than
///   `longest_duration`.
[[nodiscard]] tl::expected<std::chrono::nanoseconds, std::string>
parse_duration(std::string_view text);

/// As `parse_duration` reads it, to the nanosecond, e.g. "1.5s".
/// @param length not negative.
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds length);

[[nodiscard]] google::protobuf::Duration to_proto(std::chrono::nanoseconds length);
/// @returns a negative value for a duration that is out of range or malformed.
[[nodiscard]] std::chrono::nanoseconds from_proto(const google::protobuf::Duration& length);

} // namespace troupe::workflow
