#include "actors/scheduling/optimum.hpp"
#include "actors/scheduling/plan_report.hpp"
#include "actors/scheduling/policy.hpp"
#include "actors/scheduling/schedule_json.hpp"
#include "tests/actors/scheduling/support.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::scheduling::test {
namespace {

schedule plan(const char* policy, const problem& of) {
  return must(find_offline_policy(policy))->plan(of, {});
}

/// A fast node and a slow one; two tasks and what joins them.
problem fork_join() {
  return problem_of(graph_of({4, 2, 2}, {{0, 2, 100}, {1, 2, 100}}),
                    cluster_of({node_of("slow", 1), node_of("fast", 1, 2)}));
}

BOOST_AUTO_TEST_SUITE(scheduling_policies)

BOOST_AUTO_TEST_CASE(policies_are_found_by_name) {
  for (const auto* each : offline_policies()) {
    BOOST_TEST(must(find_offline_policy(each->name())) == each);
    BOOST_TEST(!each->summary().empty());
  }
  const auto none = find_offline_policy("best");
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().message() ==
             "unknown policy: 'best' is none; known are: portfolio, heft, peft, eft, fifo, "
             "round-robin");
}

BOOST_AUTO_TEST_CASE(heft_takes_the_longest_way_first) {
  const schedule made = plan("heft", fork_join());
  // Task 0 on the fast node; task 1 there would end at 3, on the slow one at 2; the join waits for its data: 2 + 1.
  BOOST_TEST((made.placements[0] == placement{1, 0, 2}));
  BOOST_TEST((made.placements[1] == placement{0, 0, 2}));
  BOOST_TEST((made.placements[2] == placement{1, 3, 4}));
}

BOOST_AUTO_TEST_CASE(fifo_takes_the_slot_that_is_idle_first) {
  const schedule made = plan("fifo", fork_join());
  BOOST_TEST((made.placements[0] == placement{0, 0, 4}));
  BOOST_TEST((made.placements[1] == placement{1, 0, 1}));
  BOOST_TEST((made.placements[2] == placement{1, 5, 6}));
}

BOOST_AUTO_TEST_CASE(round_robin_takes_slots_in_turn) {
  const schedule made = plan("round-robin", fork_join());
  BOOST_TEST(made.placements[0].slot == 0);
  BOOST_TEST(made.placements[1].slot == 1);
  BOOST_TEST(made.placements[2].slot == 0);
}

BOOST_AUTO_TEST_CASE(heft_puts_a_task_into_a_gap) {
  // 0 -> 1 over a slow network keeps the second slot idle; the small task 2 goes in between.
  const problem of = problem_of(graph_of({4, 6, 1}, {{0, 1, 0}}), cluster_of({node_of("a", 1)}, 1));
  const schedule made = plan("heft", of);
  BOOST_TEST(made.makespan() == 11);
}

BOOST_AUTO_TEST_CASE(memory_keeps_tasks_apart) {
  auto tasks = tasks_of({4, 4});
  tasks[0].memory_bytes = tasks[1].memory_bytes = 600 * mebibyte;
  const problem of = problem_of(must(task_graph::make(tasks, {})), cluster_of({node_of("a", 2)}));
  for (const auto* each : offline_policies())
    BOOST_TEST_CONTEXT(each->name())
  BOOST_TEST(each->plan(of, {}).makespan() == 8);
}

BOOST_AUTO_TEST_CASE(the_optimum_is_found_where_heft_misses_it) {
  // Three tasks of 2 and two of 3 on two slots: 6 is possible as 3 + 3 and 2 + 2 + 2, longest first gives 7.
  const problem of =
      problem_of(graph_of({3, 3, 2, 2, 2}), cluster_of({node_of("a", 1), node_of("b", 1)}));
  const schedule first = plan("heft", of);
  BOOST_TEST(first.makespan() == 7);
  const optimum best = find_optimum(of, first, 100'000);
  BOOST_TEST(best.proven);
  BOOST_TEST(best.plan.makespan() == 6);
  BOOST_TEST(plan("portfolio", of).makespan() == 6);
  BOOST_TEST(!find_optimum(of, first, 2).proven);
}

BOOST_AUTO_TEST_CASE(a_report_says_where_the_time_went) {
  const problem of = fork_join();
  const plan_report report = report_of(of, plan("fifo", of));
  BOOST_TEST(report.makespan_seconds == 6);
  BOOST_TEST(report.ratio() == 2);
  BOOST_TEST(report.way.tasks == (std::vector<std::uint32_t>{0, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(report.way.least_run_seconds == 3);
  BOOST_TEST(report.way.slower_slot_seconds == 2);
  BOOST_TEST(report.way.transfer_seconds == 1);
  BOOST_TEST(report.way.slot_wait_seconds == 0);
  BOOST_TEST(report.way.memory_wait_seconds == 0);
  BOOST_TEST(report.used.cpu == 6.0 / 12);
}

BOOST_AUTO_TEST_CASE(a_schedule_is_written_task_by_task) {
  const problem of = fork_join();
  BOOST_TEST(to_json(of, plan("fifo", of)) ==
             R"([
{"task":"0","node":"slow","kind":"cpu","slot":0,"start":0.0,"finish":4.0},
{"task":"1","node":"fast","kind":"cpu","slot":0,"start":0.0,"finish":1.0},
{"task":"2","node":"fast","kind":"cpu","slot":0,"start":5.0,"finish":6.0}
]
)");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling::test
