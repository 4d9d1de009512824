// Cancelling runs: here, at work elsewhere, at work nowhere, and across crashes.
#include "actors/workflow/event_codec.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_cancel)

namespace {

definition_ptr lone_step() {
  return load("name: w\nsteps: { a: { agent: files.list } }\n");
}

result<cancellation> cancel(engine_harness& engine, const std::string& run,
                            const std::string& reason = "no longer wanted") {
  result<cancellation> told = fail(workflow_errc::none, "not told");
  engine.core->cancel(run, {reason, {}},
                      [&](result<cancellation> done) { told = std::move(done); });
  engine.turn();
  return told;
}

std::error_code code_of(const result<cancellation>& outcome) {
  return outcome ? std::error_code{} : outcome.error().code;
}

void check_cancelled(engine_harness& engine, const std::string& run = "r") {
  const auto summary = engine.summary(run);
  BOOST_TEST(summary.status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(summary.cancel_reason() == "no longer wanted");
  BOOST_TEST(summary.has_closed_time());
  BOOST_TEST(must(engine.core->list({})).at(0).status == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(must(engine.core->history(run)).back().run_cancelled().reason() == "no longer wanted");
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_run_at_work_here_ends_at_once, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  engine.answer_one();
  engine.turn();
  result<v1::RunSummary> told = fail(workflow_errc::none, "not told");
  (void)engine.core->when_closed("r", [&](result<v1::RunSummary> done) { told = std::move(done); });
  BOOST_TEST((cancel(engine, "r") == cancellation::done));
  BOOST_REQUIRE(told);
  BOOST_TEST(told->status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(told->steps(0).status() == v1::STEP_STATUS_COMPLETED);
  BOOST_TEST(told->steps(1).status() == v1::STEP_STATUS_CANCELLED);
  BOOST_TEST(engine.core->runs_at_work() == 0u);
  // What agents still answer is refused; their places become free.
  const auto events = engine.committed.size();
  BOOST_TEST(engine.core->attempts_in_flight() == 2u);
  engine.go_on();
  BOOST_TEST(engine.committed.size() == events);
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
  check_cancelled(engine);
}

BOOST_FIXTURE_TEST_CASE(a_place_of_a_cancelled_run_is_free_by_its_deadline, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(), {}));
  BOOST_TEST(cancel(engine, "r").has_value());
  BOOST_TEST(engine.core->attempts_in_flight() == 1u);
  engine.wait_until(at(601)); // the default timeout
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
}

BOOST_FIXTURE_TEST_CASE(what_waits_is_not_started, engine_fixture) {
  engine_options options;
  options.max_attempts_in_flight = 1;
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(lone_step(), {}, "first"));
  BOOST_REQUIRE(engine.submit(lone_step(), {}, "second"));
  BOOST_TEST(cancel(engine, "second").has_value());
  engine.go_on();
  BOOST_TEST(engine.started == std::vector<std::string>{"first/a/0"},
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_run_of_another_owner_ends_within_a_second, engine_fixture) {
  engine_harness owner{open()};
  engine_harness other{open()};
  BOOST_REQUIRE(owner.submit(lone_step(), {}));
  owner.turn(); // has looked just now
  BOOST_TEST((cancel(other, "r") == cancellation::requested));
  BOOST_TEST(owner.summary().status() == v1::RUN_STATUS_RUNNING);
  owner.wait_until(at(1));
  check_cancelled(owner);
  BOOST_TEST(other.summary().status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST((code_of(cancel(other, "r")) == workflow_errc::run_cancelled));
}

BOOST_FIXTURE_TEST_CASE(a_run_that_its_owner_ends_in_between_is_cancelled, engine_fixture) {
  struct raced final : forwarding_store {
    using forwarding_store::forwarding_store;
    result<void> request_cancel(const cancel_request& wanted, time_point now) override {
      if (before == "request") meanwhile();
      return forwarding_store::request_cancel(wanted, now);
    }
    result<std::uint64_t> claim(const std::string& run, time_point now) override {
      if (before == "claim") meanwhile();
      return forwarding_store::claim(run, now);
    }
    std::string before;
    std::function<void()> meanwhile;
  };
  for (const std::string before : {"request", "claim"})
    BOOST_TEST_CONTEXT(before) {
      engine_harness owner{open()};
      BOOST_REQUIRE(owner.submit(lone_step(), {}, before));
      auto racing = std::make_unique<raced>(open());
      racing->before = before;
      bool racing_no_more = false;
      racing->meanwhile = [&] {
        if (racing_no_more) return;
        owner.core->cancel(before, {"first", {}}, [](const result<cancellation>&) {});
        owner.turn();
      };
      engine_harness other{std::move(racing)};
      const auto outcome = cancel(other, before);
      // After the wish its owner is looked at, which lives: whoever asks again hears the rest.
      if (before == "claim")
        BOOST_TEST((outcome == cancellation::requested));
      else
        BOOST_TEST((code_of(outcome) == workflow_errc::run_cancelled));
      racing_no_more = true;
      BOOST_TEST((code_of(cancel(other, before)) == workflow_errc::run_cancelled));
      BOOST_TEST(owner.summary(before).cancel_reason() == "first");
    }
}

BOOST_FIXTURE_TEST_CASE(an_owner_looks_once_a_second_while_it_has_runs, engine_fixture) {
  struct counted final : forwarding_store {
    using forwarding_store::forwarding_store;
    result<std::vector<cancel_request>> cancel_requests() override {
      ++looks;
      return forwarding_store::cancel_requests();
    }
    int looks = 0;
  };
  auto counting = std::make_unique<counted>(open());
  auto& seen = *counting;
  engine_harness engine{std::move(counting)};
  engine.wait_until(at(60));
  BOOST_TEST(seen.looks == 0); // nothing to look for
  BOOST_REQUIRE(engine.submit(lone_step(), {}));
  engine.wait_until(at(70));
  BOOST_TEST(seen.looks >= 10);
  BOOST_TEST(seen.looks <= 22);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_nobody_has_is_closed_directly, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  }
  engine_harness other{open()};
  other.agents.remove("files.list"); // they are not needed
  BOOST_TEST((cancel(other, "r") == cancellation::done));
  check_cancelled(other);
  BOOST_TEST(other.started.empty());
}

BOOST_FIXTURE_TEST_CASE(an_accepted_wish_outlasts_its_owner, engine_fixture) {
  {
    engine_harness owner{open()};
    BOOST_REQUIRE(owner.submit(lone_step(), {}));
    engine_harness other{open()};
    BOOST_TEST((cancel(other, "r") == cancellation::requested));
    BOOST_TEST((cancel(other, "r", "a second one") == cancellation::requested));
  } // both end before the owner looked
  engine_harness next{open()};
  const auto found = must(next.core->recover());
  BOOST_TEST(found.runs.empty());
  BOOST_REQUIRE(found.refused.size() == 1u);
  BOOST_TEST((found.refused[0].second.code == workflow_errc::run_cancelled));
  next.go_on();
  BOOST_TEST(next.started.empty());
  check_cancelled(next); // with the first reason
}

BOOST_FIXTURE_TEST_CASE(cancelled_runs_stay_so, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(), {}));
  BOOST_TEST(cancel(engine, "r").has_value());
  BOOST_TEST((engine.core->resume("r").error().code == workflow_errc::run_cancelled));
  BOOST_TEST(must(engine.core->recover()).runs.empty());
  BOOST_TEST(engine.submit(lone_step(), {}).has_value()); // it is there
  BOOST_TEST(engine.core->runs_at_work() == 0u);
}

BOOST_FIXTURE_TEST_CASE(odd_cancellations_are_refused, engine_fixture) {
  engine_harness engine{open()};
  BOOST_TEST((code_of(cancel(engine, "nobody")) == workflow_errc::run_unknown));
  BOOST_REQUIRE(engine.submit(lone_step(), {}));
  BOOST_TEST((code_of(cancel(engine, "r", "\xff")) == workflow_errc::bad_input));
  BOOST_TEST((code_of(cancel(engine, "r", std::string(1'001, 'x'))) == workflow_errc::bad_input));
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST((code_of(cancel(engine, "r")) == workflow_errc::run_closed));
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_run_reads_the_same_from_its_history, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  result<v1::RunSummary> told = fail(workflow_errc::none, "not told");
  (void)engine.core->when_closed("r", [&](result<v1::RunSummary> done) { told = std::move(done); });
  BOOST_TEST(cancel(engine, "r").has_value());
  BOOST_TEST(engine.summary().SerializeAsString() == must(told).SerializeAsString());
}

BOOST_FIXTURE_TEST_CASE(a_crash_at_any_commit_keeps_the_wish, engine_fixture) {
  for (std::size_t commits = 1; commits < 4; ++commits)
    BOOST_TEST_CONTEXT(commits << " commits") {
      const std::string file = "s" + std::to_string(commits) + ".db";
      {
        engine_harness owner{std::make_unique<failing_store>(open(file), commits)};
        BOOST_REQUIRE(owner.submit(load(main_job), main_inputs));
        for (std::size_t i = 1; i < commits; ++i) {
          owner.answer_one();
          owner.turn();
        }
        engine_harness other{open(file)};
        BOOST_TEST((cancel(other, "r") == cancellation::requested));
        owner.wait_until(at(1)); // its commit fails: it ends there
        BOOST_TEST(owner.core->failed().has_value());
      }
      engine_harness next{open(file)};
      BOOST_TEST((next.core->resume("r").error().code == workflow_errc::run_cancelled));
      check_cancelled(next);
    }
}

BOOST_AUTO_TEST_SUITE_END()
