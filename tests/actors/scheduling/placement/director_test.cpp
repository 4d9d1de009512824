// Which node is picked, against a slow one that looks at all of them.
#include "actors/scheduling/placement/director.hpp"
#include "actors/scheduling/resources/waiting_line.hpp"
#include "tests/actors/scheduling/placement/nodes.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fmt/format.h>
#include <random>

using namespace troupe::scheduling;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(scheduling_director)

namespace {

struct four_nodes {
  node_pool pool;
  node_number a = pool.add(a_node("a", "cpu=4,memory=8GiB", 4, "slow"));
  node_number b = pool.add(a_node("b", "cpu=4,memory=8GiB", 4, "slow"));
  node_number c = pool.add(a_node("c", "cpu=8,memory=8GiB", 8, "fast"));
  node_number d = pool.add(a_node("d", "cpu=2,memory=2GiB", 2, "tiny"));
  placement_request wanted;
  resource_vector demand;

  std::optional<node_number> pick(placement_strategy how, const std::string& resources = "") {
    demand = resources_of(resources);
    wanted.demand = &demand;
    wanted.strategy = how;
    return pick_node(pool, wanted);
  }
  void begin(node_number on, const std::string& resources = "", double seconds = 1) {
    (void)pool.start(on, resources_of(resources), "x", seconds, seconds);
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(least_loaded, four_nodes) {
  BOOST_TEST(*pick(placement_strategy::least_loaded) == a);
  begin(a);
  BOOST_TEST(*pick(placement_strategy::least_loaded) == b);
  begin(b);
  begin(d);
  BOOST_TEST(*pick(placement_strategy::least_loaded) == c);
  begin(c);
  BOOST_TEST(*pick(placement_strategy::least_loaded) == c); // an eighth is less than a quarter
  BOOST_TEST(*pick(placement_strategy::least_loaded, "cpu=5") == c);
  BOOST_TEST(!pick(placement_strategy::least_loaded, "cpu=9"));
}

BOOST_FIXTURE_TEST_CASE(best_fit, four_nodes) {
  BOOST_TEST(*pick(placement_strategy::best_fit, "cpu=2") == d);
  BOOST_TEST(*pick(placement_strategy::best_fit, "cpu=3") == a);
  begin(b, "cpu=1");
  BOOST_TEST(*pick(placement_strategy::best_fit, "cpu=3") == b);
  BOOST_TEST(*pick(placement_strategy::best_fit, "memory=3GiB") == a); // the same, less loaded
  begin(b, "memory=2GiB");
  BOOST_TEST(*pick(placement_strategy::best_fit, "memory=3GiB") == b);
  BOOST_TEST(*pick(placement_strategy::best_fit) == a); // as least loaded
}

BOOST_FIXTURE_TEST_CASE(by_cost, four_nodes) {
  const std::map<std::string, double> seconds{{"slow", 4}, {"fast", 1}, {"tiny", 2}};
  wanted.seconds = &seconds;
  BOOST_TEST(*pick(placement_strategy::automatic) == c);
  begin(c, "", 16); // 2 for each of its places, so 3 in all
  BOOST_TEST(*pick(placement_strategy::automatic) == d);
  begin(d, "", 2);
  BOOST_TEST(*pick(placement_strategy::by_cost) == c);
  const transfer_estimate far = [](const node_description& to) {
    return to.name == "b" ? 0.0 : 10.0;
  };
  wanted.transfer = &far;
  BOOST_TEST(*pick(placement_strategy::by_cost) == b);
}

BOOST_FIXTURE_TEST_CASE(automatic_is_what_it_can_be, four_nodes) {
  demand = resources_of("cpu=1");
  BOOST_TEST((strategy_of(wanted) == placement_strategy::least_loaded));
  wanted.demand = &demand;
  BOOST_TEST((strategy_of(wanted) == placement_strategy::best_fit));
  const std::map<std::string, double> seconds;
  wanted.seconds = &seconds;
  BOOST_TEST((strategy_of(wanted) == placement_strategy::by_cost));
  wanted.strategy = placement_strategy::spread;
  BOOST_TEST((strategy_of(wanted) == placement_strategy::spread));
}

BOOST_FIXTURE_TEST_CASE(spread_local_avoid_and_pins, four_nodes) {
  const std::map<node_number, std::uint32_t> begun{{a, 2}, {b, 1}, {c, 1}};
  wanted.begun = &begun;
  BOOST_TEST(*pick(placement_strategy::spread) == d);
  BOOST_TEST(*pick(placement_strategy::spread, "cpu=3") == b);
  wanted.local = c;
  BOOST_TEST(*pick(placement_strategy::prefer_local) == c);
  wanted.avoid = c;
  BOOST_TEST(*pick(placement_strategy::prefer_local) == a);
  BOOST_TEST(!pick(placement_strategy::least_loaded, "cpu=5"));
  wanted.need = pool.need_of("x", "k", "d", "");
  BOOST_TEST(*pick(placement_strategy::pinned) == d);
  pool.set_state(d, node_state::suspect);
  BOOST_TEST(!pick(placement_strategy::pinned));
  wanted.need = pool.need_of("x", "k", "", "slow");
  begin(a);
  BOOST_TEST(*pick(placement_strategy::pinned) == b);
}

BOOST_FIXTURE_TEST_CASE(what_is_kept_is_left, four_nodes) {
  begin(c, "cpu=6");
  const auto large = resources_of("cpu=8");
  const kept_room kept{c, &large};
  demand = resources_of("cpu=2");
  wanted.demand = &demand;
  wanted.need = pool.need_of("x", "k", "", "fast");
  BOOST_TEST(*pick_node(pool, wanted) == c);
  BOOST_TEST(!pick_node(pool, wanted, &kept));
  demand = resources_of("memory=1GiB"); // takes nothing of what is kept
  BOOST_TEST(*pick_node(pool, wanted, &kept) == c);
}

/// Groups, bounds and orders find what looking at everything finds.
BOOST_AUTO_TEST_CASE(finds_what_a_search_of_all_nodes_finds) {
  std::mt19937 random{20'261'127};
  BOOST_TEST_INFO("seed 20261127");
  const auto below = [&](std::uint32_t bound) { return random() % bound; };
  for (int round = 0; round < 50; ++round) {
    node_pool pool;
    std::vector<std::tuple<node_number, ledger::grant_id, double>> running;
    for (std::uint32_t i = 0; i < 1 + below(12); ++i)
      (void)pool.add(a_node(fmt::format("n{}", i),
                            fmt::format("cpu={},x={}", 1 + below(8), below(4)), 1 + below(4),
                            fmt::format("c{}", below(3))));
    for (int i = 0; i < 100; ++i) {
      const auto demand =
          resources_of(below(3) == 0 ? "" : fmt::format("cpu={},x={}", below(5), below(3)));
      placement_request wanted;
      wanted.demand = &demand;
      wanted.strategy = placement_strategy::least_loaded;
      if (below(4) == 0) wanted.need = pool.need_of("t", "k", "", fmt::format("c{}", below(3)));
      std::optional<std::pair<double, node_number>> best;
      for (const auto& [number, each] : pool.nodes())
        if (each->is_open() && fits(demand, each->books.free()) && pool.meets(*each, wanted.need)) {
          const std::pair now{each->load(), number};
          best = best ? std::min(*best, now) : now;
        }
      const auto picked = pick_node(pool, wanted);
      BOOST_REQUIRE(picked.has_value() == best.has_value());
      if (picked) {
        BOOST_REQUIRE(*picked == best->second);
        const double seconds = 1 + below(9);
        running.emplace_back(*picked, pool.start(*picked, demand, "x", seconds, seconds), seconds);
      }
      if (!running.empty() && (!picked || below(2) == 0)) {
        const auto which = running.begin() + below(static_cast<std::uint32_t>(running.size()));
        pool.finish(std::get<0>(*which), std::get<1>(*which), std::get<2>(*which));
        running.erase(which);
      }
      if (below(20) == 0)
        pool.set_state(below(static_cast<std::uint32_t>(pool.nodes().size())),
                       static_cast<node_state>(below(3)));
    }
  }
}

/// Pick, start and finish with a hundred nodes: far below the tenth of a millisecond that 10,000 a second leave.
BOOST_AUTO_TEST_CASE(a_hundred_nodes_take_microseconds) {
  const auto microseconds_of = [](std::size_t nodes, placement_strategy how,
                                  const std::string& resources) {
    node_pool pool;
    for (std::size_t i = 0; i < nodes; ++i)
      (void)pool.add(a_node(fmt::format("n{}", i), "cpu=64,memory=64GiB", 64, i % 2 ? "a" : "b"));
    const auto demand = resources_of(resources);
    const std::map<std::string, double> seconds{{"a", 1}, {"b", 2}};
    placement_request wanted;
    wanted.demand = &demand;
    wanted.strategy = how;
    wanted.seconds = &seconds;
    std::vector<std::pair<node_number, ledger::grant_id>> running(nodes * 16, {0, 0});
    std::vector<bool> begun(running.size());
    constexpr std::size_t times = 20'000;
    const auto before = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < times; ++i) {
      const std::size_t at = i % running.size();
      if (begun[at]) pool.finish(running[at].first, running[at].second, 1);
      const auto on = pick_node(pool, wanted);
      running[at] = {*on, pool.start(*on, demand, "r/a/0", 1, static_cast<double>(i))};
      begun[at] = true;
    }
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - before;
    return took.count() / times;
  };
  for (const auto& [how, resources] : {std::pair{placement_strategy::least_loaded, ""},
                                       {placement_strategy::by_cost, ""},
                                       {placement_strategy::least_loaded, "cpu=1,memory=1GiB"},
                                       {placement_strategy::best_fit, "cpu=1,memory=1GiB"}}) {
    const double ten = microseconds_of(10, how, resources);
    const double hundred = microseconds_of(100, how, resources);
    BOOST_TEST_MESSAGE(fmt::format("{} '{}': {:.2f} us with 10 nodes, {:.2f} us with 100",
                                   name_of(how), resources, ten, hundred));
    BOOST_TEST(hundred < 100); // loaded machines and sanitizers included
  }
}

BOOST_AUTO_TEST_SUITE_END()
