#include "actors/scheduling/lower_bound.hpp"
#include "actors/scheduling/optimum.hpp"
#include "actors/scheduling/policy.hpp"
#include "tests/actors/scheduling/random_problem.hpp"
#include "tests/actors/scheduling/schedule_checker.hpp"

#include <boost/test/unit_test.hpp>

/// What every policy promises, for random graphs on random clusters.
namespace troupe::scheduling::test {
namespace {

/// Enough to search a little; the full budget takes its time with every graph.
constexpr plan_options little{.seed = 1, .effort = 0.02};

const offline_policy& policy(std::string_view name) {
  return *must(find_offline_policy(name));
}

BOOST_AUTO_TEST_SUITE(scheduling_policy_properties)

BOOST_AUTO_TEST_CASE(every_schedule_is_valid_and_no_shorter_than_the_bound) {
  BOOST_TEST(rc::check("valid", [] {
    const problem of = any_problem(40);
    const double bound = bound_of(of.graph, of.cluster, of.costs).seconds();
    for (const auto* each : offline_policies()) {
      const schedule plan = each->plan(of, little);
      RC_ASSERT(violation_of(of, plan) == "");
      RC_ASSERT(plan.makespan() >= bound * (1 - 1e-9));
    }
  }));
}

BOOST_AUTO_TEST_CASE(the_default_is_never_worse_than_heft) {
  BOOST_TEST(rc::check("never worse", [] {
    const problem of = any_problem(40);
    RC_ASSERT(offline_policies().front()->plan(of, little).makespan() <=
              policy("heft").plan(of, little).makespan());
  }));
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_plan) {
  BOOST_TEST(rc::check("same", [] {
    const problem of = any_problem(40);
    const plan_options options{.seed = *rc::gen::arbitrary<std::uint64_t>(), .effort = 0.02};
    for (const auto* each : offline_policies())
      RC_ASSERT(each->plan(of, options) == each->plan(of, options));
  }));
}

BOOST_AUTO_TEST_CASE(nothing_beats_the_optimum) {
  BOOST_TEST(rc::check("optimum", [] {
    const problem of = any_problem(6, 2);
    const schedule first = policy("fifo").plan(of, little);
    const optimum best = find_optimum(of, first, 1'000'000);
    RC_ASSERT(violation_of(of, best.plan) == "");
    RC_PRE(best.proven);
    for (const auto* each : offline_policies())
      RC_ASSERT(each->plan(of, little).makespan() >= best.plan.makespan() * (1 - 1e-9));
    // Where it begins does not change where it ends.
    const schedule second = policy("portfolio").plan(of, little);
    const optimum again = find_optimum(of, second, 1'000'000);
    RC_ASSERT(std::abs(again.plan.makespan() - best.plan.makespan()) <=
              1e-9 * best.plan.makespan());
  }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling::test
