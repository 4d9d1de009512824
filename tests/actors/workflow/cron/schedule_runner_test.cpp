// Runs that schedules start: in time, late, over one another, and by two who look after them.
#include "actors/workflow/cron/schedule_runner.hpp"
#include "actors/workflow/errors.hpp"

#include <boost/test/unit_test.hpp>
#include <date/date.h>

using namespace troupe;
using namespace troupe::workflow;
using namespace troupe::workflow::cron;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_schedule_runner)

namespace {

using time_point = schedule_runner::time_point;

const time_point day{date::sys_days{date::year{2026} / 11 / 27}};

schedule every_ten_minutes(catch_up_policy catch_up = catch_up_policy::none,
                           overlap_policy overlap = overlap_policy::skip) {
  schedule made;
  made.name = "job";
  made.when = *parse("*/10 * * * *");
  made.catch_up = catch_up;
  made.overlap = overlap;
  return made;
}

/// A store of runs that somebody starts and ends.
struct runs_double {
  std::vector<run_entry> runs;
  time_point now = day;
  bool busy = false;

  [[nodiscard]] schedule_world world() {
    schedule_world made;
    made.runs = [this](const schedule&) -> result<std::vector<run_entry>> {
      if (busy) return fail(workflow_errc::store_busy, "");
      return runs;
    };
    made.start = [this](const schedule&, const std::string& id) -> result<void> {
      if (id.ends_with("T0050Z")) return fail(workflow_errc::run_exists, "another one");
      add(id, now);
      return {};
    };
    made.cancel = [this](const schedule&, const std::string& id) -> result<void> {
      end(id);
      return {};
    };
    return made;
  }
  void add(const std::string& id, time_point started, bool open = true) {
    run_entry made;
    made.run_id = id;
    made.started = started;
    if (!open) made.closed = started + 1min;
    runs.push_back(made);
  }
  void end(const std::string& id) {
    for (run_entry& each : runs)
      if (each.run_id == id) each.closed = now;
  }
  void end_all() {
    for (run_entry& each : runs)
      if (each.closed == time_point{}) each.closed = now;
  }
};

/// What happened, as `started 0010`.
std::vector<std::string> told(const std::vector<schedule_event>& events) {
  constexpr const char* words[] = {"started", "skipped", "cancelled", "failed"};
  std::vector<std::string> made;
  for (const schedule_event& each : events)
    made.push_back(std::string{words[static_cast<int>(each.what)]} +
                   (each.missed ? " missed " : " ") + date::format("%H%M", each.due));
  return made;
}

using lines = std::vector<std::string>;

/// Goes on until then, whenever the runner wants to.
lines until(schedule_runner& runner, runs_double& store, time_point end, bool ends_runs = true) {
  lines made;
  for (;;) {
    const auto now = told(runner.tick(store.now));
    made.insert(made.end(), now.begin(), now.end());
    if (ends_runs) store.end_all();
    const auto next = std::max(runner.next_wake(store.now), store.now + 1ms);
    if (next > end) break;
    store.now = next;
  }
  store.now = end;
  return made;
}

void check(const lines& found, const lines& expected) {
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_CASE(runs_are_started_when_they_are_due) {
  runs_double store;
  schedule_runner runner{{every_ten_minutes()}, store.world(), store.now};
  check(until(runner, store, day + 35min), {"started 0010", "started 0020", "started 0030"});
  BOOST_TEST(store.runs[0].run_id == "job.20261127T0010Z");
  BOOST_TEST((store.runs[0].started == day + 10min));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_started_is_told) {
  runs_double store;
  store.now = day + 45min;
  schedule_runner runner{{every_ten_minutes()}, store.world(), store.now};
  check(until(runner, store, day + 65min), {"failed 0050", "started 0100"});
}

BOOST_AUTO_TEST_CASE(jitter_delays_the_start) {
  runs_double store;
  schedule job = every_ten_minutes();
  job.jitter = 5min;
  store.now = day + 6min;
  schedule_runner runner{{job}, store.world(), store.now};
  check(until(runner, store, day + 19min), {"started 0010"});
  const minute_point due{std::chrono::floor<std::chrono::minutes>(day) + 10min};
  BOOST_TEST((store.runs[0].started >= start_of(job, due)));
  BOOST_TEST((store.runs[0].started < start_of(job, due) + 1s));
  // Who begins between the time and the start finds it, too.
  runs_double other;
  other.now = due + 1ms;
  schedule_runner late{{job}, other.world(), other.now};
  check(until(late, other, day + 19min), {"started 0010"});
}

BOOST_AUTO_TEST_CASE(overlapping_runs_are_skipped_allowed_or_cancelled) {
  const std::pair<overlap_policy, lines> cases[] = {
      {overlap_policy::skip, {"started 0010", "skipped 0020", "skipped 0030"}},
      {overlap_policy::allow, {"started 0010", "started 0020", "started 0030"}},
      {overlap_policy::cancel,
       {"started 0010", "cancelled 0020", "started 0020", "cancelled 0030", "started 0030"}}};
  for (const auto& [policy, expected] : cases) {
    runs_double store;
    schedule_runner runner{{every_ten_minutes({}, policy)}, store.world(), store.now};
    check(until(runner, store, day + 35min, false), expected);
  }
}

BOOST_AUTO_TEST_CASE(what_was_missed_is_caught_up_with_as_the_schedule_says) {
  const std::pair<catch_up_policy, lines> cases[] = {
      {catch_up_policy::none, {}},
      {catch_up_policy::latest, {"started missed 0040"}},
      {catch_up_policy::all,
       {"started missed 0020", "started missed 0030", "started missed 0040"}}};
  for (const auto& [policy, expected] : cases) {
    runs_double store;
    store.add("job.20261127T0010Z", day + 10min, false);
    store.now = day + 45min;
    schedule_runner runner{{every_ten_minutes(policy)}, store.world(), store.now};
    check(until(runner, store, day + 49min), expected);
  }
}

BOOST_AUTO_TEST_CASE(missed_runs_are_started_one_after_the_other) {
  runs_double store;
  store.add("job.20261127T0010Z", day + 10min, false);
  store.now = day + 31min + 30s;
  schedule_runner runner{{every_ten_minutes(catch_up_policy::all)}, store.world(), store.now};
  check(until(runner, store, day + 33min, false), {"started missed 0020"});
  store.end_all();
  check(until(runner, store, day + 34min, false), {"started missed 0030"});
}

BOOST_AUTO_TEST_CASE(nothing_was_missed_before_the_first_run_or_the_window) {
  runs_double store;
  store.now = day + 45min;
  schedule_runner fresh{{every_ten_minutes(catch_up_policy::all)}, store.world(), store.now};
  check(until(fresh, store, day + 49min), {});
  store.add("job.20261127T0010Z", day + 10min, false);
  store.now = day + 45min;
  schedule job = every_ten_minutes(catch_up_policy::all);
  job.catch_up_window = 10min;
  schedule_runner bounded{{job}, store.world(), store.now};
  check(until(bounded, store, day + 49min), {"started missed 0040"});
}

BOOST_AUTO_TEST_CASE(what_was_skipped_was_not_missed) {
  runs_double store;
  store.add("job.20261127T0010Z", day + 10min);
  store.runs[0].closed = day + 25min; // over 0020
  store.now = day + 45min;
  schedule_runner runner{{every_ten_minutes(catch_up_policy::all)}, store.world(), store.now};
  check(until(runner, store, day + 49min), {"started missed 0030", "started missed 0040"});
}

BOOST_AUTO_TEST_CASE(a_machine_that_slept_has_missed_what_was_due) {
  for (const auto policy : {catch_up_policy::none, catch_up_policy::latest}) {
    runs_double store;
    schedule_runner runner{{every_ten_minutes(policy)}, store.world(), store.now};
    check(until(runner, store, day + 15min), {"started 0010"});
    store.now = day + 45min; // nobody called meanwhile
    check(told(runner.tick(store.now)),
          policy == catch_up_policy::none ? lines{} : lines{"started missed 0040"});
  }
}

BOOST_AUTO_TEST_CASE(two_who_look_after_one_schedule_start_one_run) {
  runs_double store;
  schedule_runner one{{every_ten_minutes(catch_up_policy::all)}, store.world(), store.now};
  schedule_runner two{{every_ten_minutes(catch_up_policy::all)}, store.world(), store.now};
  check(told(one.tick(store.now)), {});
  check(told(two.tick(store.now)), {});
  store.now = day + 10min;
  check(told(one.tick(store.now)), {"started 0010"});
  check(told(two.tick(store.now)), {});
  BOOST_TEST(store.runs.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_store_that_is_busy_is_asked_again) {
  runs_double store;
  store.busy = true;
  schedule_runner runner{{every_ten_minutes()}, store.world(), store.now};
  check(told(runner.tick(store.now)), {});
  BOOST_TEST((runner.next_wake(store.now) <= store.now + 1s));
  store.busy = false;
  store.now = day + 10min;
  check(told(runner.tick(store.now)), {"started 0010"});
  store.busy = true;
  store.now = day + 20min;
  check(told(runner.tick(store.now)), {});
  store.busy = false;
  store.end_all();
  store.now = day + 20min + 5s;
  check(told(runner.tick(store.now)), {"started 0020"});
}

BOOST_AUTO_TEST_CASE(runs_of_others_do_not_count) {
  runs_double store;
  store.add("20261127-001000-1-abcd", day);
  store.add("jobs.20261127T0005Z", day);
  schedule_runner runner{{every_ten_minutes(catch_up_policy::all)}, store.world(), store.now};
  check(until(runner, store, day + 15min, false), {"started 0010"});
}

BOOST_AUTO_TEST_SUITE_END()
