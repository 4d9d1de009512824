// Cancelling with a time of grace, and by force: here, elsewhere, and across crashes.
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_cancel_grace)

namespace {

const std::string undoable = "name: w\nsteps:\n"
                             "  book: { agent: files.list, retry: { maximum_attempts: 3 }, "
                             "compensate: { agent: files.write, "
                             "input: { name: x } } }\n"
                             "  pay: { agent: files.list, needs: [book] }\n";

result<cancellation> cancel_run_of(engine_harness& engine, const cancel_options& how,
                                   const std::string& run = "r") {
  result<cancellation> told = fail(workflow_errc::none, "not told");
  engine.core->cancel(run, how, [&](result<cancellation> done) { told = std::move(done); });
  engine.turn();
  return told;
}

void check_ended(engine_harness& engine, const std::string& reason = "enough",
                 const std::string& run = "r") {
  engine.turn();
  const auto summary = engine.summary(run);
  BOOST_TEST(summary.status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(summary.cancel_reason() == reason);
  BOOST_TEST(!summary.has_cancel_due_time());
}

std::size_t times(const engine_harness& engine, const std::string& key) {
  return static_cast<std::size_t>(std::ranges::count(engine.started, key));
}

} // namespace

BOOST_FIXTURE_TEST_CASE(attempts_are_told_and_waited_for, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(undoable), {}));
  BOOST_TEST((cancel_run_of(engine, {"enough", 30s}) == cancellation::cancelling));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  BOOST_TEST(engine.summary().has_cancel_due_time());
  const auto& pulse = *engine.attempts.front().request.pulse;
  BOOST_TEST(pulse.cancelled());
  BOOST_TEST(!pulse.abandoned());
  engine.wait_until(at(20));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  // What it completes all the same counts, and is undone.
  engine.go_on();
  check_ended(engine);
  BOOST_TEST(engine.started == (std::vector<std::string>{"r/book/0", "r/book/0/compensate"}),
             boost::test_tools::per_element());
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

BOOST_FIXTURE_TEST_CASE(what_fails_meanwhile_is_not_tried_again, engine_fixture) {
  engine_harness engine{open()};
  engine.answers = [](const attempt_request&) -> reply<message_ptr> {
    return tl::unexpected(failure{"x.stopped", "told to end", true});
  };
  BOOST_REQUIRE(engine.submit(load(undoable), {}));
  BOOST_TEST(cancel_run_of(engine, {"enough", 30s}).has_value());
  engine.go_on(false);
  check_ended(engine);
  BOOST_TEST(engine.started.size() == 1u);
  BOOST_TEST(engine.summary().steps(0).failure().type() == "x.stopped");
}

BOOST_FIXTURE_TEST_CASE(who_does_not_answer_in_time_is_abandoned, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(undoable), {}));
  BOOST_TEST(cancel_run_of(engine, {"enough", 30s}).has_value());
  engine.wait_until(at(30));
  check_ended(engine);
  BOOST_TEST(engine.attempts.front().request.pulse->abandoned());
  const auto events = engine.committed.size();
  engine.go_on(); // the late answer
  BOOST_TEST(engine.committed.size() == events);
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

BOOST_FIXTURE_TEST_CASE(what_has_not_begun_is_not_waited_for, engine_fixture) {
  engine_options options;
  options.max_attempts_in_flight = 1;
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "first"));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "queued"));
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps: { a: { wait: 1h } }\n"), {}, "timer"));
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps: { a: { signal: go } }\n"), {}, "signal"));
  for (const std::string run : {"queued", "timer", "signal"}) {
    BOOST_TEST((cancel_run_of(engine, {"enough", 30s}, run) == cancellation::done), run);
    check_ended(engine, "enough", run);
  }
  engine.go_on();
  BOOST_TEST(engine.started == std::vector<std::string>{"first/a/0"},
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(of_many_only_those_at_work_are_waited_for, engine_fixture) {
  engine_options options;
  options.max_attempts_in_flight = 2;
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(
      load("name: w\nsteps:\n  list: { agent: files.list }\n  read: { agent: files.read, "
           "for_each: \"${steps.list.files}\", input: { path: \"${item.path}\" } }\n"),
      {}));
  engine.answer_one();
  engine.turn();
  engine.turn();
  BOOST_TEST(engine.attempts.size() == 2u);
  BOOST_TEST((cancel_run_of(engine, {"enough", 30s}) == cancellation::cancelling));
  BOOST_TEST(engine.committed.back().run_cancelling().tokens_size() == 2);
  engine.go_on(false);
  check_ended(engine);
  BOOST_TEST(engine.started.size() == 3u);
  BOOST_TEST(engine.summary().steps(1).status() == v1::STEP_STATUS_COMPLETED);
  BOOST_TEST(engine.summary().steps(3).status() == v1::STEP_STATUS_CANCELLED);
}

BOOST_FIXTURE_TEST_CASE(asking_again_makes_the_end_come_sooner_only, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  BOOST_TEST(cancel_run_of(engine, {"first", 30s}).has_value());
  BOOST_TEST((cancel_run_of(engine, {"later", 1h}) == cancellation::cancelling));
  BOOST_TEST((cancel_run_of(engine, {"sooner", 10s}) == cancellation::cancelling));
  engine.wait_until(at(9));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  engine.wait_until(at(10));
  check_ended(engine, "first");
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "other"));
  BOOST_TEST(cancel_run_of(engine, {"first", 30s}, "other").has_value());
  BOOST_TEST((cancel_run_of(engine, {"now", 0s}, "other") == cancellation::done));
  check_ended(engine, "first", "other");
}

BOOST_FIXTURE_TEST_CASE(signals_find_nobody_meanwhile, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(
      engine.submit(load("name: w\nsteps: { a: { agent: files.list }, b: { signal: go } }\n"), {}));
  BOOST_TEST(cancel_run_of(engine, {"enough", 30s}).has_value());
  result<signal_outcome> told = fail(workflow_errc::none, "not told");
  engine.core->signal("r", {"go", "{}", ""}, [&](result<signal_outcome> done) { told = done; });
  BOOST_TEST((told.error().code == workflow_errc::run_closed));
  engine.go_on();
  check_ended(engine);
}

BOOST_FIXTURE_TEST_CASE(a_run_of_another_owner_gets_the_grace_that_was_asked_for, engine_fixture) {
  engine_harness owner{open()};
  engine_harness other{open()};
  BOOST_REQUIRE(owner.submit(lone_step(""), {}));
  owner.turn();
  BOOST_TEST((cancel_run_of(other, {"enough", 20s}) == cancellation::requested));
  owner.wait_until(at(15));
  BOOST_TEST(owner.summary().has_cancel_due_time());
  BOOST_TEST((cancel_run_of(other, {"now", 0s}) == cancellation::requested));
  owner.wait_until(at(16));
  check_ended(owner);
}

BOOST_FIXTURE_TEST_CASE(a_crash_meanwhile_ends_the_wait, engine_fixture) {
  for (const bool done : {false, true})
    BOOST_TEST_CONTEXT((done ? "something to undo" : "nothing to undo")) {
      const std::string file = done ? "a.db" : "b.db";
      {
        engine_harness engine{open(file)};
        BOOST_REQUIRE(engine.submit(load(undoable), {}));
        if (done) {
          engine.answer_one();
          engine.turn();
          engine.turn();
        }
        BOOST_TEST((cancel_run_of(engine, {"enough", 30s}) == cancellation::cancelling));
      }
      engine_harness next{open(file)};
      (void)next.core->recover();
      next.go_on();
      check_ended(next);
      BOOST_TEST(next.started.size() == (done ? 1u : 0u));
      BOOST_TEST(times(next, "r/book/0/compensate") == (done ? 1u : 0u));
      BOOST_TEST(next.core->timers_armed() == 0u);
    }
}

BOOST_FIXTURE_TEST_CASE(children_have_the_same_grace, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load("name: w\nworkflows:\n"
                                   "  inner: { steps: { a: { agent: files.list } } }\n"
                                   "steps: { call: { workflow: inner } }\n"),
                              {}));
  engine.turn();
  BOOST_TEST((cancel_run_of(engine, {"enough", 30s}) == cancellation::cancelling));
  engine.turn();
  BOOST_TEST(engine.summary("r..call.0").has_cancel_due_time());
  engine.wait_until(at(29));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  engine.wait_until(at(31));
  check_ended(engine);
  BOOST_TEST(engine.summary("r..call.0").status() == v1::RUN_STATUS_CANCELLED);
}

BOOST_FIXTURE_TEST_CASE(force_waits_for_nothing_and_undoes_nothing, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(undoable), {}));
  engine.answer_one();
  engine.turn();
  engine.turn();
  BOOST_TEST((cancel_run_of(engine, {"enough", 30s, true}) == cancellation::done));
  check_ended(engine);
  BOOST_TEST(engine.committed.back().run_cancelled().forced());
  engine.go_on();
  BOOST_TEST(times(engine, "r/book/0/compensate") == 0u);
}

BOOST_FIXTURE_TEST_CASE(force_ends_a_run_that_undoes_what_it_has_done, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(undoable), {}));
  engine.answer_one();
  engine.turn();
  engine.turn();
  BOOST_TEST((cancel_run_of(engine, {"enough", 0s}) == cancellation::compensating));
  BOOST_TEST((cancel_run_of(engine, {"now", 0s, true}) == cancellation::done));
  check_ended(engine);
  BOOST_TEST(engine.summary().steps(0).compensation().status() != v1::STEP_STATUS_COMPLETED);
  // Of another owner, and of nobody.
  for (const bool alive : {true, false})
    BOOST_TEST_CONTEXT((alive ? "owned" : "nobody has it")) {
      const std::string run = alive ? "owned" : "lost";
      auto owner = std::make_unique<engine_harness>(open());
      BOOST_REQUIRE(owner->submit(load(undoable), {}, run));
      owner->answer_one();
      owner->turn();
      owner->turn();
      BOOST_TEST((cancel_run_of(*owner, {"enough", 0s}, run) == cancellation::compensating));
      if (!alive) owner.reset();
      engine_harness other{open()};
      const auto told = cancel_run_of(other, {"now", 0s, true}, run);
      BOOST_TEST((told == (alive ? cancellation::requested : cancellation::done)));
      if (alive) owner->wait_until(at(1));
      BOOST_TEST(other.summary(run).status() == v1::RUN_STATUS_CANCELLED);
    }
}

BOOST_FIXTURE_TEST_CASE(force_takes_children_along, engine_fixture) {
  const auto workflow = load("name: w\nworkflows:\n"
                             "  inner: { steps: { a: { agent: files.list, compensate: { agent: "
                             "files.list } }, b: { agent: files.list, needs: [a] } } }\n"
                             "steps: { call: { workflow: inner } }\n");
  for (const bool alive : {true, false})
    BOOST_TEST_CONTEXT((alive ? "at work here" : "nobody has it")) {
      const std::string file = alive ? "a.db" : "b.db";
      auto engine = std::make_unique<engine_harness>(open(file));
      BOOST_REQUIRE(engine->submit(workflow, {}));
      engine->turn();
      engine->answer_one();
      engine->turn();
      if (!alive) engine = std::make_unique<engine_harness>(open(file));
      BOOST_TEST((cancel_run_of(*engine, {"enough", 0s, true}) == cancellation::done));
      check_ended(*engine);
      BOOST_TEST(engine->summary("r..call.0").status() == v1::RUN_STATUS_CANCELLED);
      engine->go_on();
      BOOST_TEST(times(*engine, "r..call.0/a/0/compensate") == 0u);
    }
}

BOOST_FIXTURE_TEST_CASE(odd_options_are_refused, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  for (const cancel_options& odd : {cancel_options{"", -1ms}, cancel_options{"", 25h},
                                    cancel_options{"\x1f"
                                                   "0 force\x1f",
                                                   0ms}}) {
    const auto told = cancel_run_of(engine, odd);
    BOOST_REQUIRE(!told);
    BOOST_TEST((told.error().code == workflow_errc::bad_input));
  }
}

BOOST_AUTO_TEST_SUITE_END()
