// What an engine says of itself to whoever looks from outside.
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/live/node_snapshot.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

#include <algorithm>
#include <fmt/format.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_live)

namespace {

engine_options live_node(std::size_t places = 256) {
  engine_options made;
  made.resources = *scheduling::make_resources(*scheduling::parse_resources("cpu=2,license=1"));
  made.max_attempts_in_flight = places;
  made.tenant_weights = {{"acme", 3}};
  return made;
}

/// A run of one step with more to say of it.
definition_ptr step_with(const std::string& more) {
  return load("name: w\nsteps: { a: { agent: files.list" + more + " } }\n");
}

void begin(engine_harness& engine, const definition_ptr& workflow, const std::string& run,
           const std::string& tenant = "") {
  submit_options how;
  how.run_id = run;
  how.tenant = tenant;
  engine.core->submit(workflow, {}, how, [](result<void> done) { must(std::move(done)); });
  engine.core->commit();
}

std::size_t queued(const node_snapshot& of, const std::string& name) {
  const auto found = std::ranges::find(of.queues, name, &node_snapshot::queue::name);
  BOOST_REQUIRE((found != of.queues.end()));
  return found->count;
}

const node_snapshot::attempt& waiting_of(const node_snapshot& of, const std::string& run) {
  const auto found = std::ranges::find(of.waiting, run, &node_snapshot::attempt::run);
  if (found == of.waiting.end()) throw std::runtime_error{run + " does not wait"};
  return *found;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(what_is_at_work_and_what_waits_is_said_with_its_reason, engine_fixture) {
  engine_harness engine{open(), live_node()};
  begin(engine, step_with(", resources: { cpu: 2 }"), "first", "acme");
  engine.now += 5s;
  begin(engine, step_with(", resources: { cpu: 1, license: 1 }"), "second", "other");
  engine.now += 1s;
  begin(engine, step_with(", limits: [{ key: api, concurrency: 1 }]"), "holds");
  begin(engine, step_with(", limits: [{ key: api, concurrency: 1 }]"), "parked");
  const node_snapshot now = engine.core->snapshot();
  BOOST_TEST(now.owner == engine.history->owner());
  BOOST_TEST(now.policy == "fifo");
  BOOST_TEST((now.taken == engine.now));
  BOOST_TEST(now.runs == 4u);
  BOOST_TEST(now.in_flight == 2u);
  BOOST_TEST(now.places == 256u);
  BOOST_REQUIRE(now.resources.size() == 2u);
  BOOST_TEST(now.resources[0].name == "cpu");
  BOOST_TEST(now.resources[0].used == 2'000u);
  BOOST_TEST(now.resources[0].capacity == 2'000u);
  BOOST_TEST(now.resources[1].used == 0u);
  BOOST_TEST(queued(now, "resources") == 1u);
  BOOST_TEST(queued(now, "limit") == 1u);
  BOOST_TEST(queued(now, "slot") == 0u);
  const auto& second = waiting_of(now, "second");
  BOOST_TEST(second.what == "resources");
  BOOST_TEST(second.detail.find("taken by first/a/0") != std::string::npos);
  BOOST_TEST((second.since == engine.now - 1s));
  BOOST_TEST(waiting_of(now, "parked").what == "limit_concurrency");
  BOOST_REQUIRE(now.at_work.size() == 2u);
  BOOST_TEST(now.at_work[0].run == "first"); // the longest at work
  BOOST_TEST(now.at_work[0].what == "files.list/default");
  BOOST_TEST(now.at_work[0].detail == "cpu=2");
  BOOST_TEST(now.at_work[1].run == "holds");
  BOOST_REQUIRE(now.keys.size() == 1u);
  BOOST_TEST(now.keys[0].name == "api");
  BOOST_TEST(now.keys[0].held == 1u);
  BOOST_TEST(now.keys[0].waiting == 1u);
}

BOOST_FIXTURE_TEST_CASE(who_waits_for_commits_is_said, engine_fixture) {
  engine_harness engine{open(), live_node()};
  begin(engine,
        load("name: w\nmax_uncommitted: 1\nsteps:\n  a: { agent: files.list }\n"
             "  b: { agent: files.list }\n"),
        "bound");
  const node_snapshot now = engine.core->snapshot();
  BOOST_TEST(queued(now, "uncommitted") == 1u);
  BOOST_TEST(queued(now, "slot") == 0u);
  BOOST_TEST(waiting_of(now, "bound").what == "uncommitted");
}

BOOST_FIXTURE_TEST_CASE(tenants_have_their_weights_and_what_they_have, engine_fixture) {
  engine_harness engine{open(), live_node(2)};
  for (const char* run : {"a1", "a2", "a3"})
    begin(engine, step_with(""), run, "acme");
  begin(engine, step_with(""), "b1", "other");
  const node_snapshot now = engine.core->snapshot();
  BOOST_TEST(queued(now, "slot") == 2u);
  BOOST_REQUIRE(now.tenants.size() == 2u);
  BOOST_TEST(now.tenants_known == 2u);
  BOOST_TEST(now.tenants[0].name == "acme"); // with most of it
  BOOST_TEST(now.tenants[0].weight == 3);
  BOOST_TEST(now.tenants[0].in_flight == 2u);
  BOOST_TEST(now.tenants[0].waiting == 1u);
  BOOST_TEST(now.tenants[1].weight == 1);
  BOOST_TEST(now.tenants[1].waiting == 1u);
  BOOST_TEST(waiting_of(now, "b1").what == "slot");
}

BOOST_FIXTURE_TEST_CASE(what_happened_is_counted, engine_fixture) {
  engine_harness engine{open(), live_node()};
  begin(engine, step_with(""), "good");
  begin(engine, step_with(", retry: { maximum_attempts: 1 }"), "bad");
  engine.answers = [](const attempt_request& asked) -> reply<message_ptr> {
    if (asked.idempotency_key == "bad/a/0")
      return tl::unexpected(failure{"test.broken", "broken", false});
    return answer(*asked.payload);
  };
  engine.go_on();
  const node_snapshot now = engine.core->snapshot();
  BOOST_TEST(now.counted.runs_begun == 2u);
  BOOST_TEST(now.counted.runs_completed == 1u);
  BOOST_TEST(now.counted.runs_failed == 1u);
  BOOST_TEST(now.counted.attempts_begun == 2u);
  BOOST_TEST(now.counted.steps_completed == 1u);
  BOOST_TEST(now.counted.attempts_failed == 1u);
  BOOST_TEST(now.counted.events == engine.committed.size());
  BOOST_TEST(now.runs == 0u);
  BOOST_TEST(now.in_flight == 0u);
}

BOOST_FIXTURE_TEST_CASE(long_lists_are_cut_and_counted_whole, engine_fixture) {
  engine_harness engine{open(), live_node(1)};
  for (std::size_t i = 0; i < snapshot_bounds::attempts + 10; ++i) {
    engine.now += 1s;
    begin(engine, step_with(""), fmt::format("r{}", i), fmt::format("t{}", i));
  }
  const node_snapshot now = engine.core->snapshot();
  BOOST_TEST(queued(now, "slot") == snapshot_bounds::attempts + 9);
  BOOST_TEST(now.waiting.size() == snapshot_bounds::attempts);
  BOOST_TEST(now.waiting.front().run == "r1"); // that has waited longest
  BOOST_TEST(now.tenants.size() == snapshot_bounds::tenants);
  BOOST_TEST(now.tenants_known == snapshot_bounds::attempts + 10);
}

BOOST_AUTO_TEST_SUITE_END()
