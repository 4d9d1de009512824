// When schedules are due, against every minute looked at one by one.
#include "actors/workflow/cron/cron_times.hpp"

#include <boost/test/unit_test.hpp>
#include <date/date.h>
#include <date/tz.h>
#include <fmt/format.h>
#include <map>
#include <rapidcheck.h>
#include <set>

using namespace troupe::workflow::cron;

BOOST_AUTO_TEST_SUITE(workflow_cron_properties)

namespace {

using std::chrono::minutes;

/// A field as it was written, and what it lists; no values: '*'.
struct random_field {
  std::string text = "*";
  std::set<unsigned> values;
  bool star = true;

  [[nodiscard]] bool fits(unsigned value) const { return values.empty() || values.contains(value); }
};

random_field draw_field(unsigned least, unsigned most) {
  random_field made;
  switch (*rc::gen::inRange(0, 4)) {
  case 0:
    return made;
  case 1: {
    const unsigned step = *rc::gen::inRange(1u, most / 2 + 2);
    made.text = fmt::format("*/{}", step);
    for (unsigned at = least; at <= most; at += step)
      made.values.insert(at);
    return made;
  }
  default:
    made.star = false;
    made.text.clear();
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
      const unsigned from = *rc::gen::inRange(least, most + 1);
      const unsigned to = *rc::gen::inRange(from, most + 1);
      const unsigned step = *rc::gen::inRange(1u, 4u);
      made.text += made.text.empty() ? "" : ",";
      made.text += from == to && step == 1 ? fmt::format("{}", from)
                   : step == 1             ? fmt::format("{}-{}", from, to)
                                           : fmt::format("{}-{}/{}", from, to, step);
      for (unsigned at = from; at <= to; at += step)
        made.values.insert(at);
    }
    return made;
  }
}

/// What the five fields say, without any of the code under test.
struct plain_schedule {
  random_field minute = draw_field(0, 59), hour = draw_field(0, 23), day = draw_field(1, 31), month,
               weekday = draw_field(0, 6);

  [[nodiscard]] std::string text() const {
    return fmt::format("{} {} {} {} {}", minute.text, hour.text, day.text, month.text,
                       weekday.text);
  }
  [[nodiscard]] bool fits(date::local_time<minutes> at) const {
    const auto date = date::floor<date::days>(at);
    const auto of_day = (at - date).count();
    const date::year_month_day when{date};
    const bool by_day = day.fits(unsigned{when.day()});
    const bool by_weekday = weekday.fits(date::weekday{date}.c_encoding());
    const bool fits_day = day.star || weekday.star ? by_day && by_weekday : by_day || by_weekday;
    return fits_day && hour.fits(static_cast<unsigned>(of_day / 60)) &&
           minute.fits(static_cast<unsigned>(of_day % 60));
  }
};

/// What a clock on the wall shows minute by minute: when it shows each for the first time, and what it leaves out.
struct wall_clock {
  std::vector<std::pair<minute_point, date::local_time<minutes>>> shown;
  std::map<date::local_time<minutes>, minute_point> first;

  wall_clock(const date::time_zone& in, minute_point from, minute_point to) {
    for (minute_point at = from; at <= to; at += minutes{1}) {
      const auto local = date::floor<minutes>(in.to_local(date::sys_seconds{at}));
      if (!shown.empty())
        for (auto gap = shown.back().second + minutes{1}; gap < local; gap += minutes{1})
          first.emplace(gap, at);
      first.emplace(local, at);
      shown.emplace_back(at, local);
    }
  }
};

std::vector<minute_point> looked_up(const plain_schedule& of, const wall_clock& by,
                                    minute_point after, minute_point until) {
  std::set<minute_point> made;
  if (of.hour.star) {
    for (const auto& [at, local] : by.shown)
      if (of.fits(local)) made.insert(at);
  } else {
    for (const auto& [local, at] : by.first)
      if (of.fits(local)) made.insert(at);
  }
  std::vector<minute_point> found;
  for (const minute_point at : made)
    if (at > after && at <= until) found.push_back(at);
  return found;
}

} // namespace

BOOST_AUTO_TEST_CASE(every_minute_is_found_and_no_other) {
  BOOST_TEST(rc::check("due times are those that a look at each minute finds", [] {
    const auto* const names = *rc::gen::element(
        "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
        "America/Sao_Paulo", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca");
    const auto in = *zone::find(names);
    // Near a change of the clocks, mostly.
    date::sys_seconds middle =
        date::sys_days{date::year{2005} / 1 / 1} + date::days{*rc::gen::inRange(0, 9'000)};
    const auto info = in.get().get_info(middle);
    if (*rc::gen::inRange(0, 4) != 0 && info.end < date::sys_days{date::year{2036} / 1 / 1})
      middle = info.end;
    const auto center = date::floor<minutes>(middle);
    const minute_point after = center - minutes{*rc::gen::inRange(0, 3'000)};
    const minute_point until = center + minutes{*rc::gen::inRange(0, 3'000)};
    const plain_schedule written;
    const auto made = parse(written.text());
    if (!made) {
      RC_ASSERT(made.error().find("no year has such a day") != std::string::npos);
      return;
    }
    const wall_clock by{in.get(), after - date::days{3}, until + date::days{3}};
    const auto expected = looked_up(written, by, after, until);
    const auto found = due_times(*made, in, after, until, 1'000'000);
    RC_LOG(written.text() + " in " + names);
    RC_ASSERT(found == expected);
    const auto next = due_times(*made, in, after, until, 1);
    RC_ASSERT(next.empty() == expected.empty());
    if (!next.empty()) RC_ASSERT(next.front() == expected.front());
  }));
}

BOOST_AUTO_TEST_CASE(any_text_is_read_or_refused_with_words) {
  BOOST_TEST(rc::check("no text does harm", [] {
    const auto text = *rc::gen::container<std::string>(
        rc::gen::element('*', '/', '-', ',', ' ', '0', '1', '5', '9', 'a', 'n', 'j', '@', '\t'));
    const auto made = parse(text);
    RC_ASSERT(made.has_value() || !made.error().empty());
    if (made) (void)next_due(*made, zone{}, std::chrono::system_clock::time_point{});
  }));
}

BOOST_AUTO_TEST_SUITE_END()
