// A run that was recorded, once more on another node.
#include "actors/scheduling/online/online_policy.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/insight/what_if.hpp"
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_what_if)

namespace {

what_if_node node_of(const std::string& resources, std::size_t slots = 8) {
  what_if_node made;
  made.resources = *scheduling::make_resources(*scheduling::parse_resources(resources));
  made.slots = slots;
  return made;
}

attempt_timing ran(const driver& run, duration time) {
  attempt_timing made;
  made.started = run.now - time;
  made.ran = time;
  return made;
}

/// The same of one that waited for its resources from when it was scheduled.
attempt_timing waited_and_ran(const driver& run, const instance_id& instance, duration time) {
  attempt_timing made = ran(run, time);
  for (const event& each : run.history)
    if (const auto* scheduled = std::get_if<step_scheduled>(&each.what);
        scheduled && scheduled->attempt.instance == instance)
      made.resource_wait = made.started - each.time;
  return made;
}

void done(driver& run, const instance_id& instance, duration time) {
  run.now += time;
  message_ptr reply = answer(**run.state.request(instance));
  run.record(
      step_completed{run.current(instance), std::move(reply), waited_and_ran(run, instance, time)});
}

/// Recorded on a node where one attempt ran after another.
run_insight recorded() {
  driver run{load(R"(
name: w
steps:
  list: { agent: files.list, resources: { cpu: 1 } }
  read: { agent: files.read, for_each: '${steps.list.files}', resources: { cpu: 2 }, input: { path: '${item.path}' } }
  report: { agent: files.list, needs: [read] }
)"),
             {}};
  done(run, {"list"}, 1s);
  done(run, {"read", 0}, 2s);
  done(run, {"read", 1}, 3s);
  done(run, {"read", 2}, 4s);
  done(run, {"report"}, 1s);
  return must(analyse(run.history));
}

duration on(const run_insight& of, const what_if_node& node) {
  return must(what_if(of, node)).makespan;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_larger_node_ends_sooner_and_a_smaller_one_as_recorded) {
  const auto of = recorded();
  BOOST_TEST((of.makespan == 11s));
  BOOST_TEST((on(of, node_of("cpu=2")) == 11s));
  BOOST_TEST((on(of, node_of("cpu=4")) == 8s)); // 1, then 2 + 4 beside 3, then 1
  BOOST_TEST((on(of, node_of("cpu=6")) == 6s));
  BOOST_TEST((on(of, node_of("cpu=6", 1)) == 11s));
  BOOST_TEST((must(what_if(of, node_of("cpu=6"))).ends[1] == 5s));
}

BOOST_AUTO_TEST_CASE(a_demand_that_fits_nowhere_is_named) {
  const auto refused = what_if(recorded(), node_of("cpu=1"));
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == workflow_errc::demand_too_large);
  BOOST_TEST(refused.error().message().find("read") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(failures_waits_and_parallelism_are_kept) {
  driver run{load(R"(
name: w
steps:
  nap: { wait: 5s }
  a: { agent: files.list, needs: [nap] }
  each: { agent: files.read, for_each: '${steps.a.files}', parallelism: 1, input: { path: '${item.path}' } }
)"),
             {}};
  run.fire_timer(0);
  run.now += 2s;
  step_failed failed = run.state.judge(run.current({"a"}), {"x", "", true}, run.now);
  failed.timing = ran(run, 2s);
  run.record(std::move(failed));
  run.fire(0); // a second later
  done(run, {"a"}, 1s);
  for (std::uint32_t i = 0; i < 3; ++i)
    done(run, {"each", i}, 1s);
  const auto of = must(analyse(run.history));
  BOOST_TEST((of.makespan == 12s));
  BOOST_TEST((on(of, node_of("cpu=8")) == 12s)); // nothing of it waited for the node
}

BOOST_AUTO_TEST_CASE(the_order_of_a_policy_decides) {
  driver run{load(R"(
name: w
steps:
  a: { agent: files.list, resources: { cpu: 1 } }
  b: { agent: files.list, resources: { cpu: 1 } }
  c: { agent: files.list, needs: [b], resources: { cpu: 1 } }
)"),
             {}};
  done(run, {"a"}, 4s);
  done(run, {"b"}, 1s);
  done(run, {"c"}, 4s);
  const auto of = must(analyse(run.history));
  auto node = node_of("cpu=1");
  BOOST_TEST((on(of, node) == 9s));
  node = node_of("cpu=2", 2);
  BOOST_TEST((on(of, node) == 5s));
  node = node_of("cpu=1");
  node.order = (*scheduling::find_online_policy("rank"))->order();
  const auto ends = must(what_if(of, node)).ends;
  BOOST_TEST((ends[1] == 1s)); // the long way first
}

BOOST_AUTO_TEST_CASE(is_a_graph_for_policies_that_plan) {
  const auto graph = must(task_graph_of(recorded()));
  BOOST_TEST(graph.size() == 6u); // five instances, and all of read
  BOOST_TEST(graph.tasks()[0].id == "list[0]");
  BOOST_TEST(graph.tasks()[3].run_seconds == 4.0);
  BOOST_TEST(graph.tasks()[5].id == "read.all");
  BOOST_TEST(graph.predecessors(5).size() == 3u + 1u); // and what its step needs
  BOOST_TEST(graph.predecessors(4).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
