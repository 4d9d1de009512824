// Timeouts of all four kinds by the engine's own timers, and the order of what waits for a place.
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_timers)

namespace {

const std::string once = ", retry: { maximum_attempts: 1 }";

engine_options places(std::size_t most) {
  engine_options made;
  made.max_attempts_in_flight = most;
  return made;
}

void check_timed_out(const v1::RunSummary& run, const std::string& words) {
  BOOST_TEST(run.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(run.failure().type() == "workflow.timeout");
  BOOST_TEST(run.failure().message().find(words) != std::string::npos, run.failure().message());
}

} // namespace

BOOST_FIXTURE_TEST_CASE(schedule_to_start_ends_the_wait_itself, engine_fixture) {
  engine_harness engine{open(), places(1)};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "first"));
  BOOST_REQUIRE(
      engine.submit(lone_step(once + ", timeouts: { schedule_to_start: 5s }"), {}, "second"));
  engine.wait_until(at(4.9));
  BOOST_TEST(engine.summary("second").status() == v1::RUN_STATUS_RUNNING);
  engine.wait_until(at(5)); // the first still has the only place
  check_timed_out(engine.summary("second"), "a[0] was not started within schedule_to_start");
  BOOST_TEST(engine.core->attempts_in_flight() == 1u);
  engine.go_on();
  BOOST_TEST(engine.summary("first").status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.started.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_started_attempt_is_not_bound_by_schedule_to_start, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(once + ", timeouts: { schedule_to_start: 5s }"), {}));
  engine.wait_until(at(60));
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(start_to_close_ends_an_attempt_that_never_answers, engine_fixture) {
  engine_harness engine{open(), places(1)};
  BOOST_REQUIRE(engine.submit(lone_step(", retry: { maximum_attempts: 2, initial_interval: 1s }, "
                                        "timeouts: { start_to_close: 3s }"),
                              {}));
  engine.wait_until(at(3));
  BOOST_TEST(engine.core->attempts_in_flight() == 0u); // its place is free again
  BOOST_TEST(engine.summary().steps(0).status() == v1::STEP_STATUS_BACKING_OFF);
  engine.wait_until(at(4));
  BOOST_TEST(engine.core->attempts_in_flight() == 1u);
  // The first answers after all: it is refused, and leaves no second place.
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.core->attempts_in_flight() == 1u);
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.summary().steps(0).attempts() == 2u);
}

BOOST_FIXTURE_TEST_CASE(an_attempt_without_limits_ends_by_the_default, engine_fixture) {
  engine_options options;
  options.default_timeout = 7s;
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(lone_step(once), {}));
  engine.wait_until(at(7));
  check_timed_out(engine.summary(), "give its step a start_to_close");
}

BOOST_FIXTURE_TEST_CASE(the_runtimes_own_deadline_is_the_same_failure, engine_fixture) {
  engine_harness engine{open()};
  engine.answers = [&](const attempt_request& asked) -> reply<message_ptr> {
    engine.now += asked.timeout;
    return tl::unexpected(failure{"runtime.deadline_exceeded", "too late", true});
  };
  BOOST_REQUIRE(engine.submit(lone_step(once + ", timeouts: { start_to_close: 3s }"), {}));
  engine.answer_one();
  for (auto tasks = std::exchange(engine.posted, {}); const auto& task : tasks)
    task(); // before the engine's own timer
  engine.turn();
  check_timed_out(engine.summary(), "start_to_close");
}

BOOST_FIXTURE_TEST_CASE(schedule_to_close_covers_all_attempts, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(
      lone_step(
          ", retry: { initial_interval: 1s, backoff_coefficient: 1 }, timeouts: { start_to_close: "
          "4s, schedule_to_close: 8s }"),
      {}));
  engine.wait_until(at(8)); // 4 s, a wait of 1 s, and 3 of the second attempt's 4 s
  check_timed_out(engine.summary(), "schedule_to_close");
  BOOST_TEST(engine.started.size() == 2u);
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
}

BOOST_FIXTURE_TEST_CASE(schedule_to_close_ends_the_wait_for_a_place, engine_fixture) {
  engine_harness engine{open(), places(1)};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "first"));
  BOOST_REQUIRE(engine.submit(lone_step(", timeouts: { schedule_to_close: 5s }"), {}, "second"));
  engine.wait_until(at(5));
  check_timed_out(engine.summary("second"), "schedule_to_close");
  engine.go_on();
  BOOST_TEST(engine.started.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(schedule_to_close_ends_the_wait_between_attempts, engine_fixture) {
  // The second attempt of r[0] is due after 1 s, but the step's one place is r[1]'s.
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(
      load("name: w\nsteps:\n  list: { agent: files.list }\n"
           "  r: { agent: files.read, for_each: \"${steps.list.files}\", parallelism: 1, retry: { "
           "initial_interval: 1s }, timeouts: { schedule_to_close: 5s }, input: { path: "
           "\"${item.path}\" } }\n"),
      {}));
  engine.answer_one();
  engine.turn();
  engine.answers = [](const attempt_request&) -> reply<message_ptr> {
    return tl::unexpected(failure{"x.busy", "later", true});
  };
  engine.answer_one();
  engine.turn();
  engine.wait_until(at(5));
  check_timed_out(engine.summary(), "r[0] was not closed within schedule_to_close");
  BOOST_TEST(engine.committed[engine.committed.size() - 2].has_step_timed_out());
}

BOOST_FIXTURE_TEST_CASE(schedule_to_close_goes_on_after_a_crash, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(lone_step(", timeouts: { schedule_to_close: 9s }"), {}));
  }
  engine_harness again{open()};
  again.now = at(5);
  BOOST_REQUIRE(again.core->resume("r"));
  again.wait_until(at(9));
  check_timed_out(again.summary(), "schedule_to_close");
}

BOOST_FIXTURE_TEST_CASE(an_attempt_without_signs_of_life_fails, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(
      lone_step(
          ", retry: { maximum_attempts: 2, initial_interval: 1s }, timeouts: { heartbeat: 2s }"),
      {}));
  BOOST_REQUIRE(engine.attempts.size() == 1u);
  const auto pulse = engine.attempts[0].request.pulse;
  BOOST_REQUIRE(pulse);
  for (int i = 1; i <= 10; ++i) {
    engine.wait_until(at(1.5 * i));
    BOOST_REQUIRE(engine.core->attempts_in_flight() == 1u);
    pulse->beat();
  }
  engine.wait_until(at(16.9));
  BOOST_TEST(engine.core->attempts_in_flight() == 1u);
  engine.wait_until(at(17));
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
  BOOST_TEST(engine.summary().steps(0).failure().message() ==
             "a[0] gave no sign of life within heartbeat");
  engine.wait_until(at(18)); // retryable
  pulse->beat();             // of the attempt before: of no use to this one
  engine.wait_until(at(20));
  check_timed_out(engine.summary(), "heartbeat");
  BOOST_TEST(engine.started.size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(attempts_without_a_heartbeat_may_be_silent, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  engine.wait_until(at(599));
  BOOST_TEST(engine.core->attempts_in_flight() == 1u);
}

BOOST_FIXTURE_TEST_CASE(answers_leave_no_timers_behind, engine_fixture) {
  engine_harness engine{open()};
  for (int i = 0; i < 20; ++i) {
    BOOST_REQUIRE(engine.submit(
        lone_step(", timeouts: { schedule_to_start: 1h, start_to_close: 1h, schedule_to_close: 2h, "
                  "heartbeat: 1h }"),
        {}, "r" + std::to_string(i)));
    engine.go_on();
  }
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

// --- order ---------------------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(what_waits_goes_by_priority_then_by_order, engine_fixture) {
  engine_harness engine{open(), places(1)};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "busy"));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "usual-1"));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "low", -5));
  BOOST_REQUIRE(engine.submit(lone_step(", priority: 7"), {}, "step"));
  BOOST_REQUIRE(engine.submit(lone_step(", priority: 7"), {}, "both", 90));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "usual-2"));
  engine.go_on();
  const std::vector<std::string> expected{"busy/a/0",    "both/a/0",    "step/a/0",
                                          "usual-1/a/0", "usual-2/a/0", "low/a/0"};
  BOOST_TEST(engine.started == expected, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(the_agent_hears_of_the_priority, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(", priority: 7"), {}, "r", 90));
  BOOST_TEST(engine.attempts[0].request.priority == 97);
  BOOST_TEST(engine.summary().priority() == 90);
}

BOOST_FIXTURE_TEST_CASE(priorities_survive_a_crash, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(lone_step(""), {}, "low", -100));
    BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 100));
  }
  engine_harness again{open(), places(1)};
  BOOST_TEST(must(again.core->recover()).runs.size() == 2u);
  again.go_on();
  BOOST_TEST(again.started == (std::vector<std::string>{"high/a/0", "low/a/0"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(odd_priorities_are_refused, engine_fixture) {
  engine_harness engine{open()};
  for (const int odd : {-101, 101})
    BOOST_TEST(
        (engine.submit(lone_step(""), {}, "r", odd).error().code == workflow_errc::bad_input));
}

BOOST_AUTO_TEST_SUITE_END()
