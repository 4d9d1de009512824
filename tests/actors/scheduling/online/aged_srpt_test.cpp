#include "tests/actors/scheduling/online/online_cases.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

namespace troupe::scheduling::test {
namespace {

/// When the last task of a workflow ends, in seconds.
double end_of(std::uint32_t workflow, const std::vector<online_event>& events) {
  double last = 0;
  for (const online_event& event : events)
    if (event.kind == online_event::what::finish && event.key.workflow == workflow)
      last = event.seconds;
  return last;
}

std::vector<small_task> tasks(std::size_t count, double seconds) {
  return std::vector<small_task>(count, small_task{seconds});
}

BOOST_AUTO_TEST_SUITE(aged_srpt_test)

BOOST_AUTO_TEST_CASE(a_late_task_is_not_taken_as_ending_now) {
  // The fast slot's task runs for 400 s instead of 10 s. srpt waits for it all the time, for 0.1 s less.
  const auto on = cpu_cluster({{1, 1}, {1, 2}});
  const std::vector<simulated_workflow> stream{workflow_of(on, 0, graph_of({{20}}), {40}),
                                               workflow_of(on, 20, graph_of({{0.2}}))};
  BOOST_TEST(end_of(1, events_of(on, stream, "srpt")) > 400);
  BOOST_TEST(end_of(1, events_of(on, stream, "aged-srpt")) < 21);
}

BOOST_AUTO_TEST_CASE(a_slot_is_kept_for_short_tasks) {
  const auto on = cpu_cluster({{16, 1}});
  const std::vector<simulated_workflow> stream{workflow_of(on, 0, graph_of(tasks(32, 1000))),
                                               workflow_of(on, 10, graph_of({{1}}))};
  BOOST_TEST(end_of(1, events_of(on, stream, "srpt")) == 1001);
  BOOST_TEST(end_of(1, events_of(on, stream, "aged-srpt")) == 11);
}

BOOST_AUTO_TEST_CASE(no_slot_of_few_is_kept) {
  const auto on = cpu_cluster({{8, 1}});
  const std::vector<simulated_workflow> stream{workflow_of(on, 0, graph_of(tasks(8, 1000)))};
  BOOST_TEST(end_of(0, events_of(on, stream, "aged-srpt")) == 1000);
}

BOOST_AUTO_TEST_CASE(a_large_workflow_is_not_overtaken_for_ever) {
  // One of 30 s, and small ones that alone are more than the slot can do.
  const auto on = cpu_cluster({{1, 1}});
  std::vector<simulated_workflow> stream{workflow_of(on, 0, graph_of(tasks(2, 15)))};
  for (int i = 0; i < 4000; ++i)
    stream.push_back(workflow_of(on, 0.5 + i, graph_of({{1.1}})));
  const double last = stream.back().arrival_seconds;
  BOOST_TEST(end_of(0, events_of(on, stream, "srpt")) > last);
  // Nothing that arrives 30 s / 0.03 later comes before it; what came earlier takes 1.1 s each.
  BOOST_TEST(end_of(0, events_of(on, stream, "aged-srpt")) < 1000 * 1.1 + 60);
}

BOOST_AUTO_TEST_CASE(a_task_of_much_memory_is_not_overtaken_for_ever) {
  // Small tasks would always leave too little memory for the one that needs all of it.
  const auto on = cpu_cluster({{8, 1}});
  std::vector<simulated_workflow> stream{workflow_of(on, 0.1, graph_of({{1, 100}}))};
  for (int i = 0; i < 200; ++i)
    stream.push_back(workflow_of(on, i * 0.3, graph_of({{1.1, 10}})));
  BOOST_TEST(end_of(0, events_of(on, stream, "srpt")) > 50);
  BOOST_TEST(end_of(0, events_of(on, stream, "aged-srpt")) < 10);
}

/// A program that has a GPU version on a cluster, or one that has none.
std::string program(const cluster& on, bool accelerated) {
  for (int i = 0;; ++i) {
    const auto name = fmt::format("p{}", i);
    const auto graph = must(task_graph::make({{"t", name, 1, 1}}, {}));
    if ((must(cost_table::make(graph, on)).acceleration_of(0) > 0) == accelerated) return name;
  }
}

BOOST_AUTO_TEST_CASE(the_scarcer_kind_of_slot_decides) {
  const auto on = must(cluster::make({"mixed", 1, {0.5, 2, 2}, 1, {{"n0", 4, 1, 1, 1, 100, 10}}}));
  const std::string gpu = program(on, true), cpu = program(on, false);
  // The first has 9 s of work, 8 of them for the one GPU; the second has 16 s for four CPUs.
  const std::vector<simulated_workflow> stream{
      workflow_of(on, 0, must(task_graph::make({{"a", gpu, 16, 1}, {"b", cpu, 1, 1}}, {}))),
      workflow_of(
          on, 0,
          must(task_graph::make(
              {{"a", cpu, 4, 1}, {"b", cpu, 4, 1}, {"c", cpu, 4, 1}, {"d", cpu, 4, 1}}, {})))};
  BOOST_TEST(end_of(1, events_of(on, stream, "srpt")) == 5);
  BOOST_TEST(end_of(1, events_of(on, stream, "aged-srpt")) == 4);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling::test
