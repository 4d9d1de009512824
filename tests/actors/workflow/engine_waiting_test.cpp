// Steps that wait for a time or for a signal: through crashes, for signals that come early, late, twice or wrong.
#include "tests/actors/workflow/engine_harness.hpp"
#include "troupe/v1/wait.pb.h"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_waiting)

namespace {

const std::string nap_between = "name: w\nsteps:\n"
                                "  a: { agent: files.list }\n"
                                "  nap: { wait: 90s, needs: [a] }\n"
                                "  b: { agent: files.list, needs: [nap] }\n";
const std::string approval = "name: w\nsteps:\n"
                             "  ask: { signal: approve }\n"
                             "  yes: { agent: files.list, when: \"${steps.ask.approved}\" }\n";
const std::string approval_in_time =
    "name: w\nsteps:\n"
    "  ask: { signal: approve, timeouts: { schedule_to_close: 1h }, default: { by: nobody } }\n"
    "  yes: { agent: files.list, when: \"${steps.ask.approved}\" }\n";

v1::StepStatus status_of(const engine_harness& of, int step, const std::string& run = "r") {
  return of.summary(run).steps(step).status();
}

/// What the engine says of a signal, once it is durable.
std::string told(engine_harness& engine, const run_signal& sent, const std::string& run = "r") {
  std::string made = "nothing";
  engine.core->signal(run, sent, [&](const result<signal_outcome>& outcome) {
    made = !outcome                               ? outcome.error().message()
           : *outcome == signal_outcome::recorded ? "recorded"
                                                  : "kept";
  });
  engine.turn();
  return made;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_timer_waits_its_time, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(nap_between), {}));
  engine.answer_one();
  engine.wait_until(at(89.9));
  BOOST_TEST(status_of(engine, 1) == v1::STEP_STATUS_WAITING);
  BOOST_TEST(engine.attempts.empty());
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
  engine.wait_until(at(90));
  BOOST_TEST(status_of(engine, 1) == v1::STEP_STATUS_COMPLETED);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_timer_outlasts_its_engine, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(load(nap_between), {}));
    engine.answer_one();
    engine.wait_until(at(30));
  }
  engine_harness again{open("s.db", at(40))};
  again.now = at(40);
  BOOST_REQUIRE(again.core->resume("r"));
  again.wait_until(at(89.9));
  BOOST_TEST(status_of(again, 1) == v1::STEP_STATUS_WAITING);
  again.wait_until(at(90)); // from when it began, not from when it was recovered
  BOOST_TEST(status_of(again, 1) == v1::STEP_STATUS_COMPLETED);
  again.go_on();
  BOOST_TEST(again.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_timer_that_was_due_meanwhile_fires_at_once, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(load(nap_between), {}));
    engine.answer_one();
    engine.turn();
  }
  engine_harness again{open("s.db", at(1'000))};
  again.now = at(1'000);
  BOOST_REQUIRE(again.core->resume("r"));
  again.turn();
  BOOST_TEST(status_of(again, 1) == v1::STEP_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_closed_run_leaves_no_timer, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps: { nap: { wait: 365d } }\n"), {}));
  BOOST_TEST(engine.core->timers_armed() == 1u);
  engine.core->cancel("r", {"", {}}, [](const result<cancellation>&) {});
  engine.turn();
  BOOST_TEST(engine.core->timers_armed() == 0u);
  BOOST_TEST(engine.core->runs_at_work() == 0u);
}

BOOST_FIXTURE_TEST_CASE(parallelism_bounds_what_waits, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(
      load("name: w\ninputs: { folder: string }\nsteps:\n"
           "  list: { agent: files.list, input: { folder: \"${inputs.folder}\" } }\n"
           "  nap: { wait: 10s, for_each: \"${steps.list.files}\", parallelism: 1 }\n"),
      {{"folder", std::string{"in"}}}));
  engine.answer_one();
  engine.turn();
  const int naps = engine.summary().steps_size() - 1;
  BOOST_REQUIRE(naps > 1);
  engine.wait_until(at(10.0 * naps - 0.1));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  engine.wait_until(at(10.0 * naps));
  BOOST_TEST(engine.core->runs_at_work() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_signal_decides, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(approval), {}));
  BOOST_TEST(status_of(engine, 0) == v1::STEP_STATUS_WAITING);
  BOOST_TEST(told(engine, {"approve", R"({"approved": true, "by": "Ada"})", {}}) == "recorded");
  BOOST_TEST(engine.attempts.size() == 1u);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(status_of(engine, 1) == v1::STEP_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_signal_is_kept_until_it_is_awaited, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(
      engine.submit(load("name: w\nsteps:\n"
                         "  a: { agent: files.list }\n"
                         "  one: { signal: go, needs: [a] }\n"
                         "  two: { signal: go, needs: [one] }\n"
                         "  b: { agent: files.list, when: \"${steps.one.by} == 'first' and "
                         "${steps.two.by} == 'second'\" }\n"),
                    {}));
  BOOST_TEST(told(engine, {"go", R"({"by": "first"})", {}}) == "recorded");
  BOOST_TEST(told(engine, {"go", R"({"by": "second"})", {}}) == "recorded");
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.attempts.size() == 1u); // both were there
  engine.go_on();
  BOOST_TEST(status_of(engine, 3) == v1::STEP_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_signal_counts_once, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(
      load("name: w\nsteps: { one: { signal: go }, two: { signal: go, needs: [one] } }\n"), {}));
  const run_signal sent{"go", "{}", "mail-1"};
  BOOST_TEST(told(engine, sent) == "recorded");
  BOOST_TEST(told(engine, sent) == "recorded");
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  BOOST_TEST(told(engine, {"go", "{}", "mail-2"}) == "recorded");
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(without_a_signal_in_time_the_default_stands, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(approval_in_time), {}));
  engine.wait_until(at(3'599));
  BOOST_TEST(status_of(engine, 0) == v1::STEP_STATUS_WAITING);
  engine.wait_until(at(3'600));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(status_of(engine, 0) == v1::STEP_STATUS_COMPLETED);
  BOOST_TEST(status_of(engine, 1) == v1::STEP_STATUS_SKIPPED);
}

BOOST_FIXTURE_TEST_CASE(a_signal_in_time_needs_no_default, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(approval_in_time), {}));
  engine.wait_until(at(60));
  BOOST_TEST(told(engine, {"approve", R"({"approved": true})", {}}) == "recorded");
  BOOST_TEST(engine.attempts.size() == 1u);
  BOOST_TEST(engine.core->timers_armed() == 1u); // the attempt's own
}

BOOST_FIXTURE_TEST_CASE(without_a_default_the_step_fails, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(
      load("name: w\nsteps: { ask: { signal: go, timeouts: { schedule_to_close: 5s } } }\n"), {}));
  engine.wait_until(at(5));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(engine.summary().failure().type() == "workflow.timeout");
}

BOOST_FIXTURE_TEST_CASE(wrong_signals_are_refused, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(approval), {}));
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps: { a: { agent: files.list } }\n"), {}, "none"));
  const std::pair<run_signal, std::string> table[] = {
      {{"aprove", "{}", {}}, "no step of run 'r' awaits a signal 'aprove'; it awaits approve"},
      {{"approve", "[1]", {}}, "the payload of signal 'approve' is no troupe.v1.Approval"},
      {{"approve", R"({"aproved": true})", {}}, "aproved"},
      {{"approve", "{", {}}, "is no troupe.v1.Approval"},
      {{"approve", "{\"by\": \"\xff\"}", {}}, "approve"},
      {{"approve", std::string(300'000, ' '), {}}, "300000 bytes"},
      {{"approve", "{}", "an id"}, "the id of a signal"},
  };
  for (const auto& [sent, words] : table)
    BOOST_TEST_CONTEXT(words) {
      const std::string said = told(engine, sent);
      BOOST_TEST(said.find(words) != std::string::npos, said);
    }
  BOOST_TEST(told(engine, {"approve", "{}", {}}, "none").find("its workflow awaits none") !=
             std::string::npos);
  BOOST_TEST(told(engine, {"approve", "{}", {}}, "nobody").find("nobody") != std::string::npos);
  BOOST_TEST(told(engine, {"approve", "{}", {}}) == "recorded"); // not approved: that was all
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  const std::string late = told(engine, {"approve", "{}", {}});
  BOOST_TEST(late.find("has ended") != std::string::npos, late);
}

BOOST_FIXTURE_TEST_CASE(a_signal_reaches_a_run_at_work_elsewhere, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(approval), {}));
  engine_harness other{open()};
  const run_signal sent{"approve", R"({"approved": true})", "once"};
  BOOST_TEST(told(other, sent) == "kept");
  BOOST_TEST(told(other, sent) == "kept"); // its answer was lost
  engine.wait_until(at(1));
  BOOST_TEST(engine.attempts.size() == 1u);
  BOOST_TEST(must(engine.history->signal_requests()).empty());
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  const std::string late = told(other, {"approve", "{}", {}});
  BOOST_TEST(late.find("has ended") != std::string::npos, late);
}

BOOST_FIXTURE_TEST_CASE(an_id_is_of_one_run, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(approval), {}, "a"));
  BOOST_REQUIRE(engine.submit(load(approval), {}, "b"));
  engine_harness other{open()};
  for (const char* run : {"a", "b"})
    BOOST_TEST(told(other, {"approve", "{}", "same"}, run) == "kept");
  engine.wait_until(at(1));
  for (const char* run : {"a", "b"})
    BOOST_TEST(engine.summary(run).status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_kept_signal_of_another_type_is_let_go_of, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(approval), {}));
  const auto other = open();
  for (const char* name : {"approve", "unknown"}) // its payload is none, its name nobody's
    BOOST_REQUIRE(other->request_signal({std::string{"r/"} + name, "r", name, "\x0f"}, at(0)));
  engine.wait_until(at(1));
  BOOST_TEST(must(engine.history->signal_requests()).empty());
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  BOOST_TEST(told(engine, {"approve", "{}", {}}) == "recorded");
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_signal_waits_for_whoever_takes_the_run_over, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(load(approval), {}));
  }
  {
    engine_harness other{open()};
    BOOST_TEST(told(other, {"approve", R"({"approved": true})", {}}) == "kept");
  }
  engine_harness again{open()};
  BOOST_REQUIRE(again.core->resume("r"));
  again.turn();
  BOOST_TEST(again.attempts.size() == 1u);
  again.go_on();
  BOOST_TEST(again.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(what_was_recorded_and_not_let_go_of_counts_once, engine_fixture) {
  const std::string twice =
      "name: w\nsteps: { one: { signal: go }, two: { signal: go, needs: [one] } }\n";
  engine_harness other{open("s.db")};
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(load(twice), {}));
    BOOST_TEST(told(engine, {"go", "{}", "once"}) == "recorded");
    // As it stands when a process ended between the two.
    BOOST_TEST(told(other, {"go", "{}", "once"}) == "kept");
  }
  engine_harness again{open()};
  BOOST_REQUIRE(again.core->resume("r"));
  again.turn();
  again.wait_until(at(2));
  BOOST_TEST(status_of(again, 1) == v1::STEP_STATUS_WAITING);
  BOOST_TEST(must(again.history->signal_requests()).empty());
}

BOOST_AUTO_TEST_SUITE_END()
