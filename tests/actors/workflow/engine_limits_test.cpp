// Limits by key: over runs, through failures, cancellations and crashes.
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_limits)

namespace {

definition_ptr limited(const std::string& limits, const std::string& more = "") {
  return load("name: w\ninputs: { tenant: { type: string, default: t } }\nsteps: { a: { agent: "
              "files.list, limits: " +
              limits + more + " } }\n");
}

const input_values usual{{"tenant", "t"}};

std::vector<waiting_reason> waiting_of(const engine_harness& engine, const std::string& run) {
  return engine.core->waiting(run);
}

void check_nothing_left(const engine_harness& engine) {
  BOOST_TEST(engine.core->limits().holds() == 0u);
  BOOST_TEST(engine.core->limits().waiting() == 0u);
  BOOST_TEST(engine.core->timers_armed() == 0u);
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_key_is_held_by_so_many_over_all_runs, engine_fixture) {
  engine_harness engine{open()};
  const auto workflow = limited("[{ key: api, concurrency: 2 }]");
  for (const std::string run : {"r1", "r2", "r3", "r4"})
    BOOST_REQUIRE(engine.submit(workflow, usual, run));
  BOOST_TEST(engine.attempts.size() == 2u);
  const auto reasons = waiting_of(engine, "r4");
  BOOST_REQUIRE(reasons.size() == 1u);
  BOOST_TEST((reasons[0].why == waiting_reason::cause::limit_concurrency));
  BOOST_TEST(to_string(reasons[0]) ==
             "waits for: limit.concurrency of 'api': 2 of 2 taken, 1 wait in front of it");
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.attempts.size() == 2u);
  engine.go_on();
  BOOST_TEST(engine.started == (std::vector<std::string>{"r1/a/0", "r2/a/0", "r3/a/0", "r4/a/0"}),
             boost::test_tools::per_element()); // first come, first served
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(the_key_may_depend_on_the_run, engine_fixture) {
  engine_harness engine{open()};
  const auto workflow = limited("[{ key: \"api/${inputs.tenant}\", concurrency: 1 }]");
  BOOST_REQUIRE(engine.submit(workflow, {{"tenant", "x"}}, "x1"));
  BOOST_REQUIRE(engine.submit(workflow, {{"tenant", "x"}}, "x2"));
  BOOST_REQUIRE(engine.submit(workflow, {{"tenant", "y"}}, "y1"));
  BOOST_TEST(engine.started == (std::vector<std::string>{"x1/a/0", "y1/a/0"}),
             boost::test_tools::per_element());
  BOOST_TEST(waiting_of(engine, "x2").at(0).key == "api/x");
  engine.go_on();
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(a_rate_spaces_starts_by_the_engines_clock, engine_fixture) {
  engine_harness engine{open()};
  const auto workflow = limited("[{ key: mail, rate: 2/s, burst: 2 }]");
  std::vector<double> starts;
  engine.answers = [&](const attempt_request& asked) -> reply<message_ptr> {
    starts.push_back(std::chrono::duration<double>(engine.now - at(0)).count());
    return answer(*asked.payload);
  };
  for (int i = 0; i < 5; ++i)
    BOOST_REQUIRE(engine.submit(workflow, usual, "r" + std::to_string(i)));
  const auto reasons = waiting_of(engine, "r2");
  BOOST_REQUIRE(reasons.size() == 1u);
  BOOST_TEST((reasons[0].why == waiting_reason::cause::limit_rate));
  BOOST_TEST((reasons[0].room_at == at(0.5)));
  engine.go_on();
  BOOST_TEST(starts == (std::vector<double>{0, 0, 0.5, 1, 1.5}), boost::test_tools::per_element());
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(keys_places_and_resources_are_taken_together, engine_fixture) {
  engine_options options;
  options.resources.milli_cpu = 1'000;
  engine_harness engine{open(), options};
  const auto wants_cpu =
      load("name: w\nsteps: { a: { agent: files.list, resources: { cpu: 1 } } }\n");
  const auto both = limited("[{ key: k, concurrency: 1 }]", ", resources: { cpu: 1 }");
  const auto key_alone = limited("[{ key: k, concurrency: 1 }]");
  BOOST_REQUIRE(engine.submit(wants_cpu, {}, "cpu"));
  BOOST_REQUIRE(engine.submit(both, usual, "both"));
  BOOST_REQUIRE(engine.submit(key_alone, usual, "key"));
  // Who waits for the processor holds no key; but its queue stands behind it.
  BOOST_TEST(engine.core->limits().holds() == 0u);
  BOOST_TEST((waiting_of(engine, "both").at(0).why == waiting_reason::cause::resources));
  BOOST_TEST((waiting_of(engine, "key").at(0).why == waiting_reason::cause::limit_concurrency));
  engine.go_on();
  BOOST_TEST(engine.started == (std::vector<std::string>{"cpu/a/0", "both/a/0", "key/a/0"}),
             boost::test_tools::per_element());
  check_nothing_left(engine);
  BOOST_TEST(engine.core->resources().grants().empty());
}

BOOST_FIXTURE_TEST_CASE(a_higher_priority_goes_first, engine_fixture) {
  engine_harness engine{open()};
  const auto workflow = limited("[{ key: k, concurrency: 1 }]");
  BOOST_REQUIRE(engine.submit(workflow, usual, "first"));
  BOOST_REQUIRE(engine.submit(workflow, usual, "low"));
  BOOST_REQUIRE(engine.submit(workflow, usual, "high", 10));
  engine.go_on();
  BOOST_TEST(engine.started == (std::vector<std::string>{"first/a/0", "high/a/0", "low/a/0"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(failures_timeouts_and_cancellations_give_the_key_back, engine_fixture) {
  engine_harness engine{open()};
  const auto workflow =
      limited("[{ key: k, concurrency: 1 }]",
              ", retry: { maximum_attempts: 1 }, timeouts: { start_to_close: 10s }");
  for (const std::string run : {"fails", "late", "cancelled", "queued", "last"})
    BOOST_REQUIRE(engine.submit(workflow, usual, run));
  engine.answers = [](const attempt_request& asked) -> reply<message_ptr> {
    if (asked.idempotency_key == "fails/a/0") return tl::unexpected(failure{"x.broken", "", false});
    return answer(*asked.payload);
  };
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.started.back() == "late/a/0");
  engine.wait_until(at(10));
  BOOST_TEST(engine.started.back() == "cancelled/a/0");
  for (const std::string run : {"queued", "cancelled"})
    engine.core->cancel(run, {"", {}}, [](const result<cancellation>&) {});
  engine.turn();
  // Its agent is at work until it answers, or its time is over.
  BOOST_TEST(engine.started.back() == "cancelled/a/0");
  engine.wait_until(at(20));
  BOOST_TEST(engine.started.back() == "last/a/0");
  engine.attempts.erase(engine.attempts.begin(), engine.attempts.end() - 1);
  engine.go_on();
  BOOST_TEST(engine.summary("last").status() == v1::RUN_STATUS_COMPLETED);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(the_wait_for_a_key_is_bounded_by_schedule_to_start, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(limited("[{ key: k, concurrency: 1 }]"), usual, "first"));
  BOOST_REQUIRE(engine.submit(
      limited("[{ key: k, concurrency: 1 }]",
              ", retry: { maximum_attempts: 1 }, timeouts: { schedule_to_start: 5s }"),
      usual, "second"));
  engine.wait_until(at(5));
  BOOST_TEST(engine.summary("second").failure().type() == "workflow.timeout");
  engine.go_on();
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(a_crash_leaves_no_key_held, engine_fixture) {
  const auto workflow = limited("[{ key: k, concurrency: 1 }]");
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(workflow, usual, "r1"));
    BOOST_REQUIRE(engine.submit(workflow, usual, "r2"));
  }
  engine_harness next{open()};
  BOOST_TEST(must(next.core->recover()).runs.size() == 2u);
  next.go_on();
  BOOST_TEST(next.summary("r1").status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(next.summary("r2").status() == v1::RUN_STATUS_COMPLETED);
  check_nothing_left(next);
}

BOOST_FIXTURE_TEST_CASE(what_is_not_durable_yet_does_not_go_before_the_queue, engine_fixture) {
  engine_options options;
  options.max_started_ahead = 10;
  engine_harness engine{open(), options};
  const auto workflow = load("name: w\nsteps:\n"
                             "  a: { agent: files.list }\n"
                             "  b: { agent: files.list, needs: [a], limits: [{ key: k, "
                             "concurrency: 1 }] }\n");
  BOOST_REQUIRE(engine.submit(workflow, {}, "r1"));
  BOOST_REQUIRE(engine.submit(workflow, {}, "r2"));
  engine.go_on();
  BOOST_TEST(engine.started.size() == 4u);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(a_key_that_is_none_fails_the_step, engine_fixture) {
  engine_harness engine{open()};
  const auto workflow = limited("[{ key: \"${inputs.tenant}\", concurrency: 1 }]");
  BOOST_REQUIRE(engine.submit(workflow, {{"tenant", ""}}, "empty"));
  BOOST_REQUIRE(engine.submit(workflow, {{"tenant", std::string(257, 'x')}}, "long"));
  engine.go_on();
  for (const std::string run : {"empty", "long"})
    BOOST_TEST(engine.summary(run).failure().type() == "workflow.bad_limit_key", run);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(two_limits_of_one_key_hold_both, engine_fixture) {
  engine_harness engine{open()};
  const auto workflow =
      limited("[{ key: \"${inputs.tenant}\", concurrency: 1 }, { key: t, rate: 1/s }]");
  for (const std::string run : {"r1", "r2"})
    BOOST_REQUIRE(engine.submit(workflow, usual, run));
  BOOST_TEST(engine.attempts.size() == 1u);
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.attempts.empty());
  engine.go_on();
  BOOST_TEST((engine.now >= at(1)));
  check_nothing_left(engine);
}

BOOST_AUTO_TEST_SUITE_END()
