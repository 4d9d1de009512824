// Runs that undo what they have done: through commits, crashes, cancellations from anywhere and time limits.
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_compensation)

namespace {

const std::string bookings =
    "name: w\nsteps:\n"
    "  list: { agent: files.list }\n"
    "  book: { agent: files.read, for_each: \"${steps.list.files}\", parallelism: 1, input: { "
    "path: "
    "\"${item.path}\" }, compensate: { agent: files.write, input: { name: "
    "\"${steps.book.path}\" }, retry: { maximum_attempts: 2, initial_interval: 1s } } }\n"
    "  pay: { agent: ner.extract, needs: [book], retry: { maximum_attempts: 1 } }\n";

reply<message_ptr> payment_fails(const attempt_request& asked) {
  if (asked.idempotency_key == "r/pay/0")
    return tl::unexpected(failure{"pay.refused", "no money", false});
  return answer(*asked.payload);
}

std::vector<std::string> undone(const engine_harness& engine) {
  std::vector<std::string> made;
  for (const std::string& key : engine.started)
    if (key.ends_with("/compensate")) made.push_back(key);
  return made;
}

result<cancellation> cancel(engine_harness& engine) {
  result<cancellation> told = fail(workflow_errc::none, "not told");
  engine.core->cancel("r", {"enough", {}},
                      [&](result<cancellation> done) { told = std::move(done); });
  engine.turn();
  return told;
}

/// Until so many bookings are done, and the next one is at work.
void book(engine_harness& engine, int bookings_done) {
  BOOST_REQUIRE(engine.submit(load(bookings), {}));
  for (int i = 0; i < 1 + bookings_done; ++i) {
    engine.answer_one();
    engine.turn();
  }
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_failed_run_is_undone, engine_fixture) {
  engine_harness engine{open()};
  engine.answers = payment_fails;
  BOOST_REQUIRE(engine.submit(load(bookings), {}));
  engine.go_on();
  BOOST_TEST(undone(engine) ==
                 (std::vector<std::string>{"r/book/2/compensate", "r/book/1/compensate",
                                           "r/book/0/compensate"}),
             boost::test_tools::per_element());
  const auto summary = engine.summary(); // from the store
  BOOST_TEST(summary.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(summary.failure().message() == "step pay failed at attempt 1: no money");
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

BOOST_FIXTURE_TEST_CASE(the_failure_says_what_could_not_be_undone, engine_fixture) {
  engine_harness engine{open()};
  engine.answers = [](const attempt_request& asked) -> reply<message_ptr> {
    if (asked.idempotency_key == "r/book/1/compensate")
      return tl::unexpected(failure{"x.busy", "locked", true});
    return payment_fails(asked);
  };
  BOOST_REQUIRE(engine.submit(load(bookings), {}));
  engine.go_on();
  BOOST_TEST(undone(engine).size() == 4u);
  BOOST_TEST(engine.summary().failure().message() ==
             "step pay failed at attempt 1: no money; the compensation of book[1] failed: locked");
}

BOOST_FIXTURE_TEST_CASE(a_crash_at_any_commit_goes_on_with_the_next_one, engine_fixture) {
  for (std::size_t commits = 1; commits < 14; ++commits)
    BOOST_TEST_CONTEXT(commits << " commits") {
      const std::string file = "s" + std::to_string(commits) + ".db";
      {
        engine_harness engine{std::make_unique<failing_store>(open(file), commits)};
        engine.answers = payment_fails;
        (void)engine.submit(load(bookings), {});
        engine.go_on();
      }
      engine_harness next{open(file)};
      next.answers = payment_fails;
      (void)next.core->recover();
      next.go_on();
      BOOST_TEST(next.summary().status() == v1::RUN_STATUS_FAILED);
      std::map<std::string, int> completed;
      std::vector<std::uint32_t> order;
      for (const auto& each : must(next.core->history("r")))
        if (const auto& done = each.step_completed().attempt(); done.compensation()) {
          ++completed[done.step() + std::to_string(done.index())];
          order.push_back(done.index());
        }
      BOOST_TEST(order == (std::vector<std::uint32_t>{2, 1, 0}), boost::test_tools::per_element());
      for (const auto& [name, times] : completed)
        BOOST_TEST(times == 1, name);
    }
}

BOOST_FIXTURE_TEST_CASE(a_run_that_is_cancelled_here_is_undone, engine_fixture) {
  engine_harness engine{open()};
  book(engine, 2);
  BOOST_TEST((cancel(engine) == cancellation::compensating));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPENSATING);
  BOOST_TEST(must(engine.core->list({})).at(0).status == v1::RUN_STATUS_COMPENSATING);
  BOOST_TEST((cancel(engine) == cancellation::compensating)); // it is on its way
  engine.go_on();
  BOOST_TEST(undone(engine).size() == 2u);
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(engine.summary().cancel_reason() == "enough");
}

BOOST_FIXTURE_TEST_CASE(before_anything_is_done_a_cancelled_run_ends_at_once, engine_fixture) {
  engine_harness engine{open()};
  book(engine, 0);
  BOOST_TEST((cancel(engine) == cancellation::done));
}

BOOST_FIXTURE_TEST_CASE(an_owner_elsewhere_undoes, engine_fixture) {
  engine_harness owner{open()};
  book(owner, 1);
  engine_harness other{open()};
  BOOST_TEST((cancel(other) == cancellation::requested));
  owner.wait_until(at(1));
  BOOST_TEST(owner.summary().status() == v1::RUN_STATUS_COMPENSATING);
  BOOST_TEST((cancel(other) == cancellation::compensating));
  owner.go_on();
  BOOST_TEST(undone(owner).size() == 1u);
  BOOST_TEST(other.summary().status() == v1::RUN_STATUS_CANCELLED);
}

BOOST_FIXTURE_TEST_CASE(what_nobody_has_is_left_to_who_knows_its_agents, engine_fixture) {
  {
    engine_harness engine{open()};
    book(engine, 2);
  }
  engine_harness canceller{open()};
  canceller.agents.remove("files.write");
  BOOST_TEST((cancel(canceller) == cancellation::compensating));
  BOOST_TEST(canceller.summary().status() == v1::RUN_STATUS_RUNNING);
  BOOST_TEST((canceller.core->resume("r").error().code == workflow_errc::agent_missing));
  engine_harness next{open()};
  BOOST_TEST(must(next.core->recover()).runs.size() == 1u);
  next.go_on();
  BOOST_TEST(undone(next) ==
                 (std::vector<std::string>{"r/book/1/compensate", "r/book/0/compensate"}),
             boost::test_tools::per_element());
  BOOST_TEST(next.summary().status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(next.summary().cancel_reason() == "enough");
}

BOOST_FIXTURE_TEST_CASE(what_nobody_has_and_has_done_nothing_is_closed_directly, engine_fixture) {
  {
    engine_harness engine{open()};
    book(engine, 0);
  }
  engine_harness canceller{open()};
  canceller.agents.remove("files.list");
  BOOST_TEST((cancel(canceller) == cancellation::done));
  BOOST_TEST(canceller.summary().status() == v1::RUN_STATUS_CANCELLED);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_compensates_goes_on_elsewhere, engine_fixture) {
  {
    engine_harness engine{open()};
    book(engine, 2);
    (void)cancel(engine);
    engine.posted.clear(); // what is in flight is lost with it
    engine.attempts.clear();
  }
  engine_harness next{open()};
  BOOST_REQUIRE(next.core->resume("r"));
  next.go_on();
  BOOST_TEST(undone(next).size() == 2u);
  BOOST_TEST(next.summary().status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST((next.core->resume("r").error().code == workflow_errc::run_cancelled));
}

BOOST_FIXTURE_TEST_CASE(limits_of_steps_end_with_them_and_those_of_compensations_hold,
                        engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(
      load("name: w\nsteps:\n"
           "  a: { agent: files.list, compensate: { agent: files.read, timeouts: { "
           "schedule_to_close: 5s }, retry: { maximum_attempts: 3 } } }\n"
           "  nap: { wait: 20s, needs: [a] }\n"
           "  b: { agent: files.list, needs: [a], timeouts: { schedule_to_close: 10s } }\n"),
      {}));
  engine.answer_one();
  engine.turn();
  BOOST_TEST((cancel(engine) == cancellation::compensating));
  engine.wait_until(at(4.9));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPENSATING);
  engine.wait_until(at(5));
  const auto summary = engine.summary();
  BOOST_TEST(summary.status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(summary.steps(0).compensation().failure().type() == "workflow.timeout");
  engine.wait_until(at(30)); // nothing else fires
  BOOST_TEST(!engine.core->failed().has_value());
}

BOOST_FIXTURE_TEST_CASE(nothing_is_told_to_a_run_that_undoes, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps:\n"
                                   "  a: { agent: files.list, compensate: { agent: files.read } }\n"
                                   "  ask: { signal: go, needs: [a] }\n"),
                              {}));
  engine.answer_one();
  engine.turn();
  (void)cancel(engine);
  std::string told;
  engine.core->signal("r", {"go", "{}", {}}, [&](const result<signal_outcome>& outcome) {
    told = outcome ? "taken" : outcome.error().message();
  });
  BOOST_TEST(told.find("has ended and undoes what it has done") != std::string::npos, told);
}

BOOST_AUTO_TEST_SUITE_END()
