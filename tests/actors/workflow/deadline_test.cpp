// Runs that have only so much time.
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_deadline)

namespace {

const failure late{"run.deadline_exceeded", "too late", false};

const std::string two_steps =
    "name: w\nsteps:\n"
    "  book: { agent: files.list, compensate: { agent: files.list, input: { folder: x } } }\n"
    "  pay: { agent: files.list, needs: [book] }\n";

driver limited(const std::string& yaml, duration deadline) {
  driver run;
  run_started start{"r", load(yaml), {}};
  start.deadline = deadline;
  run.record(std::move(start));
  return run;
}

bool refused(driver& run, decltype(event::what) what) {
  return !run.state.apply({run.state.version() + 1, run.now, std::move(what)});
}

} // namespace

BOOST_AUTO_TEST_CASE(a_late_run_fails_and_its_attempts_are_abandoned) {
  driver run = limited(two_steps, 10s);
  BOOST_TEST((run.state.due() == at(10)));
  const attempt_id at_work = run.current({"book", 0});
  run.now = at(10);
  run.record(run_timed_out{late});
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(!run.state.is_current(at_work));
  BOOST_TEST(!run.state.due().has_value());
  const auto summary = run.state.summary();
  BOOST_TEST(summary.failure().type() == "run.deadline_exceeded");
  BOOST_TEST(!summary.failure().has_step());
  BOOST_TEST(summary.deadline_time().seconds() == summary.started_time().seconds() + 10);
}

BOOST_AUTO_TEST_CASE(what_a_late_run_has_done_is_undone) {
  driver run = limited(two_steps, 10s);
  run.complete({"book", 0}, listing(0));
  run.record(run_timed_out{late});
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPENSATING);
  BOOST_TEST(!run.state.due().has_value()); // undoing takes its time
  BOOST_TEST(refused(run, run_timed_out{late}));
  run.complete({"book", 0, true});
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(run.state.summary().failure().type() == "run.deadline_exceeded");
}

BOOST_AUTO_TEST_CASE(only_a_run_with_a_deadline_is_late) {
  driver run{load(two_steps), {}};
  BOOST_TEST(!run.state.due().has_value());
  BOOST_TEST(!run.state.summary().has_deadline_time());
  BOOST_TEST(refused(run, run_timed_out{late}));
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_CASE(a_compensation_says_the_reason_that_the_run_has) {
  driver run = limited(two_steps, 10s);
  run.complete({"book", 0}, listing(0));
  const attempt_id paying = run.current({"pay", 0});
  must(run.state.apply({run.state.version() + 1, run.now, run_timed_out{late}}));
  BOOST_TEST(refused(run, run_compensating{std::nullopt, "somebody"}));
  BOOST_TEST(refused(run, run_compensating{run_failure{late, paying}, {}}));
  BOOST_TEST(!refused(run, run_compensating{run_failure{late, std::nullopt}, {}}));
}

BOOST_AUTO_TEST_SUITE_END()
