#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace troupe::scheduling {

/// So many starts in a time.
struct rate {
  std::uint32_t count = 0;
  std::chrono::nanoseconds per{};
  bool operator==(const rate&) const = default;
};

/// What a rate may be: from one start a day to a million in a second.
struct rate_limits {
  static constexpr std::uint32_t count = 1'000'000;
  static constexpr std::chrono::hours longest_per{24};
  static constexpr std::chrono::milliseconds shortest_per{1};
};

/// From one start to the next, on average; rounded up, so that there are never more.
[[nodiscard]] constexpr std::chrono::nanoseconds interval_of(const rate& of) {
  return std::chrono::nanoseconds{(of.per.count() + of.count - 1) / of.count};
}

/// Whether it is within `rate_limits`.
[[nodiscard]] constexpr bool is_good(const rate& of) {
  return of.count > 0 && of.count <= rate_limits::count && of.per >= rate_limits::shortest_per &&
         of.per <= rate_limits::longest_per;
}

/// Splits `10/s`, `6/m`, `100/30s` at its slash: a whole number, and what it is per; "s" and "1s" are the same.
/// @returns the complaint where it has not this form.
struct rate_text {
  std::uint32_t count = 0;
  /// With a number before its unit.
  std::string per;
};
[[nodiscard]] tl::expected<rate_text, std::string> split_rate(std::string_view text);

} // namespace troupe::scheduling
