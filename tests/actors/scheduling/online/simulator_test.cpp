#include "tests/actors/scheduling/online/online_cases.hpp"

#include "actors/scheduling/online/figures.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::scheduling::test {
namespace {

BOOST_AUTO_TEST_SUITE(simulator_test)

BOOST_AUTO_TEST_CASE(inputs_travel_from_the_assignment_on) {
  const auto on = cpu_cluster({{1, 1}, {1, 1}});
  // 30 bytes at 10 bytes per second; the third task makes the producer's node busy.
  const std::vector<simulated_workflow> stream{
      workflow_of(on, 0, graph_of({{2}, {1}, {9}}, {{0, 1, 30}}))};
  check_equal(log_of(on, stream, "round-robin"),
              {"0 arrive 0", "0 assign 0.0 s0", "0 assign 0.2 s1", "0 start 0.0 s0",
               "0 start 0.2 s1", "2 finish 0.0 s0", "2 assign 0.1 s0", "2 start 0.1 s0",
               "3 finish 0.1 s0", "9 finish 0.2 s1"});
  const std::vector<simulated_workflow> apart{
      workflow_of(on, 0, graph_of({{2}, {1}}, {{0, 1, 30}}))};
  check_equal(log_of(on, apart, "round-robin"),
              {"0 arrive 0", "0 assign 0.0 s0", "0 start 0.0 s0", "2 finish 0.0 s0",
               "2 assign 0.1 s1", "5 start 0.1 s1", "6 finish 0.1 s1"});
}

BOOST_AUTO_TEST_CASE(the_head_of_a_queue_waits_for_memory) {
  const auto on = cpu_cluster({{2, 1}});
  const std::vector<simulated_workflow> stream{workflow_of(on, 0, graph_of({{3, 60}, {1, 60}}))};
  check_equal(log_of(on, stream, "eft"),
              {"0 arrive 0", "0 assign 0.0 s0", "0 assign 0.1 s1", "0 start 0.0 s0",
               "3 finish 0.0 s0", "3 start 0.1 s1", "4 finish 0.1 s1"});
  check_equal(starts_of(on, stream, "fifo"), {"0 start 0.0 s0", "3 start 0.1 s0"});
}

BOOST_AUTO_TEST_CASE(true_times_differ_from_estimates) {
  const auto on = cpu_cluster({{1, 1}});
  const std::vector<simulated_workflow> stream{workflow_of(on, 0, graph_of({{4}, {2}}), {2, .5})};
  check_equal(starts_of(on, stream, "fifo"), {"0 start 0.0 s0", "8 start 0.1 s0"});
}

BOOST_AUTO_TEST_CASE(finishes_come_before_arrivals_at_one_time) {
  const auto on = cpu_cluster({{1, 1}});
  const std::vector<simulated_workflow> stream{workflow_of(on, 2, graph_of({{1}})),
                                               workflow_of(on, 0, graph_of({{2}}))};
  check_equal(log_of(on, stream, "fifo"),
              {"0 arrive 1", "0 assign 1.0 s0", "0 start 1.0 s0", "2 finish 1.0 s0", "2 arrive 0",
               "2 assign 0.0 s0", "2 start 0.0 s0", "3 finish 0.0 s0"});
}

BOOST_AUTO_TEST_CASE(events_as_lines_of_json) {
  BOOST_TEST(to_json_line({0.1, online_event::what::arrive, {3, 0}, 0}) ==
             R"({"t": 0.1, "e": "arrive", "w": 3})");
  BOOST_TEST(to_json_line({1e-7, online_event::what::finish, {3, 4}, 5}) ==
             R"({"t": 1e-07, "e": "finish", "w": 3, "k": 4, "s": 5})");
}

BOOST_AUTO_TEST_CASE(figures_of_two_workflows) {
  const auto on = cpu_cluster({{1, 1}});
  const std::vector<simulated_workflow> stream{workflow_of(on, 0, graph_of({{3}})),
                                               workflow_of(on, 1, graph_of({{1}}))};
  const auto policy = must(find_online_policy("fifo"))->make();
  const auto run = simulate(on, stream, *policy);
  const auto is = figures_of(run, on, stream, must(bounds_of(on, stream)));
  // Completion times 3 and 3, stretches 1 and 3.
  BOOST_TEST(is.mean_jct == 3);
  BOOST_TEST(is.p95_jct == 3);
  BOOST_TEST(is.mean_stretch == 2);
  BOOST_TEST(is.max_stretch == 3);
  BOOST_TEST(is.jain_stretch == 16.0 / 20);
  BOOST_TEST(is.span == 4);
  BOOST_TEST(is.cpu_utilisation.value() == 1);
  BOOST_TEST(!is.gpu_utilisation);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling::test
