#include "actors/scheduling/acceleration.hpp"
#include "actors/scheduling/lower_bound.hpp"
#include "actors/scheduling/program_name.hpp"
#include "actors/scheduling/ranks.hpp"
#include "tests/actors/scheduling/support.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

namespace troupe::scheduling::test {
namespace {

BOOST_AUTO_TEST_SUITE(scheduling_cost_model)

BOOST_AUTO_TEST_CASE(generators_have_their_known_values) {
  BOOST_TEST(splitmix64(0) == 0xE220A8397B1DCDAF);
  BOOST_TEST(fnv1a("") == 0xCBF29CE484222325);
  BOOST_TEST(fnv1a("a") == 0xAF63DC4C8601EC8C);
}

BOOST_AUTO_TEST_CASE(an_acceleration_follows_from_program_and_seed) {
  const acceleration_model always{1, 2, 15}, none{0, 2, 15}, half{0.5, 2, 15};
  BOOST_TEST(!acceleration("blastall", 1, none).has_value());
  const double a = acceleration("blastall", 1, always).value();
  BOOST_TEST((a >= 2 && a < 15));
  BOOST_TEST(acceleration("blastall", 1, always).value() == a);
  BOOST_TEST(acceleration("blastall", 2, always).value() != a);
  int with = 0;
  for (int i = 0; i < 1000; ++i)
    with += acceleration("program" + std::to_string(i), 1, half).has_value() ? 1 : 0;
  BOOST_TEST((with > 400 && with < 600));
}

BOOST_AUTO_TEST_CASE(a_program_is_the_command_or_part_of_the_name) {
  struct {
    const char *name, *command, *program;
  } const rows[] = {
      {"x.y_ID01", "blastall", "blastall"},
      {"x.y_ID01", "", "y"},
      {"x.y_ID01", "two words", "y"},
      {"x.y_ID01", "tab\there", "y"},
      {"x.y_ID01", "wide\xE2\x80\x83space", "y"},
      {"y_ID0001", "", "y"},
      {"y_ID", "", "y_ID"},
      {"y_IDx", "", "y_IDx"},
      {"y12", "", "y12"},
      {"a.b.c", "", "c"},
      {"a.", "", ""},
      {"_ID7", "", ""},
  };
  for (const auto& [name, command, program] : rows)
    BOOST_TEST_CONTEXT(name << " / " << command)
  BOOST_TEST(program_name(name, command) == program);
}

BOOST_AUTO_TEST_CASE(costs_are_run_times_by_speed_and_acceleration) {
  const problem of = problem_of(graph_of({8}), cluster_of({node_of("a", 1, 2, 1)}, 4));
  BOOST_TEST(of.costs.seconds(0, 0) == 4);
  BOOST_TEST(of.costs.seconds(0, 1) == 2);
  BOOST_TEST(of.costs.least_seconds(0) == 2);
}

BOOST_AUTO_TEST_CASE(a_task_runs_only_where_its_memory_is) {
  auto tasks = tasks_of({8});
  tasks[0].memory_bytes = 2048 * mebibyte;
  auto large = node_of("large", 1);
  large.memory_bytes = 4096 * mebibyte;
  const auto graph = must(task_graph::make(tasks, {}));
  const problem of = problem_of(graph, cluster_of({node_of("small", 1), large}));
  BOOST_TEST(of.costs.seconds(0, 0) == never);
  BOOST_TEST(of.costs.seconds(0, 1) == 8);
  const auto nowhere = problem::make(graph, cluster_of({node_of("small", 1)}));
  BOOST_REQUIRE(!nowhere);
  BOOST_TEST(nowhere.error().message() ==
             "no place for a task: task '0' needs 2147483648 bytes of memory, and no node of "
             "cluster 'test' with slots has more than 1073741824; give a node more memory");
}

BOOST_AUTO_TEST_CASE(a_transfer_goes_at_the_smaller_bandwidth) {
  auto slow = node_of("slow", 1);
  slow.bandwidth_bytes_per_second = 10;
  const cluster on = cluster_of({node_of("a", 1), slow});
  BOOST_TEST(on.transfer_seconds(1000, 0, 1) == 100);
  BOOST_TEST(on.transfer_seconds(1000, 1, 0) == 100);
  BOOST_TEST(on.transfer_seconds(1000, 1, 1) == 0);
  BOOST_TEST(on.transfer_seconds(0, 0, 1) == 0);
}

BOOST_AUTO_TEST_CASE(the_lower_bound_is_a_way_or_an_area) {
  const cluster two = cluster_of({node_of("a", 2)});
  const problem chain = problem_of(graph_of({1, 2, 3}, {{0, 1, 9}, {1, 2, 9}}), two);
  const lower_bound way = bound_of(chain.graph, chain.cluster, chain.costs);
  BOOST_TEST(way.critical_path_seconds == 6);
  BOOST_TEST(way.area_seconds == 3);
  BOOST_TEST(way.seconds() == 6);
  BOOST_TEST(critical_path(chain.graph, chain.costs) == (std::vector<std::uint32_t>{0, 1, 2}),
             boost::test_tools::per_element());
  const problem wide = problem_of(graph_of({4, 4, 4, 4}), two);
  BOOST_TEST(bound_of(wide.graph, wide.cluster, wide.costs).seconds() == 8);
  // 24 s of work: x on the GPU, four times as fast: x / 4 = 24 - x.
  const problem both = problem_of(graph_of({12, 12}), cluster_of({node_of("a", 1, 1, 1)}));
  BOOST_TEST(std::abs(bound_of(both.graph, both.cluster, both.costs).area_seconds - 4.8) < 1e-12);
  // No CPU slot at all.
  const problem gpu = problem_of(graph_of({12, 12}), cluster_of({node_of("a", 0, 1, 1)}));
  BOOST_TEST(bound_of(gpu.graph, gpu.cluster, gpu.costs).area_seconds == 6);
}

BOOST_AUTO_TEST_CASE(upward_ranks_add_means_and_transfers) {
  // Two equal nodes: half of the pairs of slots are on different nodes, at 100 bytes/s.
  const cluster on = cluster_of({node_of("a", 1), node_of("b", 1)});
  const problem of = problem_of(graph_of({1, 2}, {{0, 1, 400}}), on);
  const mean_costs means = average(of.costs, on);
  BOOST_TEST(means.seconds_per_byte == 0.005);
  BOOST_TEST(upward_rank(of.graph, means) == (std::vector<double>{5, 2}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_graph_says_what_is_wrong_with_it) {
  struct {
    std::vector<double> seconds;
    std::vector<edge> edges;
    const char* says;
  } const rows[] = {
      {{}, {}, "there are no tasks"},
      {{1}, {{0, 0, 0}}, "task '0' waits for itself"},
      {{1}, {{0, 1, 0}}, "an edge leads from task 0 to task 1"},
      {{1, 1, 1}, {{0, 1, 0}, {1, 2, 0}, {2, 1, 0}}, "in a cycle: 1 -> 2 -> 1"},
      {{0}, {}, "its run time is 0 s"},
      {{1e99}, {}, "its run time is 1e+99 s"},
  };
  for (const auto& [seconds, edges, says] : rows)
    BOOST_TEST_CONTEXT(says) {
      const auto made = task_graph::make(tasks_of(seconds), edges);
      BOOST_REQUIRE(!made);
      BOOST_TEST(made.error().context.find(says) != std::string::npos, made.error().context);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling::test
