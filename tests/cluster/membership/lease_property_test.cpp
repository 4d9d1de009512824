// Leases of members against what coordinators declare, with clocks that drift apart, pauses, a store that is away, partitions,
// and messages that are late, lost or doubled. The bound on drift is `membership_defaults::clock_drift`, 1 %.
#include "tests/cluster/membership/lease_world.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

using fault = lease_world::fault;
using fault_kind = lease_world::fault_kind;

constexpr int most_drift = 100; // of 10,000

rc::Gen<fault> any_fault() {
  const auto kinds = rc::gen::element(fault_kind::pause_member, fault_kind::pause_coordinator,
                                      fault_kind::store_away, fault_kind::partition,
                                      fault_kind::slow, fault_kind::lossy, fault_kind::doubling);
  return rc::gen::map(rc::gen::build<fault>(
                          rc::gen::set(&fault::kind, kinds),
                          rc::gen::set(&fault::who, rc::gen::inRange<std::uint32_t>(0, 6)),
                          rc::gen::set(&fault::at_ms, rc::gen::inRange<std::uint32_t>(0, 12'000)),
                          rc::gen::set(&fault::for_ms, rc::gen::inRange<std::uint32_t>(0, 5'000))),
                      [](fault of) {
                        if (of.kind == fault_kind::pause_member) of.who %= lease_world::members;
                        if (of.kind == fault_kind::pause_coordinator)
                          of.who %= lease_world::coordinators;
                        if (of.kind == fault_kind::store_away) of.who = 0;
                        return of;
                      });
}

lease_world::setting any_setting() {
  const auto drift = rc::gen::inRange(-most_drift, most_drift + 1);
  lease_world::setting made;
  made.member_drift = *rc::gen::container<std::array<int, lease_world::members>>(drift);
  made.coordinator_drift = *rc::gen::container<std::array<int, lease_world::coordinators>>(drift);
  made.table_drift = *drift;
  made.seed = *rc::gen::inRange<std::uint32_t>(1, 1'000'000);
  made.faults = *rc::gen::container<std::vector<fault>>(any_fault());
  return made;
}

/// Clocks as wrong as they may be, the worst way round.
lease_world::setting worst_clocks(int drift) {
  lease_world::setting made;
  made.member_drift.fill(-drift);
  made.coordinator_drift.fill(drift);
  made.table_drift = drift;
  made.seed = 1;
  return made;
}

BOOST_AUTO_TEST_SUITE(membership_lease_property)

BOOST_AUTO_TEST_CASE(nobody_believes_in_a_lease_of_one_who_is_dead) {
  std::size_t deaths = 0, fencings = 0;
  BOOST_TEST(rc::check("no member holds while the table says dead", [&] {
    lease_world world{any_setting()};
    world.run(15s);
    RC_ASSERT(world.violations() == 0U);
    deaths += world.deaths();
    fencings += world.fencings();
  }));
  BOOST_TEST_MESSAGE(deaths << " deaths, " << fencings << " fencings");
  BOOST_TEST(deaths > 2U, "the faults are such that members die");
}

BOOST_AUTO_TEST_CASE(nobody_dies_where_nothing_is_wrong) {
  BOOST_TEST(rc::check("without faults everybody stays what it is", [] {
    auto quiet = any_setting();
    quiet.faults.clear();
    lease_world world{quiet};
    world.run(15s);
    RC_ASSERT(world.deaths() == 0U);
    RC_ASSERT(world.fencings() == 0U);
    RC_ASSERT(world.joins() == lease_world::members);
    for (std::size_t i = 0; i < lease_world::members; ++i)
      RC_ASSERT(world.holds(i));
  }));
}

BOOST_AUTO_TEST_CASE(a_death_is_known_within_three_seconds) {
  BOOST_TEST(rc::check("who is killed is dead within 3 s", [] {
    auto quiet = any_setting();
    quiet.faults.clear();
    lease_world world{quiet};
    const auto moment = 1ms * *rc::gen::inRange(3'000, 6'000);
    world.run(moment);
    world.kill(1);
    // It may have renewed half a second before.
    world.run(moment + 1'200ms);
    RC_ASSERT(!world.is_dead(1));
    world.run(moment + 3s);
    RC_ASSERT(world.is_dead(1));
    RC_ASSERT(world.deaths() == 1U);
  }));
}

BOOST_AUTO_TEST_CASE(everybody_is_back_when_the_faults_are_over) {
  BOOST_TEST(rc::check("all are members again 8 s after the last fault", [] {
    lease_world world{any_setting()};
    world.run(17s + 8s);
    for (std::size_t i = 0; i < lease_world::members; ++i)
      RC_ASSERT(world.holds(i));
  }));
}

/// The oracle sees what it should: without margins clocks that differ by more than the bound do break it.
BOOST_AUTO_TEST_CASE(clocks_beyond_the_bound_are_caught) {
  auto wrong = worst_clocks(1'000);
  wrong.rules.clock_drift = 0.0;
  wrong.rules.stop_before_end = 0ms;
  wrong.watching.clock_drift = 0.0;
  for (std::uint32_t member = 0; member < lease_world::members; ++member)
    for (std::uint32_t i = 0; i < 2; ++i)
      wrong.faults.push_back({fault_kind::partition, member * 2 + i, 3'000, 3'000});
  lease_world world{wrong};
  world.run(10s);
  BOOST_TEST(world.violations() > 0U);
}

BOOST_AUTO_TEST_CASE(clocks_at_the_bound_need_no_other_margin) {
  auto worst = worst_clocks(most_drift);
  worst.rules.stop_before_end = 0ms;
  for (std::uint32_t member = 0; member < lease_world::members; ++member)
    for (std::uint32_t i = 0; i < 2; ++i)
      worst.faults.push_back({fault_kind::partition, member * 2 + i, 3'000, 3'000});
  for (std::uint32_t seed = 1; seed < 50; ++seed) {
    worst.seed = seed;
    lease_world world{worst};
    world.run(10s);
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST(world.violations() == 0U);
      BOOST_TEST(world.deaths() == lease_world::members);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
