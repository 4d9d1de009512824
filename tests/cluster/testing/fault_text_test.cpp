// Plans of faults as text.
#include "cluster/testing/errc.hpp"
#include "cluster/testing/fault_plan.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster::testing;
using namespace std::chrono_literals;

namespace {

BOOST_AUTO_TEST_SUITE(cluster_testing_fault_text)

BOOST_AUTO_TEST_CASE(a_plan_is_one_fault_a_line) {
  const auto plan = test::must(
      parse_plan("# found on a Friday\n"
                 "seed 42\n\n"
                 "at 1s for 2500ms partition a,b | c   # the rest is d\n"
                 "at 1s cut a > *\n"
                 "at 250us pause b\n"
                 "at 0s for 1ns slow * > c latency uniform 1ms 5ms rate 1000 loss 20ppm\n"
                 "at 2s for 1s skew a -250ms\n"
                 "at 2s for 1s drift b -200ppm\n"));
  BOOST_TEST(plan.seed == 42u);
  BOOST_REQUIRE_EQUAL(plan.faults.size(), 6u);
  const auto& apart = plan.faults[0];
  BOOST_TEST((apart.kind == fault_kind::partition && apart.at == 1s && apart.lasts == 2500ms));
  BOOST_TEST((apart.nodes == std::vector<std::string>{"a", "b"} &&
              apart.others == std::vector<std::string>{"c"}));
  BOOST_TEST((plan.faults[1].lasts == 0s && plan.faults[1].others.empty()));
  BOOST_TEST((plan.faults[2].at == 250us));
  const auto& slow = plan.faults[3];
  BOOST_TEST((slow.nodes.empty() &&
              slow.shape.latency == latency_model{latency_model::kind::uniform, 1ms, 5ms}));
  BOOST_TEST((slow.shape.bytes_per_second == 1000u && slow.shape.loss_ppm == 20u));
  BOOST_TEST((plan.faults[4].offset == -250ms));
  BOOST_TEST(plan.faults[5].ppm == -200);
  BOOST_TEST(to_string(apart) == "at 1s for 2500ms partition a,b | c");
  BOOST_TEST(to_string(slow) ==
             "at 0s for 1ns slow * > c latency uniform 1ms 5ms rate 1000 loss 20ppm");
}

BOOST_AUTO_TEST_CASE(what_is_no_plan_is_refused_with_its_line) {
  for (const char* line : {"partition a | b",
                           "at 1 pause a",
                           "at 1h pause a",
                           "at -1s pause a",
                           "at 1s pause",
                           "at 1s pause *",
                           "at 1s stop a",
                           "at 1s pause a b",
                           "at 1s partition a > b",
                           "at 1s partition a |",
                           "at 1s for pause a",
                           "at 1s slow a > b",
                           "at 1s slow a > b latency uniform 5ms 1ms",
                           "at 1s slow a > b latency fixed 1ms loss 3",
                           "at 1s drift a 3",
                           "at 1s skew a",
                           "seed",
                           "seed x",
                           "at 99999999999999999999s pause a",
                           "at 9999999999s pause a"})
    BOOST_TEST_CONTEXT(line) {
      const auto read = parse_plan("seed 1\n" + std::string{line} + "\n");
      BOOST_REQUIRE(!read.has_value());
      BOOST_TEST(read.error().code == testing_errc::bad_plan);
      BOOST_TEST(read.error().context.find("line 2") == 0u);
    }
}

BOOST_AUTO_TEST_CASE(plans_by_chance_keep_to_their_options) {
  const plan_options options{.nodes = {"a", "b", "c"}, .length = 5s, .faults = 20, .longest = 2s};
  std::size_t most = 0;
  std::set<fault_kind> kinds;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto plan = random_plan(seed, options);
    BOOST_TEST((plan == random_plan(seed, options)));
    most = std::max(most, plan.faults.size());
    for (const auto& each : plan.faults) {
      BOOST_TEST((each.at >= 0s && each.at < 5s && each.lasts > 0s && each.lasts <= 2s &&
                  !each.nodes.empty()));
      kinds.insert(each.kind);
    }
  }
  BOOST_TEST(most == 20u);
  BOOST_TEST(kinds.size() == 9u);
  BOOST_TEST(random_plan(3, {}).faults.empty());
  for (const auto& each : random_plan(5, {.nodes = {"alone"}, .faults = 50}).faults)
    BOOST_TEST((each.kind != fault_kind::partition && each.kind != fault_kind::cut));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
