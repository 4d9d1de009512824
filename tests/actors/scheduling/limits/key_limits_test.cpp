// Limits by key: concurrency, rates, queues.
#include "actors/scheduling/limits/key_limits.hpp"
#include "actors/scheduling/limits/rate.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::scheduling;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(scheduling_key_limits)

namespace {

using time_point = key_limits::time_point;
using who = key_limits::who;

const time_point zero{std::chrono::hours{24 * 365 * 50}};

who number(std::uint64_t n, std::int32_t priority = 0) {
  return {-priority, n};
}
key_limit slots(const std::string& key, std::uint32_t concurrency) {
  return {key, concurrency, {}, 1};
}
key_limit pace(const std::string& key, std::chrono::nanoseconds interval, std::uint32_t burst = 1) {
  return {key, 0, interval, burst};
}

std::vector<who> admitted(key_limits& of, time_point now) {
  return of.update(now).admitted;
}

} // namespace

BOOST_AUTO_TEST_CASE(so_many_hold_a_key_at_once) {
  key_limits limits;
  for (std::uint64_t i = 1; i <= 3; ++i)
    BOOST_REQUIRE(limits.add(number(i), {slots("k", 2)}, zero));
  BOOST_TEST((admitted(limits, zero) == std::vector{number(1)}));
  const auto first = limits.grant(number(1), zero);
  BOOST_TEST(first != 0u);
  BOOST_TEST((admitted(limits, zero) == std::vector{number(2)}));
  BOOST_TEST(limits.grant(number(2), zero) != 0u);
  BOOST_TEST(admitted(limits, zero).empty());
  BOOST_TEST(limits.grant(number(3), zero) == 0u); // not admitted
  const auto why = limits.obstacle_of(number(3), zero);
  BOOST_REQUIRE(why);
  BOOST_TEST(why->key == "k");
  BOOST_TEST(why->concurrency);
  BOOST_TEST(why->held == 2u);
  BOOST_TEST(why->bound == 2u);
  BOOST_TEST(limits.release(first));
  BOOST_TEST(!limits.release(first)); // not twice
  BOOST_TEST((admitted(limits, zero) == std::vector{number(3)}));
}

BOOST_AUTO_TEST_CASE(a_rate_spaces_the_starts_and_allows_bursts) {
  key_limits limits;
  for (std::uint64_t i = 1; i <= 5; ++i)
    BOOST_REQUIRE(limits.add(number(i), {pace("k", 100ms, 3)}, zero));
  time_point now = zero;
  std::vector<std::int64_t> starts;
  while (limits.waiting() > 0) {
    const auto next = admitted(limits, now);
    if (next.empty()) {
      BOOST_REQUIRE(limits.next_wake());
      const auto why = limits.obstacle_of({0, starts.size() + 1}, now);
      BOOST_REQUIRE(why);
      BOOST_TEST(!why->concurrency);
      BOOST_TEST((why->at == limits.next_wake()));
      now = *limits.next_wake();
      continue;
    }
    BOOST_TEST(limits.release(limits.grant(next[0], now)));
    starts.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(now - zero).count());
  }
  BOOST_TEST(starts == (std::vector<std::int64_t>{0, 0, 0, 100, 200}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(all_keys_are_taken_or_none) {
  key_limits limits;
  BOOST_REQUIRE(limits.add(number(1), {slots("a", 1)}, zero));
  BOOST_REQUIRE(limits.add(number(2), {slots("a", 1), pace("b", 1s)}, zero));
  BOOST_REQUIRE(limits.add(number(3), {pace("b", 1s)}, zero));
  BOOST_TEST((admitted(limits, zero) == std::vector{number(1)}));
  const auto first = limits.grant(number(1), zero);
  // The second waits for "a", and the third stands behind it: nobody is overtaken at a key.
  BOOST_TEST(admitted(limits, zero).empty());
  const auto why = limits.obstacle_of(number(3), zero);
  BOOST_REQUIRE(why);
  BOOST_TEST(why->key == "b");
  BOOST_TEST(why->ahead == 1u);
  limits.release(first);
  BOOST_TEST((admitted(limits, zero) == std::vector{number(2)}));
  BOOST_TEST(limits.grant(number(2), zero) != 0u);
  BOOST_TEST(admitted(limits, zero).empty());
  BOOST_TEST((admitted(limits, zero + 1s) == std::vector{number(3)}));
}

BOOST_AUTO_TEST_CASE(a_higher_priority_takes_the_front) {
  key_limits limits;
  BOOST_REQUIRE(limits.add(number(1), {slots("k", 1)}, zero));
  BOOST_TEST((admitted(limits, zero) == std::vector{number(1)}));
  BOOST_REQUIRE(limits.add(number(2, 5), {slots("k", 1)}, zero));
  const auto changed = limits.update(zero);
  BOOST_TEST((changed.displaced == std::vector{number(1)}));
  BOOST_TEST((changed.admitted == std::vector{number(2, 5)}));
  BOOST_TEST(limits.grant(number(1), zero) == 0u);
  BOOST_TEST(limits.remove(number(2, 5)));
  BOOST_TEST((admitted(limits, zero) == std::vector{number(1)}));
}

BOOST_AUTO_TEST_CASE(who_goes_makes_room_for_the_next) {
  key_limits limits;
  BOOST_REQUIRE(limits.add(number(1), {slots("k", 1)}, zero));
  BOOST_REQUIRE(limits.add(number(2), {slots("k", 1)}, zero));
  BOOST_TEST(limits.remove(number(1)));
  BOOST_TEST(!limits.remove(number(1)));
  BOOST_TEST((admitted(limits, zero) == std::vector{number(2)}));
}

BOOST_AUTO_TEST_CASE(keys_are_bounded_and_idle_ones_forgotten) {
  key_limits limits{3};
  std::vector<key_limits::hold_id> held;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    BOOST_REQUIRE(limits.add(number(i), {slots("k" + std::to_string(i), 1)}, zero));
    (void)limits.update(zero);
    held.push_back(limits.grant(number(i), zero));
  }
  BOOST_TEST(!limits.add(number(4), {slots("k4", 1)}, zero));
  BOOST_TEST(!limits.waits(number(4)));
  BOOST_TEST(limits.keys() == 3u);
  limits.release(held[1]);
  BOOST_TEST(limits.add(number(4), {slots("k4", 1)}, zero));
  // Of a rate once its bucket is full again.
  key_limits paced{1};
  BOOST_REQUIRE(paced.add(number(1), {pace("a", 1s)}, zero));
  (void)paced.update(zero);
  paced.release(paced.grant(number(1), zero));
  BOOST_TEST(!paced.add(number(2), {pace("b", 1s)}, zero + 999ms));
  BOOST_TEST(paced.add(number(2), {pace("b", 1s)}, zero + 1s));
}

BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_holds_nobody_for_long) {
  key_limits limits;
  BOOST_REQUIRE(limits.add(number(1), {pace("k", 1s)}, zero + 1h));
  (void)limits.update(zero + 1h);
  limits.release(limits.grant(number(1), zero + 1h));
  BOOST_REQUIRE(limits.add(number(2), {pace("k", 1s)}, zero));
  BOOST_TEST(admitted(limits, zero).empty());
  BOOST_REQUIRE(limits.next_wake());
  BOOST_TEST((*limits.next_wake() <= zero + 1s));
  BOOST_TEST((admitted(limits, zero + 1s) == std::vector{number(2)}));
}

BOOST_AUTO_TEST_CASE(rates_are_read) {
  const auto good = [](const std::string& text, std::uint32_t count, const std::string& per) {
    const auto made = split_rate(text);
    BOOST_REQUIRE_MESSAGE(made, text);
    BOOST_TEST(made->count == count);
    BOOST_TEST(made->per == per);
  };
  good("10/s", 10, "1s");
  good("6/m", 6, "1m");
  good("100/30s", 100, "30s");
  for (const std::string odd : {"", "10", "/s", "10/", "0/s", "-1/s", "1.5/s", "x/s", "10 /s",
                                "99999999999/s", "1000001/s"})
    BOOST_TEST(!split_rate(odd), odd);
  BOOST_TEST((interval_of({3, 1s}) == 333'333'334ns)); // never more than three
  BOOST_TEST(is_good({1, 24h}));
  BOOST_TEST(!is_good({1, 25h}));
  BOOST_TEST(!is_good({0, 1s}));
  BOOST_TEST(!is_good({1, 0s}));
}

BOOST_AUTO_TEST_SUITE_END()
