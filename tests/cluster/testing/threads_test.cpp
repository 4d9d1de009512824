// The network with a thread of its own, used by several threads at once.
#include "cluster/fabric/errc.hpp"
#include "tests/cluster/testing/support.hpp"

#include <atomic>
#include <thread>

using namespace troupe;
using namespace troupe::cluster::testing;
using namespace std::chrono_literals;
using test::recording_listener;
using test::transport_contract::pair_of_nodes;

namespace {

test::transport_contract::world threads_of(memory_network& network) {
  return {.make = [&](const auto& who) { return network.make(who); },
          .wait = test::wait_for_threads};
}

/// Sends numbers for ever.
void keep_sending(recording_listener& from) {
  const auto next = std::make_shared<int>(0);
  from.when_open = from.when_sent = [next](auto& self) { self.send(std::to_string((*next)++)); };
}

BOOST_AUTO_TEST_SUITE(cluster_testing_threads)

BOOST_AUTO_TEST_CASE(faults_come_and_go_between_threads) {
  memory_network network{{.silence = 30s}};
  pair_of_nodes nodes{threads_of(network)};
  nodes.prepare_near = keep_sending;
  const auto [near, far] = nodes.open();
  for (int i = 0; i < 20; ++i)
    for (const auto kind : {fault_kind::partition, fault_kind::pause}) {
      const auto fault = network.begin({.kind = kind, .nodes = {"b"}});
      network.end(fault);
      const auto before = far->count();
      nodes.wait("more frames", [&, there = far] { return there->count() > before; });
    }
  const auto got = far->frames();
  for (std::size_t i = 0; i < got.size(); ++i)
    BOOST_REQUIRE_EQUAL(got[i], std::to_string(i));
}

BOOST_AUTO_TEST_CASE(silence_is_noticed) {
  memory_network network{{.silence = 20ms}};
  pair_of_nodes nodes{threads_of(network)};
  const auto [near, far] = nodes.open();
  network.begin({.kind = fault_kind::partition, .nodes = {"b"}});
  nodes.wait("both ends",
             [&, here = near, there = far] { return here->closed() && there->closed(); });
}

BOOST_AUTO_TEST_CASE(nothing_of_a_dead_node_is_called_once_its_crash_has_returned) {
  for (int i = 0; i < 50; ++i) {
    memory_network network;
    pair_of_nodes nodes{threads_of(network)};
    nodes.prepare_near = nodes.prepare_far = keep_sending;
    const auto [near, far] = nodes.open();
    std::atomic<int> ticks = 0;
    // Of this life: a task that is at work while its node dies must not get the clock of the next.
    const auto clock = network.clock("b");
    const std::function<void()> tick = [&] {
      ++ticks;
      clock->schedule_after(10us, tick);
    };
    clock->schedule_after(0s, tick);
    nodes.wait("some frames", [&, there = far] { return there->count() > 10; });
    network.begin({.kind = fault_kind::crash, .nodes = {"b"}});
    const auto frames = far->count();
    const int ticked = ticks;
    nodes.wait("the end", [&, here = near] { return here->closed().has_value(); });
    BOOST_TEST(far->count() == frames);
    BOOST_TEST(ticks == ticked);
    BOOST_TEST(!far->closed());
  }
}

BOOST_AUTO_TEST_CASE(everybody_may_stop_at_once) {
  for (int i = 0; i < 50; ++i) {
    memory_network network;
    pair_of_nodes nodes{threads_of(network)};
    nodes.prepare_near = nodes.prepare_far = keep_sending;
    const auto [near, far] = nodes.open();
    std::vector<std::thread> all;
    for (auto* each : {nodes.a.get(), nodes.b.get(), nodes.a.get()})
      all.emplace_back([each] { each->stop(); });
    all.emplace_back([here = near] { here->close("me, too"); });
    for (auto& each : all)
      each.join();
    BOOST_TEST((near->closed() && far->closed()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
