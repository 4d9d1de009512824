// What a link is like where nothing fails.
#include "actors/runtime/deterministic_system.hpp"
#include "cluster/fabric/errc.hpp"
#include "tests/cluster/testing/lab.hpp"

#include <algorithm>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::cluster::testing;
using namespace std::chrono_literals;
using cluster::fabric_errc;
using test::lab;

namespace {

network_options shaped(link_shape shape) {
  network_options options;
  options.links = shape;
  return options;
}

BOOST_AUTO_TEST_SUITE(cluster_testing_links)

BOOST_AUTO_TEST_CASE(a_frame_takes_its_latency) {
  lab in{shaped({.latency = {latency_model::kind::fixed, 7ms, 7ms}})};
  in.start({"a", "b"});
  const auto near = in.connect("a", "b");
  in.clock->advance(14ms);
  BOOST_REQUIRE(near->link());
  const auto sent = in.clock->now();
  near->send("x");
  in.clock->advance(6ms);
  BOOST_TEST(in.arrivals.empty());
  in.clock->advance(1ms);
  BOOST_REQUIRE_EQUAL(in.arrivals.size(), 1u);
  BOOST_TEST((in.arrivals[0] - sent == 7ms));
}

BOOST_AUTO_TEST_CASE(latencies_are_distributed_as_said) {
  scheduling::random_numbers random{3};
  const latency_model uniform{latency_model::kind::uniform, 10ms, 20ms},
      heavy{latency_model::kind::heavy_tail, 10ms, 10s};
  std::vector<std::chrono::nanoseconds> evenly, mostly;
  for (int i = 0; i < 20'000; ++i) {
    evenly.push_back(uniform.draw(random));
    mostly.push_back(heavy.draw(random));
  }
  std::ranges::sort(evenly);
  std::ranges::sort(mostly);
  BOOST_TEST((evenly.front() >= 10ms && evenly.front() < 10100us && evenly.back() <= 20ms &&
              evenly.back() > 19900us));
  BOOST_TEST((evenly[10'000] > 14800us && evenly[10'000] < 15200us));
  BOOST_TEST((mostly.front() >= 10ms && mostly[10'000] < 20ms));
  BOOST_TEST((mostly[19'800] > 50ms && mostly[19'800] < 200ms)); // the hundredth: about ten times
  BOOST_TEST((mostly.back() > 500ms && mostly.back() <= 10s));
}

BOOST_AUTO_TEST_CASE(frames_keep_their_order_when_latencies_do_not) {
  lab in{shaped({.latency = {latency_model::kind::heavy_tail, 1ms, 1s}})};
  in.start({"a", "b"});
  const auto near = in.connect("a", "b");
  in.clock->advance(2s);
  int next = 0;
  near->when_sent = [&](auto& self) {
    if (next < 500) self.send(std::to_string(next++));
  };
  near->send("first");
  in.clock->advance(10s);
  const auto got = in.accepted->frames();
  BOOST_REQUIRE_EQUAL(got.size(), 501u);
  for (std::size_t i = 1; i < got.size(); ++i)
    BOOST_TEST(got[i] == std::to_string(i - 1));
}

BOOST_AUTO_TEST_CASE(a_rate_holds_the_sender_back) {
  lab in{shaped({.bytes_per_second = 1'000'000})};
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  const auto began = in.clock->now();
  near->send(std::string(500'000, 'x'));
  in.clock->advance(499ms);
  BOOST_TEST(near->sending());
  in.clock->advance(1ms);
  BOOST_REQUIRE(!near->sending());
  near->send(std::string(250'000, 'x'));
  in.clock->advance(1s);
  BOOST_REQUIRE_EQUAL(in.arrivals.size(), 2u);
  BOOST_TEST((in.arrivals[0] - began == 500ms + defaults::latency));
  BOOST_TEST((in.arrivals[1] - began == 750ms + defaults::latency));
}

BOOST_AUTO_TEST_CASE(what_is_not_read_holds_the_sender_back) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  const auto paused = in.network.begin({.kind = fault_kind::pause, .nodes = {"b"}});
  int sent = 0;
  near->when_sent = [&](auto& self) {
    ++sent;
    self.send(std::string(100'000, 'x'));
  };
  near->send(std::string(100'000, 'x'));
  in.clock->advance(1s);
  BOOST_TEST(sent == 10); // 1 MiB, and the eleventh waits
  in.network.end(paused);
  in.clock->advance(10ms);
  BOOST_TEST(sent > 100);
  BOOST_TEST(far->count() > 100u);
}

BOOST_AUTO_TEST_CASE(another_cluster_is_not_trusted) {
  lab in;
  in.start({"b"});
  in.nodes["a"] = in.network.make({"other", "a", {}});
  const auto near = in.connect("a", "b");
  in.clock->advance(1s);
  BOOST_REQUIRE(near->closed());
  BOOST_TEST(near->closed()->code == fabric_errc::not_trusted);
  BOOST_TEST(!in.accepted);
}

BOOST_AUTO_TEST_CASE(a_place_is_free_again_when_its_owner_stops) {
  lab in;
  in.start({"a", "b"});
  in.nodes["b"]->stop();
  const auto nobody = in.connect("a", "b");
  in.clock->advance(1ms);
  BOOST_REQUIRE(nobody->closed());
  BOOST_TEST(nobody->closed()->code == fabric_errc::unreachable);
  in.start({"b"});
  BOOST_TEST(in.open("a", "b").near->link()->peer().who.node == "b");
}

BOOST_AUTO_TEST_CASE(links_to_oneself_work) {
  lab in;
  in.start({"a"});
  const auto [near, far] = in.open("a", "a");
  near->send("to me");
  in.clock->advance(1ms);
  BOOST_TEST(far->count() == 1u);
}

BOOST_AUTO_TEST_CASE(a_link_outlives_its_network_and_does_nothing) {
  std::shared_ptr<cluster::link> kept;
  {
    lab in;
    in.start({"a", "b"});
    kept = in.open("a", "b").near->link();
  }
  kept->send("nowhere");
  kept->close("for nobody");
  BOOST_TEST(kept->peer().who.node == "b");
}

BOOST_AUTO_TEST_CASE(a_frame_before_on_sent_ends_the_program) {
  const auto child = fork();
  if (child == 0) {
    for (const int each : {SIGABRT, SIGSEGV})
      std::signal(each, SIG_DFL);
    close(STDERR_FILENO);
    close(STDOUT_FILENO);
    lab in;
    in.start({"a", "b"});
    const auto link = in.open("a", "b").near->link();
    link->send("one");
    link->send("two");
    _exit(0);
  }
  int status = 0;
  BOOST_REQUIRE_EQUAL(waitpid(child, &status, 0), child);
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
}

BOOST_AUTO_TEST_CASE(it_works_on_the_clock_of_a_deterministic_system) {
  deterministic_system system;
  memory_network network{std::shared_ptr<timer>{std::shared_ptr<void>{}, &system.clock()}};
  test::transport_contract::many_frames_arrive_in_order(
      {.make = [&](const auto& who) { return network.make(who); },
       .wait =
           [&](auto&, const auto& done) {
             for (int i = 0; i < 10'000 && !done(); ++i)
               system.advance(1ms);
             return done();
           }},
      100);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
