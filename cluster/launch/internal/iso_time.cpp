#include "cluster/launch/internal/iso_time.hpp"

#include <cctype>
#include <fmt/format.h>

namespace troupe::cluster {
namespace {

using namespace std::chrono;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes `digits` digits off the front; negative where there are not as many.
int take_number(std::string_view& text, std::size_t digits) {
  int made = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (i >= text.size() || !is_digit(text[i])) return -1;
    made = made * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return made;
}

bool take_char(std::string_view& text, std::string_view one_of) {
  if (text.empty() || one_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// What stands after the point, in microseconds; further digits are dropped.
microseconds take_fraction(std::string_view& text) {
  microseconds made{0}, unit{100'000};
  if (text.size() < 2 || text[0] != '.' || !is_digit(text[1])) return made;
  text.remove_prefix(1);
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), unit /= 10)
    made += unit * (text.front() - '0');
  return made;
}

} // namespace

std::string iso_text(sys_time<milliseconds> time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<micro_time> read_iso(std::string_view text, std::size_t& length) {
  auto rest = text;
  const int y = take_number(rest, 4);
  if (y < 0 || !take_char(rest, "-")) return std::nullopt;
  const int m = take_number(rest, 2);
  if (m < 0 || !take_char(rest, "-")) return std::nullopt;
  const int d = take_number(rest, 2);
  if (d < 0 || !take_char(rest, "T ")) return std::nullopt;
  const int hour = take_number(rest, 2);
  if (hour < 0 || !take_char(rest, ":")) return std::nullopt;
  const int minute = take_number(rest, 2);
  if (minute < 0 || !take_char(rest, ":")) return std::nullopt;
  const int second = take_number(rest, 2);
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)},
                            day{static_cast<unsigned>(d)}};
  if (!date.ok() || hour > 23 || minute > 59 || second < 0 || second > 60) return std::nullopt;
  const auto fraction = take_fraction(rest);
  take_char(rest, "Z");
  length = text.size() - rest.size();
  return sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + fraction;
}

} // namespace troupe::cluster
