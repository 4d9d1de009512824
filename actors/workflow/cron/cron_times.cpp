#include "actors/workflow/cron/cron_times.hpp"

#include <algorithm>
#include <date/date.h>
#include <date/tz.h>
#include <exception>
#include <fmt/format.h>
#include <set>

namespace troupe::workflow::cron {
namespace {

using std::chrono::floor;
using std::chrono::minutes;
using std::chrono::seconds;
using clock_point = std::chrono::system_clock::time_point;

/// Of a day on the calendar.
bool fits(const expression& of, date::local_days day) {
  const date::year_month_day when{day};
  return of.fits_day(unsigned{when.month()}, unsigned{when.day()}, date::weekday{day}.c_encoding());
}

/// Every minute that passes, by what the clock on the wall shows then.
class passing_minutes {
public:
  passing_minutes(const expression& of, const date::time_zone& in) : of_(of), in_(in) {}

  std::vector<minute_point> between(minute_point first, minute_point last, std::size_t most) {
    std::vector<minute_point> made;
    for (minute_point at = first; at <= last && made.size() < most;) {
      const auto info = in_.get_info(date::sys_seconds{at});
      const auto end = std::min<date::sys_seconds>(info.end, date::sys_seconds{last} + seconds{1});
      at = within(at, end, info.offset, most, made);
    }
    return made;
  }

private:
  /// While the offset is one.
  minute_point within(minute_point at, date::sys_seconds end, seconds offset, std::size_t most,
                      std::vector<minute_point>& made) {
    while (at < end && made.size() < most) {
      const date::local_seconds local{(at + offset).time_since_epoch()};
      const auto day = floor<date::days>(local);
      const auto of_day = floor<minutes>(local - day);
      if (!fits(of_, day)) {
        const minute_point midnight = at + (date::days{1} - of_day);
        if (midnight >= end) return std::chrono::ceil<minutes>(end);
        at = midnight;
        continue;
      }
      if (of_.minutes.test(static_cast<std::size_t>(of_day.count() % 60)) &&
          of_.hours.test(static_cast<std::size_t>(of_day.count() / 60)))
        made.push_back(at);
      at += minutes{1};
    }
    return at;
  }

  const expression& of_;
  const date::time_zone& in_;
};

/// What the calendar says, each day by itself.
class calendar_minutes {
public:
  calendar_minutes(const expression& of, const date::time_zone& in) : of_(of), in_(in) {}

  std::vector<minute_point> between(minute_point first, minute_point last, std::size_t most) {
    std::vector<minute_point> made;
    // A day may begin before or end after the same day in UTC; what is moved to the end of a gap goes to the next one.
    const auto begin = floor<date::days>(first) - date::days{2};
    const auto end = floor<date::days>(last) + date::days{2};
    std::set<minute_point> open;
    for (auto day = begin; day <= end; day += date::days{1}) {
      add_day(date::local_days{day.time_since_epoch()}, open);
      // No later day is due before this.
      const minute_point settled = day - date::days{1};
      while (!open.empty() && (*open.begin() < settled || day == end)) {
        if (*open.begin() >= first && *open.begin() <= last) made.push_back(*open.begin());
        open.erase(open.begin());
        if (made.size() == most) return made;
      }
    }
    return made;
  }

private:
  void add_day(date::local_days day, std::set<minute_point>& into) const {
    if (!fits(of_, day)) return;
    for (std::size_t hour = 0; hour < of_.hours.size(); ++hour)
      for (std::size_t minute = 0; of_.hours.test(hour) && minute < of_.minutes.size(); ++minute)
        if (of_.minutes.test(minute))
          into.insert(moment_of(day + minutes{static_cast<int>(hour * 60 + minute)}));
  }

  /// The first of two; the end of a gap.
  [[nodiscard]] minute_point moment_of(date::local_time<minutes> local) const {
    const auto info = in_.get_info(date::local_seconds{local});
    if (info.result == date::local_info::nonexistent)
      return std::chrono::ceil<minutes>(info.first.end);
    const date::local_seconds exact{local};
    return floor<minutes>(date::sys_seconds{exact.time_since_epoch()} - info.first.offset);
  }

  const expression& of_;
  const date::time_zone& in_;
};

} // namespace

tl::expected<zone, std::string> zone::find(std::string_view name) {
  const auto bad = [&](std::string_view why) {
    return tl::unexpected(fmt::format(
        "bad time zone '{}': {}; write one like Europe/Berlin, or UTC", name.substr(0, 80), why));
  };
  try {
    return zone{date::locate_zone(name)};
  } catch (const std::exception& why) {
    return bad(name.size() > 80 ? "there is no such zone" : why.what());
  }
}

std::string zone::name() const {
  return known_->name();
}

std::vector<minute_point> due_times(const expression& of, const zone& in, clock_point after,
                                    clock_point until, std::size_t most) {
  const minute_point first = floor<minutes>(after) + minutes{1};
  const minute_point last = floor<minutes>(until);
  if (first > last || most == 0) return {};
  return of.any_hour ? passing_minutes{of, in.get()}.between(first, last, most)
                     : calendar_minutes{of, in.get()}.between(first, last, most);
}

std::optional<minute_point> next_due(const expression& of, const zone& in, clock_point after) {
  constexpr std::chrono::hours farthest{24 * 366 * 10};
  const auto made = due_times(of, in, after, after + farthest, 1);
  return made.empty() ? std::nullopt : std::optional{made.front()};
}

} // namespace troupe::workflow::cron
