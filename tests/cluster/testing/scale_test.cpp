// A thousand nodes in one process, and what each costs.
#include "cluster/testing/memory_network.hpp"
#include "tests/support/time_scale.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <ctime>
#include <limits>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::testing;
using namespace std::chrono_literals;

namespace {

/// Sends so many frames, one after the other, and counts what comes.
struct sender final : link_listener {
  void on_open(std::shared_ptr<cluster::link> opened) override {
    to = std::move(opened);
    on_sent();
  }
  void on_frame(std::string_view) override { ++got; }
  void on_sent() override {
    if (left-- > 0) to->send("0123456789");
  }
  void on_closed(const error&) override { to.reset(); }

  std::shared_ptr<cluster::link> to;
  int left = 0;
  int got = 0;
};

struct measured {
  std::uint64_t events = 0;
  double seconds_per_event = 0;
};

/// Each node has links to four others, as in a cluster whose nodes watch a few neighbours.
measured run(std::size_t count, int frames, bool with_faults) {
  const auto clock = virtual_timer::make();
  network_options options;
  options.links.latency = {latency_model::kind::heavy_tail, 200us, 20ms};
  memory_network network{clock, options};
  std::vector<std::unique_ptr<transport>> nodes;
  std::vector<std::shared_ptr<sender>> ends;
  const auto end = [&] {
    ends.push_back(std::make_shared<sender>());
    ends.back()->left = frames;
    return ends.back();
  };
  std::vector<std::string> half;
  for (std::size_t i = 0; i < count; ++i) {
    const auto name = "n" + std::to_string(i);
    nodes.push_back(network.make({"lab", name, {}}));
    BOOST_REQUIRE(
        nodes.back()->listen("mem://" + name, [&](const auto&) { return end(); }).has_value());
    if (i % 2) half.push_back(name);
  }
  const auto began = std::clock();
  if (with_faults)
    network.play({1,
                  {{.kind = fault_kind::partition, .at = 5ms, .lasts = 500ms, .nodes = half},
                   {.kind = fault_kind::pause, .at = 10ms, .lasts = 700ms, .nodes = half}}});
  for (std::size_t i = 0; i < count; ++i)
    for (const std::size_t step : {1, 2, 7, 31})
      nodes[i]->connect("mem://n" + std::to_string((i + step) % count), end());
  clock->advance(30s);
  measured is;
  is.events = network.counters().events;
  is.seconds_per_event =
      static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC / static_cast<double>(is.events);
  BOOST_TEST(ends.size() == count * 8);
  BOOST_TEST(std::ranges::all_of(ends, [&](const auto& each) { return each->got == frames; }));
  BOOST_TEST(is.events >= 2 * count * 8 * static_cast<std::size_t>(frames));
  return is;
}

BOOST_AUTO_TEST_SUITE(cluster_testing_scale)

BOOST_AUTO_TEST_CASE(a_thousand_nodes_cost_no_more_each_than_a_hundred) {
  measured few{0, std::numeric_limits<double>::max()}, many = few;
  // The best of several: others use this machine, too. With sanitizers each takes its time.
  for (int i = test::time_scale > 1 ? 2 : 0; i < 3; ++i) {
    const auto hundred = run(100, 30, true), thousand = run(1000, 30, true);
    if (hundred.seconds_per_event < few.seconds_per_event) few = hundred;
    if (thousand.seconds_per_event < many.seconds_per_event) many = thousand;
  }
  for (const auto& [nodes, is] : {std::pair{100, few}, std::pair{1000, many}})
    BOOST_TEST_MESSAGE(nodes << " nodes: " << is.events << " events, "
                             << static_cast<int>(1 / is.seconds_per_event) << " a second");
  BOOST_TEST(many.seconds_per_event < 4 * few.seconds_per_event);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
