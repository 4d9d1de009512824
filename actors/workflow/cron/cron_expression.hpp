#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace troupe::workflow::cron {

/// When something is due, by the calendar and the clock on the wall: the five fields of crontab(5).
struct expression {
  std::bitset<60> minutes;
  std::bitset<24> hours;
  /// From 1.
  std::bitset<32> days;
  std::bitset<13> months;
  /// From Sunday.
  std::bitset<7> weekdays;
  /// The field begins with '*'. As in Vixie's cron, a day has to fit both fields where one of them does, and either of them
  /// where none does.
  bool any_day = false, any_weekday = false;
  /// The same of the hours: then it is due by the time that passes, and every such minute counts when a clock is put back.
  bool any_hour = false;

  [[nodiscard]] bool fits_day(unsigned month, unsigned day, unsigned weekday) const {
    if (!months.test(month)) return false;
    const bool by_day = days.test(day);
    const bool by_weekday = weekdays.test(weekday);
    return any_day || any_weekday ? by_day && by_weekday : by_day || by_weekday;
  }
  bool operator==(const expression&) const = default;
};

/// Reads `MINUTE HOUR DAY MONTH WEEKDAY`, each `*`, a number, a range `1-5`, a step `*/5` or `8-18/2`, or several with commas;
/// months and weekdays also by their first three letters, Sunday also as 7; or one of @hourly, @daily, @midnight, @weekly,
/// @monthly, @yearly, @annually.
/// @returns the complaint with its remedy; also for a day that never is (30 February).
[[nodiscard]] tl::expected<expression, std::string> parse(std::string_view text);

} // namespace troupe::workflow::cron
