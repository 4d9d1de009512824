// Runs that have only so much time, through commits and restarts.
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_deadline)

namespace {

const std::string limited = "name: w\ndeadline: 30s\nsteps:\n"
                            "  book: { agent: files.list, compensate: { agent: files.write, input: "
                            "{ name: x } } }\n"
                            "  pay: { agent: files.list, needs: [book] }\n";

result<void> submit(engine_harness& engine, const definition_ptr& workflow,
                    std::chrono::nanoseconds deadline, const std::string& run = "r") {
  result<void> outcome = troupe::fail(workflow_errc::none, "not told");
  submit_options how;
  how.run_id = run;
  how.deadline = deadline;
  engine.core->submit(workflow, {}, how, [&](result<void> done) { outcome = std::move(done); });
  engine.core->commit();
  return outcome;
}

void check_late(engine_harness& engine, const std::string& run = "r") {
  const auto summary = engine.summary(run);
  BOOST_TEST(summary.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(summary.failure().type() == "run.deadline_exceeded");
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_run_ends_at_its_deadline, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(submit(engine, lone_step(""), 20s));
  engine.wait_until(at(19));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  BOOST_TEST(!engine.attempts.front().request.pulse->cancelled());
  engine.wait_until(at(20));
  check_late(engine);
  BOOST_TEST(engine.summary().failure().message() ==
             "the run was not closed within its deadline of 20s");
  // Its agent is told, and what it answers all the same is refused.
  BOOST_TEST(engine.attempts.front().request.pulse->cancelled());
  const auto events = engine.committed.size();
  engine.go_on();
  BOOST_TEST(engine.committed.size() == events);
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
}

BOOST_FIXTURE_TEST_CASE(the_definition_says_how_long_unless_the_submitter_does, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(submit(engine, load(limited), 0s, "usual"));
  BOOST_REQUIRE(submit(engine, load(limited), 2h, "long"));
  engine.wait_until(at(30));
  check_late(engine, "usual");
  BOOST_TEST(engine.summary("long").status() == v1::RUN_STATUS_RUNNING);
  engine.go_on();
  BOOST_TEST(engine.summary("long").status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

BOOST_FIXTURE_TEST_CASE(what_waits_does_not_outlast_it, engine_fixture) {
  engine_options options;
  options.max_attempts_in_flight = 1;
  engine_harness engine{open(), options};
  BOOST_REQUIRE(submit(engine, lone_step(""), 0s, "first"));
  BOOST_REQUIRE(submit(engine, lone_step(""), 5s, "queued"));
  BOOST_REQUIRE(submit(engine, load("name: w\nsteps: { a: { wait: 1h } }\n"), 5s, "timer"));
  BOOST_REQUIRE(submit(engine, load("name: w\nsteps: { a: { signal: go } }\n"), 5s, "signal"));
  engine.wait_until(at(5));
  for (const std::string run : {"queued", "timer", "signal"})
    BOOST_TEST(engine.summary(run).failure().type() == "run.deadline_exceeded", run);
  engine.go_on();
  BOOST_TEST(engine.started == std::vector<std::string>{"first/a/0"},
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_late_run_undoes_what_it_has_done, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(submit(engine, load(limited), 0s));
  engine.answer_one();
  engine.turn();
  engine.wait_until(at(30));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPENSATING);
  engine.go_on();
  BOOST_TEST(engine.started.back() == "r/book/0/compensate");
  check_late(engine);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_nobody_had_is_ended_by_who_takes_it_over, engine_fixture) {
  for (const int done : {0, 1})
    BOOST_TEST_CONTEXT(done << " steps done") {
      const std::string file = "s" + std::to_string(done) + ".db";
      {
        engine_harness engine{open(file)};
        BOOST_REQUIRE(submit(engine, load(limited), 0s));
        if (done == 1) engine.answer_one();
        engine.turn();
      }
      engine_harness next{open(file, at(60))};
      next.now = at(60);
      BOOST_REQUIRE(next.core->resume("r"));
      next.go_on();
      check_late(next);
      BOOST_TEST(next.started == std::vector<std::string>(done, "r/book/0/compensate"),
                 boost::test_tools::per_element());
    }
}

BOOST_FIXTURE_TEST_CASE(a_run_that_is_taken_over_in_time_keeps_its_deadline, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(submit(engine, load(limited), 0s));
  }
  engine_harness next{open("s.db", at(20))};
  next.now = at(20);
  BOOST_REQUIRE(next.core->resume("r"));
  next.wait_until(at(29));
  BOOST_TEST(next.summary().status() == v1::RUN_STATUS_RUNNING);
  next.wait_until(at(30));
  check_late(next);
}

BOOST_FIXTURE_TEST_CASE(a_late_run_takes_its_children_along, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(submit(engine,
                       load("name: w\ndeadline: 10s\nworkflows:\n"
                            "  inner: { steps: { a: { agent: files.list } } }\n"
                            "steps: { call: { workflow: inner } }\n"),
                       0s));
  engine.wait_until(at(10));
  engine.turn();
  check_late(engine);
  BOOST_TEST(engine.summary("r..call.0").status() == v1::RUN_STATUS_CANCELLED);
}

BOOST_FIXTURE_TEST_CASE(a_child_has_the_deadline_of_its_own_definition, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(submit(engine,
                       load("name: w\nworkflows:\n"
                            "  inner: { deadline: 10s, steps: { a: { agent: files.list } } }\n"
                            "steps: { call: { workflow: inner } }\n"),
                       0s));
  engine.wait_until(at(10));
  engine.turn();
  BOOST_TEST(engine.summary("r..call.0").failure().type() == "run.deadline_exceeded");
  BOOST_TEST(engine.summary().failure().type() == "workflow.child_failed");
}

BOOST_FIXTURE_TEST_CASE(a_repeated_submission_names_the_same_deadline, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(submit(engine, lone_step(""), 20s));
  engine.now = at(1);
  BOOST_TEST(submit(engine, lone_step(""), 20s).has_value());
  BOOST_TEST((submit(engine, lone_step(""), 21s).error().code == workflow_errc::run_exists));
}

BOOST_FIXTURE_TEST_CASE(odd_deadlines_are_refused, engine_fixture) {
  engine_harness engine{open()};
  for (const std::chrono::nanoseconds odd :
       {std::chrono::nanoseconds{-1s}, std::chrono::nanoseconds{24h * 366 * 10}})
    BOOST_TEST((submit(engine, lone_step(""), odd).error().code == workflow_errc::bad_input));
}

BOOST_AUTO_TEST_SUITE_END()
