// A member's side of its lease, step by step.
#include "cluster/membership/member_lease.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::cluster;
using namespace std::chrono_literals;

namespace {

using phase = member_lease::phase;
using kind = member_lease::request_kind;

struct lease_fixture {
  static constexpr auto lease_time = 2'000ms;
  member_lease::time_point now{1h};
  member_lease lease{{.jitter = 0.0}, 7, now};

  std::optional<member_lease::request> due_after(std::chrono::milliseconds wait) {
    now += wait;
    return lease.due(now);
  }
  std::uint64_t number_of(const std::optional<member_lease::request>& of) {
    BOOST_REQUIRE(of.has_value());
    return of->number;
  }
  void become_member() {
    BOOST_REQUIRE(lease.joined(number_of(lease.due(now)), 11, lease_time, now));
  }
};

BOOST_AUTO_TEST_SUITE(membership_lease)

BOOST_FIXTURE_TEST_CASE(it_joins_and_renews_in_time, lease_fixture) {
  BOOST_TEST(!lease.holds(now));
  const auto join = lease.due(now);
  BOOST_REQUIRE(join.has_value());
  BOOST_TEST((join->kind == kind::join));
  BOOST_TEST(!lease.due(now).has_value(), "one request at a time");
  now += 30ms;
  BOOST_TEST(lease.joined(join->number, 11, lease_time, now));
  BOOST_TEST(lease.holds(now));
  BOOST_TEST(lease.incarnation() == 11U);
  // From when it was sent, shorter by the drift, and with time to stop.
  BOOST_TEST((lease.stop_at() == now - 30ms + 1'980ms - 100ms));
  BOOST_TEST((lease.next() == now + 470ms));
  BOOST_TEST(!due_after(469ms).has_value());
  const auto renewal = due_after(1ms);
  BOOST_REQUIRE(renewal.has_value());
  BOOST_TEST((renewal->kind == kind::renew));
  BOOST_TEST(renewal->incarnation == 11U);
  const auto sent = now;
  now += 300ms;
  lease.renewed(renewal->number, lease_time);
  BOOST_TEST((lease.stop_at() == sent + 1'880ms));
}

BOOST_FIXTURE_TEST_CASE(without_answers_it_goes_on_as_far_as_its_lease, lease_fixture) {
  become_member();
  const auto end = lease.stop_at();
  int asked = 0;
  while (now < end) {
    BOOST_TEST(lease.holds(now));
    BOOST_TEST(!lease.expire(now));
    if (const auto request = lease.due(now)) {
      ++asked;
      lease.failed(request->number, now);
    }
    now = std::min(lease.next(), end);
  }
  BOOST_TEST(asked > 10, "it asks often while it lasts");
  BOOST_TEST(asked < 40);
  BOOST_TEST(!lease.holds(now), "by the clock alone, before anybody said so");
  BOOST_TEST(lease.expire(now));
  BOOST_TEST(!lease.expire(now));
  BOOST_TEST((lease.now_is() == phase::fenced));
  BOOST_TEST(!lease.due(now + 1h).has_value(), "not before everything has stopped");
  lease.stopped(now);
  const auto join = lease.due(now);
  BOOST_REQUIRE(join.has_value());
  BOOST_TEST((join->kind == kind::join));
  BOOST_TEST(lease.joined(join->number, 12, lease_time, now));
  BOOST_TEST(lease.incarnation() == 12U);
}

BOOST_FIXTURE_TEST_CASE(what_comes_late_twice_or_for_another_life_changes_nothing, lease_fixture) {
  become_member();
  const auto first = number_of(due_after(500ms));
  const auto second = number_of(due_after(500ms));
  lease.renewed(second, lease_time);
  const auto end = lease.stop_at();
  lease.renewed(first, lease_time);
  BOOST_TEST((lease.stop_at() == end), "an earlier one does not shorten it");
  now += 100ms;
  lease.renewed(second, lease_time);
  BOOST_TEST((lease.stop_at() == end));
  const auto third = number_of(due_after(400ms));
  BOOST_TEST(lease.expire(end));
  lease.renewed(third, lease_time);
  BOOST_TEST((lease.now_is() == phase::fenced), "who has stopped stays so");
  lease.stopped(end);
  const auto old_join = number_of(lease.due(end));
  const auto join = number_of(lease.due(end + 500ms));
  BOOST_TEST(!lease.joined(old_join, 12, lease_time, end + 500ms), "it has lost its place");
  BOOST_TEST(!lease.refused(third));
  BOOST_TEST(lease.joined(join, 13, lease_time, end + 500ms));
}

BOOST_FIXTURE_TEST_CASE(a_refusal_fences_at_once, lease_fixture) {
  become_member();
  const auto renewal = number_of(due_after(500ms));
  BOOST_TEST(lease.refused(renewal));
  BOOST_TEST(!lease.holds(now));
  BOOST_TEST(!lease.refused(renewal));
}

BOOST_FIXTURE_TEST_CASE(a_join_that_is_answered_too_late_is_none, lease_fixture) {
  const auto join = number_of(lease.due(now));
  BOOST_TEST(!lease.joined(join, 11, lease_time, now + 1'900ms));
  BOOST_TEST((lease.now_is() == phase::outside));
  BOOST_TEST(!lease.joined(join, 11, lease_time, now));
}

BOOST_FIXTURE_TEST_CASE(joins_that_fail_are_tried_less_and_less_often, lease_fixture) {
  auto wait = 0ms;
  for (int i = 0; i < 8; ++i) {
    lease.failed(number_of(lease.due(now)), now);
    wait = std::chrono::duration_cast<std::chrono::milliseconds>(lease.next() - now);
    now = lease.next();
  }
  BOOST_TEST(wait.count() >= 1'000);
  BOOST_TEST(wait.count() <= 2'000);
}

BOOST_FIXTURE_TEST_CASE(renewals_are_spread_by_chance, lease_fixture) {
  member_lease other{{.jitter = 0.1}, 9, now};
  BOOST_REQUIRE(other.joined(number_of(other.due(now)), 1, lease_time, now));
  std::set<std::int64_t> gaps;
  for (int i = 0; i < 20; ++i) {
    const auto gap = other.next() - now;
    BOOST_TEST((gap > 449ms && gap <= 500ms));
    gaps.insert(gap.count());
    now = other.next();
    other.renewed(number_of(other.due(now)), lease_time);
  }
  BOOST_TEST(gaps.size() > 10U);
}

BOOST_FIXTURE_TEST_CASE(who_goes_asks_no_more, lease_fixture) {
  become_member();
  lease.end();
  BOOST_TEST(!lease.holds(now));
  BOOST_TEST(!lease.due(now + 1h).has_value());
  BOOST_TEST(!lease.expire(now + 1h));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
