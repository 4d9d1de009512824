// When schedules are due, by the calendar and the clock on the wall.
#include "actors/workflow/cron/cron_times.hpp"

#include <boost/test/unit_test.hpp>
#include <date/date.h>

using namespace troupe::workflow::cron;

BOOST_AUTO_TEST_SUITE(workflow_cron)

namespace {

std::chrono::system_clock::time_point utc(const std::string& text) {
  std::istringstream in{text};
  date::sys_seconds made;
  in >> date::parse("%Y-%m-%d %H:%M", made);
  if (!in) throw std::runtime_error{text};
  return made;
}

std::string written(minute_point at) {
  return date::format("%Y-%m-%d %H:%M", at);
}

/// The next few times, in UTC.
std::vector<std::string> next(const std::string& text, const std::string& after,
                              const std::string& in = "UTC", std::size_t count = 3) {
  const auto made = parse(text);
  if (!made) throw std::runtime_error{made.error()};
  const auto where = zone::find(in);
  if (!where) throw std::runtime_error{where.error()};
  const auto from = utc(after);
  std::vector<std::string> found;
  for (const minute_point each :
       due_times(*made, *where, from, from + std::chrono::hours{24 * 366 * 9}, count))
    found.push_back(written(each));
  return found;
}

using times = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(fields_mean_what_they_do_in_crontab) {
  const std::tuple<std::string, std::string, times> cases[] = {
      {"*/5 * * * *",
       "2026-11-27 01:20",
       {"2026-11-27 01:25", "2026-11-27 01:30", "2026-11-27 01:35"}},
      {"30 4 1,15 * 5",
       "2026-11-27 12:00",
       {"2026-12-01 04:30", "2026-12-04 04:30", "2026-12-11 04:30"}},
      {"0 9-17/4 * * mon-fri",
       "2026-11-27 10:00",
       {"2026-11-27 13:00", "2026-11-27 17:00", "2026-11-30 09:00"}},
      {"0 0 29 2 *", "2026-01-01 00:00", {"2028-02-29 00:00", "2032-02-29 00:00"}},
      {"0 0 31 * *",
       "2026-01-31 00:00",
       {"2026-03-31 00:00", "2026-05-31 00:00", "2026-07-31 00:00"}},
      {"15 3 * Jan,JUL 7",
       "2026-06-30 00:00",
       {"2026-07-05 03:15", "2026-07-12 03:15", "2026-07-19 03:15"}},
      {"@hourly", "2026-11-27 01:20", {"2026-11-27 02:00", "2026-11-27 03:00", "2026-11-27 04:00"}},
      {"@weekly", "2026-11-27 01:20", {"2026-11-29 00:00", "2026-12-06 00:00", "2026-12-13 00:00"}},
      {"@yearly", "2026-11-27 01:20", {"2027-01-01 00:00", "2028-01-01 00:00", "2029-01-01 00:00"}},
      // As in Vixie's cron a step of * leaves the other day's field to decide.
      {"0 0 */2 * sun",
       "2026-11-27 00:00",
       {"2026-11-29 00:00", "2026-12-13 00:00", "2026-12-27 00:00"}},
  };
  for (const auto& [text, after, expected] : cases)
    BOOST_TEST(next(text, after) == expected, text << ": " << next(text, after).front());
}

BOOST_AUTO_TEST_CASE(a_time_is_due_after_a_moment_never_at_it) {
  BOOST_TEST(next("20 1 * * *", "2026-11-27 01:20", "UTC", 1).front() == "2026-11-28 01:20");
  const auto every = parse("* * * * *");
  const auto at = utc("2026-11-27 01:20");
  BOOST_TEST((due_times(*every, zone{}, at, at, 5).empty()));
  BOOST_TEST((due_times(*every, zone{}, at - std::chrono::seconds{1}, at, 5).size() == 1u));
}

BOOST_AUTO_TEST_CASE(an_hour_that_is_not_is_made_up_for_at_its_end) {
  // Berlin, 29 March 2026: 02:00 becomes 03:00.
  BOOST_TEST(next("30 2 * * *", "2026-03-28 12:00", "Europe/Berlin", 2) ==
             (times{"2026-03-29 01:00", "2026-03-30 00:30"}));
  BOOST_TEST(next("0,30 2 * * *", "2026-03-28 12:00", "Europe/Berlin", 2) ==
             (times{"2026-03-29 01:00", "2026-03-30 00:00"})); // once
  BOOST_TEST(next("30 * * * *", "2026-03-29 00:00", "Europe/Berlin", 2) ==
             (times{"2026-03-29 00:30", "2026-03-29 01:30"}));
}

BOOST_AUTO_TEST_CASE(an_hour_that_is_twice_counts_once_unless_every_hour_does) {
  // Berlin, 25 October 2026: 03:00 becomes 02:00.
  BOOST_TEST(next("30 2 * * *", "2026-10-24 12:00", "Europe/Berlin", 2) ==
             (times{"2026-10-25 00:30", "2026-10-26 01:30"}));
  BOOST_TEST(next("30 * * * *", "2026-10-24 23:45", "Europe/Berlin", 3) ==
             (times{"2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"}));
}

BOOST_AUTO_TEST_CASE(a_day_that_is_not_is_made_up_for) {
  // Samoa went from 29 to 31 December 2011.
  BOOST_TEST(next("0 12 30 12 *", "2011-12-01 00:00", "Pacific/Apia", 1).front() ==
             "2011-12-30 10:00");
}

BOOST_AUTO_TEST_CASE(mistakes_say_what_to_write) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "0 fields"},
      {"* * * *", "4 fields"},
      {"* * * * * *", "6 fields"},
      {"60 * * * *", "bad minute '60': a value is out of range; write *, a number from 0 to 59"},
      {"* 24 * * *", "bad hour '24'"},
      {"* * 0 * *", "bad day '0'"},
      {"* * * 13 *", "bad month '13'"},
      {"* * * * 8", "bad weekday '8'"},
      {"5-1 * * * *", "the range ends before it begins"},
      {"*/0 * * * *", "the step is none"},
      {"*/61 * * * *", "the step is none"},
      {"5/5 * * * *", "a step is of * or of a range"},
      {"x * * * *", "a value is none"},
      {"-1 * * * *", "a value is none"},
      {"1,,2 * * * *", "a value is none"},
      {"* * * janu *", "a value is none"},
      {"99999999999999999999 * * * *", "a value is none"},
      {"0 0 30 2 *", "no year has such a day"},
      {"0 0 31 4,6,9,11 *", "no year has such a day"},
      {"@fortnightly", "unknown schedule '@fortnightly'"},
      {"@daily 5", "2 fields"},
      {std::string(300, '*'), "at most 256 bytes"}};
  for (const auto& [text, words] : cases) {
    const auto made = parse(text);
    BOOST_REQUIRE_MESSAGE(!made, text);
    BOOST_TEST(made.error().find(words) != std::string::npos, made.error());
  }
  BOOST_TEST(parse("0 0 30 2 mon").has_value()); // on Mondays
}

BOOST_AUTO_TEST_CASE(zones_are_found_by_their_names) {
  BOOST_TEST(zone{}.name() == "UTC");
  BOOST_TEST(zone::find("Asia/Kathmandu").has_value());
  for (const std::string odd : {"", "Mars/Olympus", "../../etc/passwd"}) {
    const auto found = zone::find(odd);
    BOOST_REQUIRE(!found);
    BOOST_TEST(found.error().find("bad time zone") != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
