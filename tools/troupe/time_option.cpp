#include "tools/troupe/time_option.hpp"

#include "actors/workflow/durations.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <array>
#include <ctime>
#include <fmt/format.h>
#include <optional>

namespace troupe::cli {

namespace {

using moment = std::chrono::system_clock::time_point;

/// In UTC; nothing for a date that there is not, such as 30 February.
std::optional<moment> parse_date(const std::string& text) {
  for (const char* form : std::array{"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S"}) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);
    if (!end || *end != '\0') continue;
    const int day = parts.tm_mday;
    const std::time_t seconds = timegm(&parts);
    if (parts.tm_mday == day) return std::chrono::system_clock::from_time_t(seconds);
  }
  return std::nullopt;
}

} // namespace

result<moment> parse_moment(const std::string& text, const std::string& option, moment now) {
  if (const auto date = parse_date(text)) return *date;
  if (const auto ago = workflow::parse_duration(text))
    return now - std::chrono::duration_cast<moment::duration>(*ago);
  return fail(cli_errc::bad_option,
              fmt::format("{}: '{}' is no moment; write 2026-11-23, 2026-11-23T19:45:12Z, or how "
                          "long ago, such as 2h or 30d",
                          option, text.substr(0, 60)));
}

} // namespace troupe::cli
