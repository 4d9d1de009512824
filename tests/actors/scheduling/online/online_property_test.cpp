#include "tests/actors/scheduling/online/event_checker.hpp"
#include "tests/actors/scheduling/online/random_cases.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <rapidcheck.h>
#include <set>

namespace troupe::scheduling::test {
namespace {

BOOST_AUTO_TEST_SUITE(online_property_test)

BOOST_AUTO_TEST_CASE(every_policy_obeys_the_rules_and_is_deterministic) {
  BOOST_TEST(rc::check("the events obey every rule", [] {
    random_case random{*rc::gen::arbitrary<std::uint64_t>()};
    const auto on = random.make_cluster();
    const auto stream = random.make_stream(on, *rc::gen::inRange<std::size_t>(1, 12), 20);
    for (const auto& policy : online_policies()) {
      const auto events = events_of(on, stream, policy.name);
      const std::string wrong = check_events(on, stream, events);
      if (!wrong.empty()) RC_FAIL(std::string{policy.name} + ": " + wrong);
      RC_ASSERT(events == events_of(on, stream, policy.name));
    }
  }));
}

BOOST_AUTO_TEST_CASE(the_checker_finds_what_is_wrong) {
  const auto on = cpu_cluster({{2, 1}});
  const std::vector<simulated_workflow> stream{
      workflow_of(on, 0, graph_of({{3, 60}, {1, 60}}, {{0, 1, 5}}))};
  const auto good = events_of(on, stream, "fifo");
  BOOST_TEST(check_events(on, stream, good).empty());
  for (std::size_t i = 0; i < good.size(); ++i)
    BOOST_TEST_CONTEXT("event " << i) {
      auto without = good;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      BOOST_TEST(!check_events(on, stream, without).empty());
      auto twice = good;
      twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), good[i]);
      BOOST_TEST(!check_events(on, stream, twice).empty());
      // A policy may assign later than it could.
      if (good[i].kind == online_event::what::assign) continue;
      auto late = good;
      for (std::size_t k = i; k < late.size(); ++k)
        late[k].seconds += 0.5;
      BOOST_TEST(!check_events(on, stream, late).empty());
    }
}

/// Where one slot serves all, order is everything: no task may go before a ready one of a workflow that its own could not
/// overtake any more when it arrived.
void check_overtaking(const std::vector<simulated_workflow>& stream,
                      const std::vector<online_event>& events) {
  constexpr double ageing = 0.03;
  std::map<std::uint32_t, std::set<std::uint32_t>> waiting;
  for (const online_event& event : events) {
    const auto [workflow, task] = event.key;
    if (event.kind == online_event::what::arrive)
      for (std::uint32_t i = 0; i < stream[workflow].known->graph.size(); ++i)
        waiting[workflow].insert(i);
    if (event.kind != online_event::what::assign) continue;
    const double arrival = stream[workflow].arrival_seconds;
    for (const auto& [other, tasks] : waiting)
      if (!tasks.empty())
        RC_ASSERT(arrival <= stream[other].arrival_seconds +
                                 stream[other].known->least_seconds / ageing + 1e-6);
    waiting[workflow].erase(task);
  }
}

BOOST_AUTO_TEST_CASE(aged_srpt_bounds_starvation) {
  BOOST_TEST(rc::check("nothing is overtaken by what comes much later", [] {
    random_case random{*rc::gen::arbitrary<std::uint64_t>()};
    const auto on = cpu_cluster({{1, 1}});
    std::vector<simulated_workflow> stream;
    double arrival = 0;
    for (int i = 0; i < 300; ++i) {
      // Independent tasks, all ready at once, and more work than one slot can do.
      std::vector<small_task> tasks(1 + random.below(4));
      for (small_task& each : tasks)
        each.seconds = 0.1 + random.part() * (random.below(20) == 0 ? 20 : 1);
      stream.push_back(workflow_of(on, arrival, graph_of(tasks)));
      arrival += random.part();
    }
    check_overtaking(stream, events_of(on, stream, "aged-srpt"));
  }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling::test
