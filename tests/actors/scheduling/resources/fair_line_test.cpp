// Tenants, workflows and ranks in the line of those that wait.
#include "actors/scheduling/resources/fair_shares.hpp"
#include "actors/scheduling/resources/waiting_line.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>
#include <vector>

using namespace troupe::scheduling;

BOOST_AUTO_TEST_SUITE(scheduling_fair_line)

namespace {

using key = waiting_line::key;

resource_vector cores(std::uint64_t count) {
  resource_vector made;
  made.milli_cpu = count * 1'000;
  return made;
}

/// Numbers in the order in which they go, one after another.
std::vector<std::uint64_t> order_of(waiting_line& line, const resource_vector& free) {
  std::vector<std::uint64_t> made;
  while (const auto next = line.next(free)) {
    made.push_back(next->second);
    line.count_grant(*next);
    line.remove(*next);
  }
  return made;
}

using numbers = std::vector<std::uint64_t>;

} // namespace

BOOST_AUTO_TEST_CASE(priority_then_workflow_then_rank_then_arrival) {
  waiting_line line;
  line.add({0, 1}, cores(1), {.workflow = 1, .order = 5, .rank = 1});
  line.add({0, 2}, cores(1), {.workflow = 1, .order = 5, .rank = 9});
  line.add({0, 3}, cores(2), {.workflow = 2, .order = 3});
  line.add({-1, 4}, cores(1), {.workflow = 1, .order = 5});
  line.add({0, 5}, {}, {.workflow = 2, .order = 3});
  BOOST_TEST(line.is_before({0, 2}, {0, 1}));
  BOOST_TEST(order_of(line, cores(4)) == (numbers{4, 3, 5, 2, 1}),
             boost::test_tools::per_element());
  BOOST_TEST(line.empty());
}

BOOST_AUTO_TEST_CASE(a_workflow_moves_with_all_of_its_attempts) {
  waiting_line line;
  line.add({0, 1}, cores(1), {.workflow = 1, .order = 5});
  line.add({0, 2}, cores(2), {.workflow = 1, .order = 5});
  line.add({0, 3}, cores(1), {.workflow = 2, .order = 7});
  line.reorder(1, 9);
  line.reorder(77, 1); // nobody
  BOOST_TEST(line.size() == 3u);
  BOOST_TEST(order_of(line, cores(4)) == (numbers{3, 1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_waits_longest_goes_in_the_end_whatever_the_order) {
  waiting_line line;
  line.add({0, 1}, cores(1), {.workflow = 1, .order = 1e9});
  std::uint64_t number = 1;
  std::uint32_t went = 0;
  for (; went < 1'000; ++went) {
    ++number;
    line.add({-5, number}, cores(1), {.workflow = number, .order = 0}); // always somebody before it
    const auto next = *line.next(cores(1));
    line.count_grant(next);
    line.remove(next);
    if (next.second == 1) break;
  }
  BOOST_TEST(went < waiting_line::patience);
}

BOOST_AUTO_TEST_CASE(what_is_kept_for_who_waits_longest_is_not_taken) {
  waiting_line line;
  line.add({0, 1}, cores(4), {.workflow = 1, .order = 1e9});
  for (std::uint64_t number = 2; number < 2 + waiting_line::patience; ++number) {
    line.add({0, number}, cores(1), {.workflow = 2, .order = 0});
    const auto next = line.next(cores(2));
    if (!next) break;
    line.count_grant(*next);
    line.remove(*next);
  }
  BOOST_TEST(!line.next(cores(2)));
  BOOST_TEST((line.reserved_for(cores(2)) == key{0, 1}));
  BOOST_TEST((line.next(cores(4)) == key{0, 1}));
}

BOOST_AUTO_TEST_CASE(tenants_share_by_their_weights_however_much_each_wants) {
  fair_shares shares{{{"large", 3.0}}};
  waiting_line line;
  std::uint64_t number = 0;
  std::map<std::uint64_t, std::string> names;
  std::map<std::uint64_t, std::uint64_t> tenant_of;
  const auto want = [&](const std::string& tenant, int times) {
    for (int i = 0; i < times; ++i) {
      const auto of = shares.enter(tenant);
      names[of] = tenant;
      tenant_of[++number] = of;
      line.add({0, number}, cores(1), {.tenant = of});
      line.set_turn(of, shares.turn(of));
    }
  };
  want("greedy", 2'000); // was here first, and with all it has
  want("large", 900);
  want("small", 900);
  std::map<std::string, int> had;
  for (int i = 0; i < 1'000; ++i) {
    const auto next = *line.next(cores(1));
    line.count_grant(next);
    line.remove(next);
    const auto of = tenant_of.at(next.second);
    shares.leave(of);
    shares.charge(of, 1);
    line.set_turn(of, shares.turn(of));
    ++had[names.at(of)];
  }
  BOOST_TEST(std::abs(had["large"] - 600) <= 2);
  BOOST_TEST(std::abs(had["small"] - 200) <= 2);
  BOOST_TEST(std::abs(had["greedy"] - 200) <= 2);
}

BOOST_AUTO_TEST_CASE(who_was_away_does_not_get_what_it_did_not_use) {
  fair_shares shares;
  const auto busy = shares.enter("busy");
  for (int i = 0; i < 100; ++i) {
    shares.leave(busy);
    shares.charge(busy, 1);
    (void)shares.enter("busy");
  }
  const auto fresh = shares.enter("fresh");
  BOOST_TEST(shares.turn(fresh) >= 99.0);
  BOOST_TEST(shares.turn(fresh) <= shares.turn(busy));
  shares.charge(busy, -50); // it took less than was expected
  BOOST_TEST(shares.turn(busy) == 50.0);
}

BOOST_AUTO_TEST_CASE(tenants_that_are_gone_are_forgotten) {
  fair_shares shares;
  const auto kept = shares.enter("kept");
  for (std::size_t i = 0; i < 3 * fair_shares::most_tenants; ++i)
    shares.leave(shares.enter("t" + std::to_string(i)));
  shares.charge(kept, 2);
  BOOST_TEST(shares.turn(kept) == 2.0);
  shares.charge(7'777'777, 1); // nobody
}

BOOST_AUTO_TEST_SUITE_END()
