#include "actors/workflow/durations.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <utility>

namespace troupe::workflow {
namespace {

using std::chrono::nanoseconds;

/// Longest unit names first: "ms" must not be read as "m".
constexpr std::array<std::pair<std::string_view, double>, 5> units{
    {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}}};

tl::unexpected<std::string> bad(std::string_view text, std::string_view why) {
  return tl::unexpected(fmt::format(
      "bad duration '{}': {}; write a number and a unit, e.g. 200ms, 1.5s, 2m, 1h", text, why));
}

/// Takes one number with its unit off the front of `rest`; a negative result is a complaint.
double take_part(std::string_view& rest, std::string_view& complaint) {
  double number = 0;
  const auto [end, code] =
      std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
  if (code != std::errc{} || rest[0] == '-') {
    complaint = rest[0] == '-' ? "it is negative" : "a number is missing";
    return -1;
  }
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  for (const auto& [name, length] : units) {
    if (!rest.starts_with(name)) continue;
    rest.remove_prefix(name.size());
    return number * length;
  }
  complaint = rest.empty() ? "the unit is missing" : "the unit is not known";
  return -1;
}

} // namespace

tl::expected<nanoseconds, std::string> parse_duration(std::string_view text) {
  if (text.empty()) return bad(text, "it is empty");
  double total = 0;
  std::string_view complaint;
  for (std::string_view rest = text; !rest.empty();) {
    const double part = take_part(rest, complaint);
    if (part < 0) return bad(text, complaint);
    total += part;
  }
  if (!(total <= static_cast<double>(nanoseconds{longest_duration}.count())))
    return bad(text, "it is longer than ten years");
  return nanoseconds{std::llround(total)};
}

std::string format_duration(nanoseconds length) {
  const double seconds = static_cast<double>(length.count()) / 1e9;
  return seconds < 1 ? fmt::format("{:g}ms", seconds * 1e3) : fmt::format("{:g}s", seconds);
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
