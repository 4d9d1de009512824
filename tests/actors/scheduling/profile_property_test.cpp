#include "actors/scheduling/slot_timeline.hpp"
#include "actors/scheduling/usage_profile.hpp"
#include "tests/actors/scheduling/support.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

/// The structures for time against the plain definition: a list of what was added, looked at from its beginning.
namespace troupe::scheduling::test {
namespace {

struct used {
  double start = 0, finish = 0;
  std::uint64_t amount = 0;
};

bool is_free(const std::vector<used>& list, double start, double finish, std::uint64_t capacity,
             std::uint64_t demand) {
  std::vector<double> times{start};
  for (const used& each : list)
    if (each.start > start && each.start < finish) times.push_back(each.start);
  return std::all_of(times.begin(), times.end(), [&](double time) {
    std::uint64_t sum = demand;
    for (const used& each : list)
      if (each.start <= time && time < each.finish) sum += each.amount;
    return sum <= capacity;
  });
}

double plain_earliest(const std::vector<used>& list, double ready, double seconds,
                      std::uint64_t capacity, std::uint64_t demand) {
  std::vector<double> times{ready};
  for (const used& each : list)
    if (each.finish > ready) times.push_back(each.finish);
  std::sort(times.begin(), times.end());
  return *std::find_if(times.begin(), times.end(), [&](double time) {
    return is_free(list, time, time + seconds, capacity, demand);
  });
}

BOOST_AUTO_TEST_SUITE(scheduling_profile_properties)

BOOST_AUTO_TEST_CASE(a_profile_finds_the_earliest_time) {
  BOOST_TEST(rc::check("usage_profile", [] {
    const auto capacity = *rc::gen::inRange<std::uint64_t>(1, 6);
    usage_profile profile{capacity};
    std::vector<used> list;
    std::uint64_t looked = 0;
    const int count = *rc::gen::inRange(1, 200);
    for (int i = 0; i < count; ++i) {
      const double ready = *rc::gen::inRange(0, 100), seconds = *rc::gen::inRange(1, 9);
      const auto demand = *rc::gen::inRange<std::uint64_t>(1, capacity + 1);
      const double start = profile.earliest(ready, seconds, demand, looked);
      RC_ASSERT(start == plain_earliest(list, ready, seconds, capacity, demand));
      profile.add(start, start + seconds, demand);
      list.push_back({start, start + seconds, demand});
      const double first = profile.first_free();
      RC_ASSERT(is_free(list, first, first, capacity, 1));
      RC_ASSERT(first == plain_earliest(list, 0, 0, capacity, 1));
    }
    profile.clear();
    RC_ASSERT(profile.earliest(0, 1, capacity, looked) == 0);
  }));
}

BOOST_AUTO_TEST_CASE(a_slot_finds_the_earliest_gap) {
  BOOST_TEST(rc::check("slot_timeline", [] {
    slot_timeline slot{1};
    std::vector<used> list;
    const int count = *rc::gen::inRange(1, 200);
    for (int i = 0; i < count; ++i) {
      const double ready = *rc::gen::inRange(0, 400), seconds = *rc::gen::inRange(1, 5);
      const double start = slot.earliest(ready, seconds);
      RC_ASSERT(start == plain_earliest(list, ready, seconds, 1, 1));
      slot.add(start, start + seconds);
      list.push_back({start, start + seconds, 1});
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling::test
