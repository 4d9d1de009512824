// Who of the attempts that wait is started: tenants, priorities, the policy with what was learnt, and nobody waits for ever.
#include "actors/scheduling/learning/cost_learner.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

#include <fmt/format.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_policy)

namespace {

/// A node with one core.
engine_options node_with(const std::string& policy) {
  engine_options made;
  made.resources = *scheduling::make_resources(*scheduling::parse_resources("cpu=1"));
  made.policy = policy;
  return made;
}

/// A run of `steps` steps side by side, each of which wants the core.
definition_ptr wide(int steps, const std::string& more = "") {
  std::string yaml = "name: w\nsteps:\n";
  for (int i = 0; i < steps; ++i)
    yaml += fmt::format("  s{}: {{ agent: files.list, resources: {{ cpu: 1 }}{} }}\n", i, more);
  return load(yaml);
}

using texts = std::vector<std::string>;

void submit_for(engine_harness& engine, const definition_ptr& workflow, const std::string& run,
                const std::string& tenant) {
  result<void> outcome = troupe::fail(workflow_errc::none, "not told");
  submit_options how;
  how.run_id = run;
  how.tenant = tenant;
  engine.core->submit(workflow, {}, how, [&](result<void> done) { outcome = std::move(done); });
  engine.core->commit();
  BOOST_REQUIRE_MESSAGE(outcome, (outcome ? "" : outcome.error().message()));
}

/// Answers one attempt a second, `times` times.
void answer_some(engine_harness& engine, int times) {
  for (int i = 0; i < times && !engine.attempts.empty(); ++i) {
    engine.now += 1s;
    engine.answer_one();
    engine.turn();
  }
}

/// Runs in the order in which their attempts were started.
texts runs_of(const engine_harness& engine) {
  texts made;
  for (const std::string& each : engine.started)
    made.push_back(each.substr(0, each.find('/')));
  return made;
}

std::size_t count_of(const texts& among, const std::string& name) {
  return static_cast<std::size_t>(std::count(among.begin(), among.end(), name));
}

} // namespace

BOOST_FIXTURE_TEST_CASE(fifo_goes_by_arrival, engine_fixture) {
  engine_harness engine{open(), node_with("fifo")};
  BOOST_REQUIRE(engine.submit(wide(4), {}, "large"));
  BOOST_REQUIRE(engine.submit(wide(1), {}, "small"));
  answer_some(engine, 5);
  BOOST_TEST(runs_of(engine) == (texts{"large", "large", "large", "large", "small"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(srpt_lets_the_run_with_the_least_left_go_first, engine_fixture) {
  engine_harness engine{open(), node_with("srpt")};
  BOOST_REQUIRE(engine.submit(wide(4), {}, "large"));
  BOOST_REQUIRE(engine.submit(wide(2), {}, "small"));
  answer_some(engine, 6);
  BOOST_TEST(runs_of(engine) == (texts{"large", "small", "small", "large", "large", "large"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(what_a_definition_declares_counts, engine_fixture) {
  engine_harness engine{open(), node_with("srpt")};
  BOOST_REQUIRE(engine.submit(wide(1), {}, "first"));
  BOOST_REQUIRE(engine.submit(wide(1, ", cost: 90s"), {}, "long"));
  BOOST_REQUIRE(engine.submit(wide(3), {}, "short")); // three of a second each
  answer_some(engine, 5);
  BOOST_TEST(runs_of(engine) == (texts{"first", "short", "short", "short", "long"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(what_was_learnt_counts_more_than_what_was_declared, engine_fixture) {
  auto how = node_with("srpt");
  how.costs = std::make_shared<scheduling::cost_learner>();
  for (int i = 0; i < 10; ++i)
    how.costs->observe({"files.list", "", "w/s0"}, 500, 0);
  engine_harness engine{open(), how};
  BOOST_REQUIRE(engine.submit(wide(1), {}, "first"));
  // Its one step has taken long so far, whatever is said of it.
  BOOST_REQUIRE(engine.submit(wide(1, ", cost: 1s"), {}, "slow"));
  BOOST_REQUIRE(engine.submit(
      load("name: other\nsteps: { a: { agent: files.list, resources: { cpu: 1 }, cost: 5s } }"), {},
      "quick"));
  answer_some(engine, 3);
  BOOST_TEST(runs_of(engine) == (texts{"first", "quick", "slow"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(run_times_are_learnt_from_attempts, engine_fixture) {
  auto how = node_with("fifo");
  how.costs = std::make_shared<scheduling::cost_learner>();
  how.node_class = "small";
  engine_harness engine{open(), how};
  BOOST_REQUIRE(engine.submit(wide(5), {}));
  answer_some(engine, 5);
  const auto known = how.costs->estimate({"files.list", "small", "w/s3"});
  BOOST_TEST(known.p50_seconds == 1.0, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(how.costs->estimate({"files.list", "small", "x/y"}).weight > 4.0);
}

BOOST_FIXTURE_TEST_CASE(within_a_run_the_longest_way_to_the_end_goes_first, engine_fixture) {
  const auto workflow = load(R"(
name: w
steps:
  short: { agent: files.list, resources: { cpu: 1 } }
  other: { agent: files.list, resources: { cpu: 1 } }
  long: { agent: files.list, resources: { cpu: 1 } }
  behind: { agent: files.list, needs: [long], resources: { cpu: 1 }, cost: 10s }
)");
  engine_harness engine{open(), node_with("rank")};
  BOOST_REQUIRE(engine.submit(workflow, {}));
  answer_some(engine, 4);
  // While the end of the long one becomes durable the core is not left idle.
  BOOST_TEST(engine.started == (texts{"r/long/0", "r/short/0", "r/behind/0", "r/other/0"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(priority_goes_before_the_policy, engine_fixture) {
  engine_harness engine{open(), node_with("srpt")};
  BOOST_REQUIRE(engine.submit(wide(1), {}, "first"));
  BOOST_REQUIRE(engine.submit(wide(1), {}, "small"));
  BOOST_REQUIRE(engine.submit(wide(3), {}, "urgent", 5));
  answer_some(engine, 5);
  BOOST_TEST(runs_of(engine) == (texts{"first", "urgent", "urgent", "urgent", "small"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_large_run_is_not_starved_by_small_ones, engine_fixture) {
  engine_harness engine{open(), node_with("srpt")};
  BOOST_REQUIRE(engine.submit(wide(1), {}, "first"));
  BOOST_REQUIRE(engine.submit(wide(50), {}, "large"));
  for (int i = 0; i < 80; ++i) {
    BOOST_REQUIRE(engine.submit(wide(2), {}, fmt::format("small{}", i)));
    answer_some(engine, 1); // twice as much comes as can be done
  }
  BOOST_TEST(count_of(runs_of(engine), "large") >= 2u);
}

BOOST_FIXTURE_TEST_CASE(tenants_share_however_much_each_wants, engine_fixture) {
  auto how = node_with("fifo");
  how.tenant_weights = {{"paying", 2.0}};
  engine_harness engine{open(), how};
  submit_for(engine, wide(100), "flood", "greedy");
  submit_for(engine, wide(100), "job", "paying");
  answer_some(engine, 60);
  const auto runs = runs_of(engine);
  BOOST_TEST(count_of(runs, "job") >= 38u); // two of three
  BOOST_TEST(count_of(runs, "job") <= 42u);
}

BOOST_FIXTURE_TEST_CASE(a_tenant_is_charged_for_what_it_took_not_for_what_was_expected,
                        engine_fixture) {
  engine_harness engine{open(), node_with("fifo")};
  submit_for(engine, wide(40), "hog", "slow");
  submit_for(engine, wide(40), "fair", "quick");
  std::map<std::string, double> seconds;
  for (int i = 0; i < 40; ++i) {
    const std::string run = engine.started.back().substr(0, engine.started.back().find('/'));
    const auto takes = run == "hog" ? 9s : 1s; // a second was expected of both
    seconds[run] += static_cast<double>(takes.count());
    engine.now += takes;
    engine.answer_one();
    engine.turn();
  }
  BOOST_TEST(seconds["hog"] / seconds["fair"] < 1.6);
  BOOST_TEST(seconds["hog"] / seconds["fair"] > 0.6);
}

BOOST_FIXTURE_TEST_CASE(the_tenant_is_the_runs_own_and_its_childrens, engine_fixture) {
  engine_harness engine{open(), node_with("fifo")};
  submit_for(engine,
             load("name: w\nworkflows: { c: { steps: { a: { agent: files.list } } } }\n"
                  "steps: { s: { workflow: c } }"),
             "job", "acme");
  engine.go_on();
  BOOST_TEST(engine.summary("job").tenant() == "acme");
  BOOST_TEST(engine.summary("job..s.0").tenant() == "acme");
  result<void> again = troupe::fail(workflow_errc::none, "not told");
  submit_options other;
  other.run_id = "job";
  other.tenant = "else";
  engine.core->submit(lone_step(""), {}, other,
                      [&](result<void> done) { again = std::move(done); });
  BOOST_REQUIRE(!again);
  BOOST_TEST(again.error().code == workflow_errc::run_exists);
}

BOOST_FIXTURE_TEST_CASE(odd_tenants_are_refused, engine_fixture) {
  engine_harness engine{open(), node_with("fifo")};
  for (const std::string& name : texts{"a b", "a/b", "\n", std::string(65, 'x')}) {
    result<void> outcome;
    submit_options how;
    how.run_id = "r";
    how.tenant = name;
    engine.core->submit(lone_step(""), {}, how,
                        [&](result<void> done) { outcome = std::move(done); });
    BOOST_REQUIRE(!outcome);
    BOOST_TEST(outcome.error().code == workflow_errc::bad_input);
  }
}

BOOST_AUTO_TEST_SUITE_END()
