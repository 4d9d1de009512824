// Whatever goes wrong: frames arrive in order, without gaps, as a beginning of what was sent, and ends are told once.
#include "cluster/testing/fault_plan.hpp"
#include "tests/cluster/testing/chatter.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

#include <algorithm>

using namespace troupe;
using namespace troupe::cluster::testing;
using namespace std::chrono_literals;
using troupe::test::chatter;

namespace {

fault_plan any_plan(std::size_t nodes, std::size_t faults) {
  return random_plan(*rc::gen::arbitrary<std::uint64_t>(),
                     {.nodes = chatter::names(nodes), .length = 20s, .faults = faults});
}

BOOST_AUTO_TEST_SUITE(cluster_testing_properties)

BOOST_AUTO_TEST_CASE(the_contract_holds_whatever_goes_wrong) {
  BOOST_TEST(rc::check("prefixes, in order, one end", [] {
    const auto plan = any_plan(4, 10);
    const chatter ran{4, plan};
    RC_LOG() << to_string(plan);
    RC_ASSERT(ran.wrong() == "");
    RC_ASSERT(ran.counters().frames_delivered <= ran.counters().frames_sent);
    RC_ASSERT(ran.counters().frames_delivered > 0u);
  }));
}

BOOST_AUTO_TEST_CASE(one_seed_gives_one_order) {
  BOOST_TEST(rc::check("same plan, same trace", [] {
    const auto plan = any_plan(3, 6);
    RC_LOG() << to_string(plan);
    RC_ASSERT(chatter(3, plan, 25s).trace() == chatter(3, plan, 25s).trace());
  }));
  fault_plan slow{1,
                  {{.kind = fault_kind::slow,
                    .shape = {.latency = {latency_model::kind::uniform, 1ms, 90ms}}}}};
  auto other = slow;
  other.seed = 2;
  BOOST_TEST(chatter(3, slow, 5s).trace() != chatter(3, other, 5s).trace());
}

BOOST_AUTO_TEST_CASE(a_plan_reads_as_it_was_written) {
  BOOST_TEST(rc::check("parse(to_string(plan)) == plan", [] {
    const auto plan = any_plan(*rc::gen::inRange<std::size_t>(1, 9), 30);
    RC_ASSERT(test::must(parse_plan(to_string(plan))) == plan);
  }));
}

BOOST_AUTO_TEST_CASE(shrinking_gets_down_to_what_matters) {
  // Fails while a and c are apart when b pauses for two seconds or more.
  const auto fails = [](const fault_plan& plan) {
    const auto has = [](const auto& list, const char* name) {
      return std::ranges::find(list, name) != list.end();
    };
    return std::ranges::any_of(plan.faults, [&](const fault& pause) {
      return pause.kind == fault_kind::pause && has(pause.nodes, "b") && pause.lasts >= 2s &&
             std::ranges::any_of(plan.faults, [&](const fault& apart) {
               return apart.kind == fault_kind::partition && has(apart.nodes, "a") &&
                      has(apart.others, "c") && apart.at <= pause.at &&
                      pause.at < apart.at + apart.lasts;
             });
    });
  };
  int failed = 0;
  BOOST_TEST(rc::check("two faults are left", [&] {
    auto plan = random_plan(*rc::gen::arbitrary<std::uint64_t>(),
                            {.nodes = {"a", "b", "c", "d"}, .faults = 12});
    plan.faults.push_back({.kind = fault_kind::partition,
                           .at = 3s,
                           .lasts = 9s,
                           .nodes = {"a", "b"},
                           .others = {"c", "d"}});
    plan.faults.push_back({.kind = fault_kind::pause, .at = 5s, .lasts = 7s, .nodes = {"b"}});
    RC_PRE(fails(plan));
    const auto least = shrink(plan, fails);
    RC_LOG() << to_string(least);
    RC_ASSERT(fails(least));
    RC_ASSERT(least.faults.size() == 2u);
    for (const auto& each : least.faults) {
      RC_ASSERT(each.nodes.size() == 1u);
      RC_ASSERT(each.at == 0s);
      RC_ASSERT(each.kind != fault_kind::pause || each.lasts < 2100ms);
      RC_ASSERT(each.kind != fault_kind::partition ||
                (each.others.size() == 1 && each.lasts < 10ms));
    }
    ++failed;
  }));
  BOOST_TEST(failed > 0);
}

BOOST_AUTO_TEST_CASE(shrinking_a_run_finds_the_fault_that_did_it) {
  // The only way to a link that is given up for silence without a word about loss, among much that is harmless.
  const auto fails = [](const fault_plan& plan) {
    return chatter(3, plan, 25s).counters().links_silent > 0;
  };
  fault_plan plan = random_plan(
      7, {.nodes = chatter::names(3),
          .length = 10s,
          .faults = 12,
          .kinds = {fault_kind::skew, fault_kind::drift, fault_kind::refuse, fault_kind::crash}});
  plan.faults.push_back({.kind = fault_kind::partition,
                         .at = 4s,
                         .lasts = 12s,
                         .nodes = {"n0", "n1"},
                         .others = {"n2"}});
  BOOST_REQUIRE(fails(plan));
  const auto least = shrink(plan, fails, {.tries = 100});
  BOOST_TEST_INFO(to_string(least));
  BOOST_REQUIRE_EQUAL(least.faults.size(), 1u);
  BOOST_TEST((least.faults[0].kind == fault_kind::partition));
  BOOST_TEST(least.faults[0].nodes.size() == 1u);
  BOOST_TEST((least.faults[0].lasts >= 5s && least.faults[0].lasts < 7s));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
