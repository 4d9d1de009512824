// What the engine records of how attempts went, and what a history then says of the run's time.
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/insight/insight.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_timing)

namespace {

engine_options node_of(const std::string& resources, std::size_t places = 256) {
  engine_options made;
  made.resources = *scheduling::make_resources(*scheduling::parse_resources(resources));
  made.max_attempts_in_flight = places;
  made.node_class = "test-node";
  return made;
}

run_insight insight_of(engine_harness& engine, const std::string& run) {
  std::vector<event> events;
  for (const v1::Event& each : must(engine.core->history(run)))
    events.push_back(must(decode(each)));
  return must(analyse(events));
}

/// Lets time pass, then answers the oldest attempt.
void answer_after(engine_harness& engine, duration time) {
  engine.now += time;
  engine.answer_one();
  engine.turn();
}

const char* two_at_once = R"(
name: w
steps:
  a: { agent: files.list, resources: { cpu: 2 } }
  b: { agent: files.list, resources: { cpu: 2 } }
)";

} // namespace

BOOST_FIXTURE_TEST_CASE(the_wait_for_resources_is_in_the_history, engine_fixture) {
  engine_harness engine{open(), node_of("cpu=2")};
  BOOST_REQUIRE(engine.submit(load(two_at_once), {}));
  answer_after(engine, 2s);
  answer_after(engine, 3s);
  const auto found = insight_of(engine, "r");
  BOOST_TEST(found.closed);
  BOOST_TEST(found.measured);
  BOOST_TEST((found.makespan == 5s));
  BOOST_TEST((found.bound.value() == 5s)); // two cores for five seconds
  BOOST_TEST(found.bound.resource == "cpu");
  const auto& b = found.find({"b"})->attempts.at(0);
  BOOST_TEST((b.resource_wait == 2s));
  BOOST_TEST((b.slot_wait == 0s));
  BOOST_TEST(b.missing == std::vector<std::string>{"cpu"});
  BOOST_TEST((*b.started == 2s));
  BOOST_TEST((*b.answered == 5s));
  BOOST_TEST(b.node_class == "test-node");
  BOOST_TEST(b.owner == engine.history->owner());
  BOOST_TEST(found.find({"a"})->attempts.at(0).missing.empty());
}

BOOST_FIXTURE_TEST_CASE(the_wait_for_a_place_is_told_from_that_for_resources, engine_fixture) {
  engine_harness engine{open(), node_of("cpu=2", 1)};
  BOOST_REQUIRE(engine.submit(load(two_at_once), {}));
  answer_after(engine, 2s);
  answer_after(engine, 1s);
  const auto b = insight_of(engine, "r").find({"b"})->attempts.at(0);
  BOOST_TEST((b.slot_wait == 2s));
  BOOST_TEST((b.resource_wait == 0s));
}

BOOST_FIXTURE_TEST_CASE(an_attempt_that_never_started_says_what_it_waited_for, engine_fixture) {
  engine_harness engine{open(), node_of("cpu=2")};
  BOOST_REQUIRE(engine.submit(load(two_at_once), {}, "first"));
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps: { c: { agent: files.list, resources: { cpu: 1 "
                                   "}, retry: { maximum_attempts: 1 }, timeouts: { "
                                   "schedule_to_start: 4s } } }\n"),
                              {}, "late"));
  engine.wait_until(engine.now + 4s);
  const auto found = insight_of(engine, "late");
  const auto& c = found.find({"c"})->attempts.at(0);
  BOOST_TEST((found.status == v1::RUN_STATUS_FAILED));
  BOOST_TEST(!c.started.has_value());
  BOOST_TEST((c.resource_wait == 4s));
  BOOST_TEST(name_of(found.gap.at(0).why) == "resources");
}

BOOST_FIXTURE_TEST_CASE(the_time_of_the_answer_counts_not_that_of_its_record, engine_fixture) {
  engine_harness engine{open(), node_of("cpu=2")};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  engine.now += 1s;
  engine.answer_one();
  engine.now += 500ms; // the engine was busy
  engine.turn();
  const auto found = insight_of(engine, "r");
  BOOST_TEST((found.bound.value() == 1s));
  BOOST_TEST((found.makespan == 1500ms));
  BOOST_TEST(name_of(found.gap.at(0).why) == "engine");
  BOOST_TEST(found.find({"a"})->attempts.at(0).request_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(who_has_a_run_does_not_make_it_another_one, engine_fixture) {
  {
    engine_harness first{open(), node_of("cpu=2")};
    BOOST_REQUIRE(first.submit(lone_step(""), {}));
    first.history->release_all();
  }
  engine_harness second{open(), node_of("cpu=8")};
  BOOST_TEST(second.submit(lone_step(""), {}).has_value());
  second.go_on();
  BOOST_TEST(second.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_SUITE_END()
