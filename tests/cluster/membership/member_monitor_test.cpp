// A coordinator's side of the leases: what it saw itself, and nothing else.
#include "cluster/membership/member_monitor.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;
using workflow::member_lease_row;

namespace {

struct monitor_fixture {
  member_monitor::time_point now{1h};
  member_monitor monitor{{}};
  std::vector<member_lease_row> leases;

  void add(const std::string& node, std::uint64_t incarnation) {
    const std::chrono::system_clock::time_point renewed{};
    leases.push_back({{node, incarnation}, 0, renewed, renewed + 2s});
  }
  std::vector<member_monitor::suspicion> look_after(std::chrono::milliseconds wait) {
    now += wait;
    return monitor.observe(leases, now);
  }
  /// Looks every 250 ms; the member `renews`, or not, every second time.
  void watch(int looks, std::size_t renews) {
    for (int i = 0; i < looks; ++i) {
      if (i % 2 == 0 && renews < leases.size()) ++leases[renews].renewals;
      look_after(250ms);
    }
  }
  [[nodiscard]] std::string overdue() const {
    std::string names;
    for (const auto& each : monitor.overdue(now))
      names += each.key.node;
    return names;
  }
};

constexpr std::size_t nobody = 99;

BOOST_AUTO_TEST_SUITE(membership_monitor)

BOOST_FIXTURE_TEST_CASE(who_does_not_renew_is_overdue_after_its_lease, monitor_fixture) {
  add("a", 1);
  add("b", 2);
  watch(20, 0);
  BOOST_TEST(overdue() == "b");
  // `a` was renewed before the last look but one.
  watch(7, nobody);
  BOOST_TEST(overdue() == "b", "not after 2 s: its clock may be slow and this one fast");
  watch(1, nobody);
  BOOST_TEST(overdue() == "ab");
  BOOST_TEST(monitor.overdue(now).front().renewals == 10U, "as it was seen");
}

BOOST_FIXTURE_TEST_CASE(who_is_silent_for_too_long_is_suspected_first, monitor_fixture) {
  add("a", 1);
  watch(20, 0);
  BOOST_TEST(!monitor.is_suspected({"a", 1}));
  auto silence = 0ms;
  while (!monitor.is_suspected({"a", 1}) && silence < 3s) {
    look_after(250ms);
    silence += 250ms;
  }
  BOOST_TEST_MESSAGE("suspected after " << silence.count() << " ms");
  BOOST_TEST((silence >= 1s && silence <= 1'750ms));
  BOOST_TEST(overdue().empty());
  ++leases[0].renewals;
  const auto changed = look_after(250ms);
  BOOST_REQUIRE(changed.size() == 1U);
  BOOST_TEST(!changed[0].suspected);
}

BOOST_FIXTURE_TEST_CASE(after_time_without_the_table_everybody_is_watched_anew, monitor_fixture) {
  add("a", 1);
  watch(8, nobody);
  BOOST_TEST(monitor.overdue(now + 2s).empty(), "who has not looked knows nothing");
  for (const auto& changed : look_after(5s))
    BOOST_TEST(!changed.suspected, "who could not be seen is not suspected for it");
  BOOST_TEST(overdue().empty());
  watch(8, nobody);
  BOOST_TEST(overdue().empty());
  watch(1, nobody);
  BOOST_TEST(overdue() == "a");
}

BOOST_FIXTURE_TEST_CASE(a_later_life_and_a_longer_lease_have_their_own_time, monitor_fixture) {
  add("a", 1);
  watch(8, nobody);
  leases.clear();
  add("a", 2);
  watch(8, nobody);
  BOOST_TEST(overdue().empty());
  leases[0].lease_end += 3s;
  ++leases[0].renewals;
  watch(20, nobody);
  BOOST_TEST(overdue().empty());
  watch(2, nobody);
  BOOST_TEST(overdue() == "a");
  leases.clear();
  watch(1, nobody);
  BOOST_TEST(overdue().empty(), "who has gone is not watched");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
