// Attempts start when their whole demand is free, and give it back however they end.
#include "actors/scheduling/resources/resource_text.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_resources)

namespace {

engine_options node_with(const std::string& resources, std::size_t places = 256) {
  engine_options made;
  made.resources = scheduling::make_resources(*scheduling::parse_resources(resources)).value();
  made.max_attempts_in_flight = places;
  return made;
}

/// A run of one step.
definition_ptr needs(const std::string& resources, const std::string& more = "") {
  return load("name: w\nsteps: { a: { agent: files.list, resources: { " + resources + " }" + more +
              " } }\n");
}

const std::string once = ", retry: { maximum_attempts: 1 }";

std::string free_of(const engine_harness& engine) {
  return scheduling::format_resources(engine.core->resources().free());
}

std::vector<std::string> reasons(const engine_harness& engine, const std::string& run) {
  std::vector<std::string> made;
  for (const auto& each : engine.core->waiting(run))
    made.push_back(to_string(each));
  return made;
}

using texts = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_CASE(an_attempt_starts_when_its_whole_demand_is_free, engine_fixture) {
  engine_harness engine{open(), node_with("cpu=2,license=1")};
  BOOST_REQUIRE(engine.submit(needs("cpu: 1.5"), {}, "first"));
  BOOST_REQUIRE(engine.submit(needs("cpu: 1, license: 1"), {}, "second"));
  BOOST_TEST(engine.started == texts{"first/a/0"});
  BOOST_TEST(free_of(engine) == "cpu=0.5,license=1"); // nothing is held by who waits
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.started == (texts{"first/a/0", "second/a/0"}));
  BOOST_TEST(free_of(engine) == "cpu=1");
  engine.go_on();
  BOOST_TEST(free_of(engine) == "cpu=2,license=1");
  BOOST_TEST(engine.summary("second").status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(small_demands_do_not_starve_a_large_one, engine_fixture) {
  engine_harness engine{open(), node_with("cpu=4")};
  BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "early"));
  BOOST_REQUIRE(engine.submit(needs("cpu: 4"), {}, "large"));
  for (const char* run : {"s1", "s2", "s3"})
    BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, run));
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps: { a: { agent: files.list } }\n"), {}, "slot"));
  // What demands nothing goes past; the others would keep the large one waiting.
  BOOST_TEST(engine.started == (texts{"early/a/0", "slot/a/0"}));
  BOOST_TEST(reasons(engine, "large") ==
             texts{"waits for: resources: cpu 1 of 4 taken by early/a/0 (4 demanded)"});
  BOOST_TEST(reasons(engine, "s2") ==
             texts{"waits for: resources kept for large/a/0, which waits in front of it"});
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.started.back() == "large/a/0");
  engine.go_on();
  BOOST_TEST(engine.started.size() == 6u);
  BOOST_TEST(free_of(engine) == "cpu=4");
}

BOOST_FIXTURE_TEST_CASE(places_and_priorities_count_as_before, engine_fixture) {
  engine_harness engine{open(), node_with("cpu=4", 1)};
  BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "first"));
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps: { a: { agent: files.list } }\n"), {}, "plain"));
  BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "urgent", 5));
  BOOST_TEST(reasons(engine, "plain") == texts{"waits for: slot: 1 of 1 taken"});
  BOOST_TEST(reasons(engine, "urgent") == texts{"waits for: slot: 1 of 1 taken"});
  engine.go_on();
  BOOST_TEST(engine.started == (texts{"first/a/0", "urgent/a/0", "plain/a/0"}));
}

BOOST_FIXTURE_TEST_CASE(failures_and_timeouts_give_everything_back, engine_fixture) {
  engine_harness engine{open(), node_with("cpu=1")};
  engine.answers = [](const attempt_request&) -> reply<message_ptr> {
    return tl::unexpected(failure{"x.busy", "later", true});
  };
  BOOST_REQUIRE(engine.submit(
      needs("cpu: 1", ", retry: { maximum_attempts: 2, initial_interval: 10s }"), {}, "fails"));
  BOOST_REQUIRE(
      engine.submit(needs("cpu: 1", once + ", timeouts: { start_to_close: 5s }"), {}, "slow"));
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.started.back() == "slow/a/0"); // who waits for a retry holds nothing
  engine.wait_until(at(5));
  BOOST_TEST(engine.summary("slow").failure().type() == "workflow.timeout");
  BOOST_TEST(free_of(engine) == "cpu=1");
  engine.answer_one(); // too late: it gives nothing back a second time
  engine.turn();
  BOOST_TEST(free_of(engine) == "cpu=1");
  engine.go_on();
  BOOST_TEST(engine.summary("fails").status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(free_of(engine) == "cpu=1");
}

BOOST_FIXTURE_TEST_CASE(who_waits_too_long_leaves_the_line, engine_fixture) {
  engine_harness engine{open(), node_with("cpu=2")};
  BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "early"));
  BOOST_REQUIRE(
      engine.submit(needs("cpu: 2", once + ", timeouts: { schedule_to_start: 5s }"), {}, "large"));
  BOOST_REQUIRE(
      engine.submit(needs("cpu: 2", once + ", timeouts: { schedule_to_close: 8s }"), {}, "other"));
  BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "small"));
  engine.wait_until(at(5));
  BOOST_TEST(engine.summary("large").failure().type() == "workflow.timeout");
  BOOST_TEST(engine.started.size() == 1u); // one core is kept for `other`
  engine.wait_until(at(8));
  BOOST_TEST(engine.summary("other").failure().type() == "workflow.timeout");
  BOOST_TEST(engine.started.back() == "small/a/0");
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_run_keeps_nothing_for_itself, engine_fixture) {
  engine_harness engine{open(), node_with("cpu=2")};
  BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "early"));
  BOOST_REQUIRE(engine.submit(needs("cpu: 2"), {}, "large"));
  BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "small"));
  engine.core->cancel("large", {"", {}}, [](const result<cancellation>&) {});
  engine.core->commit();
  engine.turn();
  BOOST_TEST(engine.started.back() == "small/a/0");
  BOOST_TEST(engine.core->waiting("large").empty());
}

BOOST_FIXTURE_TEST_CASE(an_abandoned_attempt_holds_its_share_until_it_ends, engine_fixture) {
  engine_harness engine{open(), node_with("cpu=1")};
  BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "gone"));
  const auto pulse = engine.attempts[0].request.pulse;
  BOOST_REQUIRE(pulse);
  BOOST_TEST(!pulse->cancelled());
  engine.core->cancel("gone", {"", {}}, [](const result<cancellation>&) {});
  engine.core->commit();
  BOOST_TEST(pulse->cancelled()); // so that its agent can end early
  BOOST_TEST(free_of(engine) == "nothing");
  engine.answer_one();
  engine.turn();
  BOOST_TEST(free_of(engine) == "cpu=1");
}

BOOST_FIXTURE_TEST_CASE(nobody_waits_for_what_was_timed_out_or_stopped, engine_fixture) {
  engine_harness engine{open(), node_with("cpu=2")};
  BOOST_REQUIRE(
      engine.submit(needs("cpu: 1", once + ", timeouts: { start_to_close: 5s }"), {}, "late"));
  BOOST_REQUIRE(
      engine.submit(needs("cpu: 1", ", timeouts: { start_to_close: 60s }"), {}, "stopped"));
  const auto late = engine.attempts[0].request.pulse;
  const auto stopped = engine.attempts[1].request.pulse;
  engine.wait_until(at(5));
  BOOST_TEST(late->cancelled());
  BOOST_TEST(!stopped->cancelled());
  engine.core->drain();
  BOOST_TEST(stopped->cancelled());
  engine.core->give_up({workflow_errc::engine_stopped, ""});
  BOOST_TEST(free_of(engine) == "cpu=2");
  engine.core.reset(); // the agent still has it
  BOOST_TEST(stopped->cancelled());
}

BOOST_FIXTURE_TEST_CASE(a_demand_that_no_node_here_meets_is_refused, engine_fixture) {
  {
    engine_harness large{open(), node_with("cpu=8,memory=1GiB")};
    BOOST_REQUIRE(large.submit(needs("cpu: 8"), {}, "r"));
    large.core.reset();
  }
  engine_harness engine{open(), node_with("cpu=2,memory=1GiB")};
  const auto refused = engine.submit(needs("memory: 64GiB"), {}, "other");
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == workflow_errc::demand_too_large);
  BOOST_TEST(refused.error().context == "step 'a' demands memory 64GiB, and this node has 1GiB, of "
                                        "all: cpu=2,memory=1GiB; lower the step's "
                                        "resources, or run it on a node that has more");
  BOOST_TEST(engine.submit(needs("license: 1"), {}, "other")
                 .error()
                 .context.find("demands license 1, and this node has 0") != std::string::npos);
  BOOST_TEST(!engine.core->summary("other")); // there is no such run
  // Nor is a run of another node gone on with; who has more may take it.
  const auto recovered = must(engine.core->recover());
  BOOST_REQUIRE(recovered.refused.size() == 1u);
  BOOST_TEST(recovered.refused[0].second.code == workflow_errc::demand_too_large);
}

// The run would be accepted, and then one within it could never start.
BOOST_FIXTURE_TEST_CASE(a_demand_within_a_step_that_is_a_run_counts, engine_fixture) {
  engine_harness engine{open(), node_with("cpu=2")};
  const auto refused = engine.submit(load("name: w\nworkflows:\n"
                                          "  outer: { steps: { c: { workflow: inner } }, "
                                          "workflows: { inner: { steps: { a: { agent: "
                                          "files.list, resources: { cpu: 3 } } } } } }\n"
                                          "steps: { b: { workflow: outer } }\n"),
                                     {}, "r");
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == workflow_errc::demand_too_large);
  BOOST_TEST(refused.error().context.find("step 'a' demands cpu 3") == 0u);
}

// Many steps of one definition, level upon level: looked at once each, or this would not end.
BOOST_FIXTURE_TEST_CASE(definitions_within_one_another_are_looked_at_once, engine_fixture) {
  std::string yaml = "name: w\nworkflows:\n  l6: { steps: { a: { agent: files.list } } }\n";
  const auto steps_of = [](int level, const std::string& indent, const std::string& more = "") {
    std::string made;
    for (int i = 0; i < 100; ++i)
      made += indent + "s" + std::to_string(i) + ": { workflow: l" + std::to_string(level) + more +
              " }\n";
    return made;
  };
  for (int level = 5; level > 0; --level)
    yaml += "  l" + std::to_string(level) + ":\n    steps:\n" + steps_of(level + 1, "      ");
  // None of them starts here: a hundred by a hundred by ... runs.
  yaml += "steps:\n  first: { agent: files.list }\n" + steps_of(1, "  ", ", needs: [first]");
  const auto workflow = load(yaml);
  BOOST_TEST(definitions_in(*workflow).size() == 7u);
  engine_harness engine{open(), node_with("cpu=2")};
  BOOST_TEST(engine.submit(workflow, {}).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_crash_leaks_nothing, engine_fixture) {
  {
    engine_harness engine{open(), node_with("cpu=1")};
    BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "r"));
    BOOST_TEST(free_of(engine) == "nothing");
    engine.core.reset();
  }
  engine_harness engine{open(), node_with("cpu=1")};
  BOOST_TEST(free_of(engine) == "cpu=1");
  BOOST_TEST(must(engine.core->recover()).runs.size() == 1u);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(free_of(engine) == "cpu=1");
}

BOOST_FIXTURE_TEST_CASE(a_dropped_run_gives_everything_back, engine_fixture) {
  /// Lets a run begin and refuses its further events, as when another owner took it over.
  class jealous_store final : public forwarding_store {
  public:
    using forwarding_store::forwarding_store;
    result<void> append(std::span<const append_batch> batches) override {
      for (const append_batch& each : batches)
        if (each.expected_version > 0)
          return troupe::fail(workflow_errc::ownership_lost, "another owner has it");
      return forwarding_store::append(batches);
    }
  };
  engine_harness engine{std::make_unique<jealous_store>(open()), node_with("cpu=1")};
  BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "r"));
  const auto pulse = engine.attempts.at(0).request.pulse;
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.core->runs_at_work() == 0u);
  BOOST_TEST(free_of(engine) == "cpu=1");
  BOOST_TEST(pulse->cancelled());
}

BOOST_FIXTURE_TEST_CASE(what_is_not_durable_overtakes_nobody, engine_fixture) {
  engine_options options = node_with("cpu=2");
  options.max_started_ahead = 10;
  engine_harness engine{open(), options};
  const auto chain = load("name: w\nsteps:\n  a: { agent: files.list }\n"
                          "  b: { agent: files.list, needs: [a], resources: { cpu: 1 } }\n");
  BOOST_REQUIRE(engine.submit(needs("cpu: 1"), {}, "early"));
  BOOST_REQUIRE(engine.submit(chain, {}, "chain"));
  BOOST_REQUIRE(engine.submit(needs("cpu: 2"), {}, "large"));
  BOOST_TEST(engine.started == (texts{"early/a/0", "chain/a/0"}));
  engine.attempts[1].then(answer(*engine.attempts[1].request.payload));
  engine.attempts.erase(engine.attempts.begin() + 1);
  engine.turn();
  BOOST_TEST(engine.started.size() == 2u); // one core is free, and kept
  engine.go_on();
  BOOST_TEST(engine.started == (texts{"early/a/0", "chain/a/0", "large/a/0", "chain/b/0"}));
  BOOST_TEST(free_of(engine) == "cpu=2");
}

BOOST_FIXTURE_TEST_CASE(memory_that_is_granted_is_told_to_the_agent, engine_fixture) {
  engine_harness engine{open(), node_with("memory=1GiB")};
  BOOST_REQUIRE(engine.submit(needs("memory: 64MiB"), {}, "r"));
  BOOST_TEST(engine.attempts[0].request.granted_memory_bytes == 64u << 20);
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps: { a: { agent: files.list } }\n"), {}, "s"));
  BOOST_TEST(engine.attempts[1].request.granted_memory_bytes == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
