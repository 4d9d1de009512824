// Every part of the work is done once, by whoever comes first, with helpers that sleep, come late or are gone.
#include "kernels/cpu/thread_team.hpp"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <numeric>

namespace {

using troupe::cpu::thread_team;

BOOST_AUTO_TEST_SUITE(cpu_thread_team)

BOOST_AUTO_TEST_CASE(each_part_once) {
  for (const std::size_t threads : {1U, 2U, 5U}) {
    thread_team team{threads};
    BOOST_TEST(team.size() == threads);
    for (std::size_t count = 0; count < 300; ++count) {
      // Plain memory: a sanitizer sees when one call's work is not done before the next.
      std::vector<int> done(count);
      team.each(count, [&](std::size_t i) { ++done[i]; });
      BOOST_REQUIRE(std::all_of(done.begin(), done.end(), [](int times) { return times == 1; }));
    }
  }
}

BOOST_AUTO_TEST_CASE(threads_have_numbers) {
  thread_team team{3};
  std::atomic<std::size_t> most = 0;
  for (int round = 0; round < 200; ++round)
    team.each(20, [&](std::size_t) {
      const std::size_t number = thread_team::number();
      for (auto seen = most.load(); number > seen && !most.compare_exchange_weak(seen, number);) {
      }
    });
  BOOST_TEST(most.load() < 3U);
  BOOST_TEST(thread_team::number() == 0U);
}

BOOST_AUTO_TEST_CASE(only_so_many_take_part_as_are_wanted) {
  thread_team team{4};
  for (const std::size_t wanted : {1U, 3U, 2U, 4U, 0U, 9U}) {
    team.use(wanted);
    const std::size_t used = std::clamp<std::size_t>(wanted, 1, 4);
    BOOST_TEST(team.size() == used);
    std::atomic<std::size_t> most = 0, done = 0;
    for (int round = 0; round < 200; ++round)
      team.each(20, [&](std::size_t) {
        ++done;
        const std::size_t number = thread_team::number();
        for (auto seen = most.load(); number > seen && !most.compare_exchange_weak(seen, number);) {
        }
      });
    BOOST_TEST(most.load() < used);
    BOOST_TEST(done.load() == 4000U);
  }
}

BOOST_AUTO_TEST_CASE(shares_cover_everything) {
  thread_team team{4};
  for (const std::size_t count : {0U, 1U, 3U, 4U, 17U, 1000U}) {
    std::vector<int> done(count);
    team.share(count, [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i)
        ++done[i];
    });
    BOOST_TEST(std::accumulate(done.begin(), done.end(), std::size_t{0}) == count);
  }
}

BOOST_AUTO_TEST_CASE(teams_come_and_go) {
  for (int round = 0; round < 100; ++round) {
    thread_team team{3};
    if (round % 2 == 0) continue;
    std::atomic<int> done = 0;
    team.each(7, [&](std::size_t) { ++done; });
    BOOST_REQUIRE_EQUAL(done.load(), 7);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
