#include "actors/workflow/durations.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace troupe::workflow {
namespace {

using std::chrono::nanoseconds;

/// Longest unit names first: "ms" must not be read as "m".
constexpr std::array<std::pair<std::string_view, nanoseconds>, 5> units{
    {{"ms", std::chrono::milliseconds{1}},
     {"s", std::chrono::seconds{1}},
     {"m", std::chrono::minutes{1}},
     {"h", std::chrono::hours{1}},
     {"d", std::chrono::days{1}}}};

tl::unexpected<std::string> bad(std::string_view text, std::string_view why) {
  return tl::unexpected(fmt::format(
      "bad duration '{}': {}; write a number and a unit, e.g. 200ms, 1.5s, 2m, 1h", text, why));
}

/// A number without sign or exponent, its fraction apart: together a double could not hold them to
/// the nanosecond.
struct number {
  std::uint64_t whole = 0;
  double fraction = 0;
};

/// Takes a number off the front of `rest`.
std::optional<number> take_number(std::string_view& rest) {
  number made;
  const char* const end = rest.data() + rest.size();
  const auto whole = std::from_chars(rest.data(), end, made.whole);
  const char* at = whole.ptr;
  if (whole.ec == std::errc::result_out_of_range) made.whole = ~std::uint64_t{0};
  if (at != end && *at == '.' && at + 1 != end && at[1] >= '0' && at[1] <= '9')
    at = std::from_chars(at, end, made.fraction, std::chars_format::fixed).ptr;
  if (at == rest.data()) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(at - rest.data()));
  return made;
}

/// Takes the name of a unit off the front of `rest`. @returns its length; zero where there is none.
nanoseconds take_unit(std::string_view& rest) {
  for (const auto& [name, length] : units) {
    if (!rest.starts_with(name)) continue;
    rest.remove_prefix(name.size());
    return length;
  }
  return nanoseconds{0};
}

} // namespace

tl::expected<nanoseconds, std::string> parse_duration(std::string_view text) {
  if (text.empty()) return bad(text, "it is empty");
  nanoseconds total{0};
  for (std::string_view rest = text; !rest.empty();) {
    if (rest.front() == '-') return bad(text, "it is negative");
    const auto length = take_number(rest);
    if (!length) return bad(text, "a number is missing");
    if (rest.empty()) return bad(text, "the unit is missing");
    const nanoseconds unit = take_unit(rest);
    if (unit == nanoseconds{0}) return bad(text, "the unit is not known");
    // Bounded before it is multiplied, so that nothing overflows.
    if (length->whole > static_cast<std::uint64_t>(longest_duration / unit))
      return bad(text, "it is longer than ten years");
    total += static_cast<std::int64_t>(length->whole) * unit +
             nanoseconds{std::llround(length->fraction * static_cast<double>(unit.count()))};
    if (total > longest_duration) return bad(text, "it is longer than ten years");
  }
  return total;
}

std::string format_duration(nanoseconds length) {
  const bool short_one = length < std::chrono::seconds{1};
  const std::int64_t unit = short_one ? 1'000'000 : 1'000'000'000;
  std::string fraction = fmt::format("{:0{}}", length.count() % unit, short_one ? 6 : 9);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return fmt::format("{}{}{}{}", length.count() / unit, fraction.empty() ? "" : ".", fraction,
                     short_one ? "ms" : "s");
}

google::protobuf::Duration to_proto(nanoseconds length) {
  google::protobuf::Duration made;
  made.set_seconds(length.count() / 1'000'000'000);
  made.set_nanos(static_cast<std::int32_t>(length.count() % 1'000'000'000));
  return made;
}

nanoseconds from_proto(const google::protobuf::Duration& length) {
  const auto most = std::chrono::seconds{longest_duration}.count();
  if (length.seconds() < 0 || length.seconds() > most || length.nanos() < 0 ||
      length.nanos() > 999'999'999)
    return nanoseconds{-1};
  return std::chrono::seconds{length.seconds()} + nanoseconds{length.nanos()};
}

} // namespace troupe::workflow
