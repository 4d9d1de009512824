#include "tests/actors/scheduling/online/online_cases.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::scheduling::test {
namespace {

/// Two slots; a workflow of 4, 2 and 1 s, and one second later a chain of `first` and 1 s.
std::vector<simulated_workflow> two_workflows(const cluster& on, double first) {
  return {workflow_of(on, 0, graph_of({{4}, {2}, {1}})),
          workflow_of(on, 1, graph_of({{first}, {1}}, {{0, 1, 0}}))};
}

BOOST_AUTO_TEST_SUITE(online_policies_test)

BOOST_AUTO_TEST_CASE(all_are_found_and_the_first_is_the_default) {
  BOOST_TEST(online_policies().front().name == "aged-srpt");
  for (const auto& each : online_policies()) {
    BOOST_TEST(must(find_online_policy(each.name))->name == each.name);
    BOOST_TEST(!each.summary.empty());
  }
  const auto unknown = find_online_policy("sprt");
  BOOST_REQUIRE(!unknown);
  BOOST_TEST(unknown.error().message().find("srpt") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(fifo_takes_the_first_ready_to_the_first_idle_slot) {
  const auto on = cpu_cluster({{2, 1}});
  check_equal(log_of(on, two_workflows(on, 1), "fifo"),
              {"0 arrive 0", "0 assign 0.0 s0", "0 assign 0.1 s1", "0 start 0.0 s0",
               "0 start 0.1 s1", "1 arrive 1", "2 finish 0.1 s1", "2 assign 0.2 s1",
               "2 start 0.2 s1", "3 finish 0.2 s1", "3 assign 1.0 s1", "3 start 1.0 s1",
               "4 finish 0.0 s0", "4 finish 1.0 s1", "4 assign 1.1 s0", "4 start 1.1 s0",
               "5 finish 1.1 s0"});
}

BOOST_AUTO_TEST_CASE(eft_binds_at_once_to_the_earliest_finish) {
  const auto on = cpu_cluster({{2, 1}});
  check_equal(log_of(on, two_workflows(on, 1), "eft"),
              {"0 arrive 0", "0 assign 0.0 s0", "0 assign 0.1 s1", "0 assign 0.2 s1",
               "0 start 0.0 s0", "0 start 0.1 s1", "1 arrive 1", "1 assign 1.0 s1",
               "2 finish 0.1 s1", "2 start 0.2 s1", "3 finish 0.2 s1", "3 start 1.0 s1",
               "4 finish 0.0 s0", "4 finish 1.0 s1", "4 assign 1.1 s0", "4 start 1.1 s0",
               "5 finish 1.1 s0"});
}

BOOST_AUTO_TEST_CASE(round_robin_takes_one_slot_after_another) {
  const auto on = cpu_cluster({{2, 1}});
  check_equal(log_of(on, two_workflows(on, 1), "round-robin"),
              {"0 arrive 0", "0 assign 0.0 s0", "0 assign 0.1 s1", "0 assign 0.2 s0",
               "0 start 0.0 s0", "0 start 0.1 s1", "1 arrive 1", "1 assign 1.0 s1",
               "2 finish 0.1 s1", "2 start 1.0 s1", "3 finish 1.0 s1", "3 assign 1.1 s0",
               "4 finish 0.0 s0", "4 start 0.2 s0", "5 finish 0.2 s0", "5 start 1.1 s0",
               "6 finish 1.1 s0"});
}

BOOST_AUTO_TEST_CASE(srpt_takes_the_workflow_with_the_least_work_left) {
  const auto on = cpu_cluster({{2, 1}});
  check_equal(log_of(on, two_workflows(on, 1), "srpt"),
              {"0 arrive 0", "0 assign 0.0 s0", "0 assign 0.1 s1", "0 start 0.0 s0",
               "0 start 0.1 s1", "1 arrive 1", "2 finish 0.1 s1", "2 assign 1.0 s1",
               "2 start 1.0 s1", "3 finish 1.0 s1", "3 assign 1.1 s1", "3 start 1.1 s1",
               "4 finish 0.0 s0", "4 finish 1.1 s1", "4 assign 0.2 s0", "4 start 0.2 s0",
               "5 finish 0.2 s0"});
  // At 2 s the first workflow has 5 s left and the second 7 s.
  check_equal(
      starts_of(on, two_workflows(on, 6), "srpt"),
      {"0 start 0.0 s0", "0 start 0.1 s1", "2 start 0.2 s1", "3 start 1.0 s1", "9 start 1.1 s0"});
}

BOOST_AUTO_TEST_CASE(las_takes_the_workflow_that_got_least) {
  const auto on = cpu_cluster({{2, 1}});
  check_equal(
      starts_of(on, two_workflows(on, 6), "las"),
      {"0 start 0.0 s0", "0 start 0.1 s1", "2 start 1.0 s1", "4 start 0.2 s0", "8 start 1.1 s0"});
}

BOOST_AUTO_TEST_CASE(rank_takes_the_longest_way_to_the_end) {
  const auto on = cpu_cluster({{2, 1}});
  check_equal(
      starts_of(on, two_workflows(on, 6), "rank"),
      {"0 start 0.0 s0", "0 start 0.1 s1", "2 start 1.0 s1", "4 start 0.2 s0", "8 start 1.1 s0"});
}

BOOST_AUTO_TEST_CASE(eft_late_takes_the_fastest_idle_slot) {
  const auto on = cpu_cluster({{1, 1}, {1, 2}});
  const std::vector<simulated_workflow> stream{workflow_of(on, 0, graph_of({{4}, {4}}))};
  check_equal(starts_of(on, stream, "eft-late"), {"0 start 0.1 s0", "0 start 0.0 s1"});
  check_equal(starts_of(on, stream, "fifo"), {"0 start 0.0 s0", "0 start 0.1 s1"});
}

BOOST_AUTO_TEST_CASE(late_binding_waits_for_a_fast_slot) {
  const auto on = cpu_cluster({{1, 1}, {1, 4}});
  const std::vector<simulated_workflow> stream{workflow_of(on, 0, graph_of({{4}, {4}, {4}}))};
  // The third would end at 3 s on the fast slot, which is before 4 s on the slow one.
  for (const char* policy : {"rank", "srpt", "las", "aged-srpt"})
    BOOST_TEST_CONTEXT(policy)
  check_equal(starts_of(on, stream, policy),
              {"0 start 0.0 s1", "1 start 0.1 s1", "2 start 0.2 s1"});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling::test
