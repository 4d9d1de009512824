// A run's history has a bound: what would grow for ever fails, and says why.
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_engine_history_limit)

namespace {

/// Tries again for ever.
const char* const endless = ", retry: { maximum_attempts: 0, initial_interval: 1s, "
                            "maximum_interval: 1s }";

reply<message_ptr> always_broken(const attempt_request&) {
  return tl::unexpected(failure{"files.broken", "unreadable", true});
}

engine_options limited(std::uint64_t events, std::uint64_t bytes = std::uint64_t{1} << 30) {
  engine_options made;
  made.max_history_events = events;
  made.max_history_bytes = bytes;
  return made;
}

void check_failed(const v1::RunSummary& run, const std::string& words) {
  BOOST_TEST(run.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(run.failure().type() == "workflow.history_too_long");
  BOOST_TEST(run.failure().message().find(words) != std::string::npos, run.failure().message());
}

} // namespace

BOOST_FIXTURE_TEST_CASE(retries_for_ever_come_to_an_end, engine_fixture) {
  engine_harness engine{open(), limited(50)};
  engine.answers = always_broken;
  BOOST_REQUIRE(engine.submit(lone_step(endless), {}));
  engine.go_on();
  check_failed(engine.summary(), "it may have 50; divide the work");
  BOOST_TEST(must(engine.core->history("r")).size() < 55u);
}

BOOST_FIXTURE_TEST_CASE(the_limit_holds_over_restarts, engine_fixture) {
  for (const bool bytes : {false, true}) {
    const std::string file = bytes ? "bytes.db" : "events.db";
    const engine_options options = bytes ? limited(100'000, 4'000) : limited(60);
    {
      engine_harness first{std::make_unique<failing_store>(open(file), 8), options};
      first.answers = always_broken;
      BOOST_REQUIRE(first.submit(lone_step(endless), {}));
      first.go_on();
    }
    engine_harness engine{open(file), options};
    engine.answers = always_broken;
    BOOST_REQUIRE(engine.core->resume("r").has_value());
    engine.go_on();
    check_failed(engine.summary(), bytes ? "it may have 4000; divide" : "it may have 60; divide");
    std::size_t size = 0;
    for (const auto& event : must(engine.core->history("r")))
      size += event.ByteSizeLong();
    BOOST_TEST((!bytes || size < 5'000u));
  }
}

BOOST_FIXTURE_TEST_CASE(what_undoes_the_work_is_still_done, engine_fixture) {
  engine_harness engine{open(), limited(30)};
  engine.answers = [](const attempt_request& asked) -> reply<message_ptr> {
    if (asked.idempotency_key.find("/b/") != std::string::npos) return always_broken(asked);
    return answer(*asked.payload);
  };
  const auto workflow =
      load("name: w\nsteps:\n  a: { agent: files.list, compensate: { agent: files.list } }\n"
           "  b: { agent: files.list, needs: [a], retry: { maximum_attempts: 0, initial_interval: "
           "1s, maximum_interval: 1s } }\n");
  BOOST_REQUIRE(engine.submit(workflow, {}));
  engine.go_on();
  check_failed(engine.summary(), "it may have 30");
  BOOST_TEST(engine.summary().steps(0).compensation().status() == v1::STEP_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(what_is_within_the_limit_is_not_touched, engine_fixture) {
  engine_harness engine{open(), limited(4)};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_SUITE_END()
