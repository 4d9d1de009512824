// Each kind of fault, by itself.
#include "cluster/fabric/errc.hpp"
#include "tests/cluster/testing/lab.hpp"

using namespace troupe;
using namespace troupe::cluster::testing;
using namespace std::chrono_literals;
using cluster::fabric_errc;
using test::is_silence;
using test::lab;

namespace {

BOOST_AUTO_TEST_SUITE(cluster_testing_faults)

BOOST_AUTO_TEST_CASE(a_short_partition_holds_frames_back) {
  lab in;
  in.start({"a", "b", "c"});
  const auto [near, far] = in.open("a", "b");
  const auto beside = in.open("a", "c");
  near->send("on its way");
  const auto apart = in.network.begin({.kind = fault_kind::partition, .nodes = {"b"}});
  in.clock->advance(1s);
  near->send("held");
  beside.near->send("elsewhere");
  in.clock->advance(1s);
  BOOST_TEST(far->count() == 0u);
  BOOST_TEST(beside.far->count() == 1u);
  in.network.end(apart);
  in.clock->advance(1ms);
  BOOST_TEST((far->frames() == std::vector<std::string>{"on its way", "held"}));
  in.clock->advance(1min);
  BOOST_TEST((!near->closed() && !far->closed()));
}

BOOST_AUTO_TEST_CASE(a_long_partition_ends_links_at_each_end) {
  for (const auto kind : {fault_kind::partition, fault_kind::cut}) {
    lab in;
    in.start({"a", "b", "c"});
    const auto [near, far] = in.open("a", "b");
    const auto beside = in.open("c", "b");
    const auto since = in.clock->now();
    in.network.begin({.kind = kind, .nodes = {"a"}, .others = {"b"}});
    in.clock->advance(1min);
    BOOST_TEST(is_silence(in.ended_after(near, since)));
    BOOST_TEST(is_silence(in.ended_after(far, since)));
    BOOST_TEST((in.ended_after(near, since) != in.ended_after(far, since)));
    BOOST_TEST(!beside.near->closed());
    BOOST_TEST(in.network.counters().links_silent == 2u);
  }
}

BOOST_AUTO_TEST_CASE(a_cut_is_one_way) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  in.network.begin({.kind = fault_kind::cut, .nodes = {"a"}, .others = {"b"}});
  near->send("lost in the end");
  far->send("heard");
  in.clock->advance(1min);
  BOOST_TEST(near->count() == 1u);
  BOOST_TEST(far->count() == 0u);
}

BOOST_AUTO_TEST_CASE(whoever_gave_up_first_is_heard_once_the_way_is_free) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  const auto apart = in.network.begin({.kind = fault_kind::partition, .nodes = {"a"}});
  while (!near->closed() && !far->closed())
    in.clock->advance(1ms);
  BOOST_REQUIRE(!near->closed() || !far->closed());
  in.network.end(apart);
  in.clock->advance(1ms);
  BOOST_TEST((near->closed() && far->closed()));
}

BOOST_AUTO_TEST_CASE(an_end_that_left_before_the_partition_is_missed_too) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  near->close("bye");
  in.clock->advance(10us); // on its way
  BOOST_REQUIRE(near->closed());
  const auto since = in.clock->now();
  in.network.begin({.kind = fault_kind::partition, .nodes = {"a"}});
  in.clock->advance(1min);
  BOOST_TEST(is_silence(in.ended_after(far, since) - defaults::latency + 10us));
}

BOOST_AUTO_TEST_CASE(links_open_when_a_partition_ends_in_time) {
  lab in;
  in.start({"a", "b"});
  for (const auto& [heals, who] : {std::pair{true, "a"}, {true, "b"}, {false, "a"}}) {
    const auto since = in.clock->now();
    const auto apart = in.network.begin({.kind = fault_kind::partition, .nodes = {who}});
    const auto near = in.connect("a", "b");
    in.clock->advance(2s);
    BOOST_TEST((!near->link() && !near->closed()));
    if (heals) in.network.end(apart);
    in.clock->advance(10s);
    BOOST_TEST((near->link() != nullptr) == heals);
    if (heals) continue;
    BOOST_REQUIRE(near->closed());
    BOOST_TEST(near->closed()->code == fabric_errc::unreachable);
    BOOST_TEST((in.ended_after(near, since) == defaults::handshake));
  }
}

BOOST_AUTO_TEST_CASE(a_lost_frame_ends_the_link) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  in.network.begin(
      {.kind = fault_kind::slow, .nodes = {"a"}, .others = {"b"}, .shape = {.loss_ppm = 100'000}});
  int next = 0;
  test::time_point broken;
  near->when_sent = [&](auto& self) {
    if (broken == test::time_point{} && in.network.counters().links_broken == 1)
      broken = in.clock->now();
    if (next < 10'000) self.send(std::to_string(next++));
  };
  near->send(std::to_string(next++));
  in.clock->advance(1min);
  const auto got = far->frames();
  BOOST_TEST((got.size() > 0 && got.size() < 200));
  BOOST_TEST(next > static_cast<int>(got.size()) + 1); // the sender went on
  for (std::size_t i = 0; i < got.size(); ++i)
    BOOST_TEST(got[i] == std::to_string(i));
  BOOST_TEST(in.network.counters().links_broken == 1u);
  BOOST_REQUIRE(broken != test::time_point{});
  BOOST_TEST(is_silence(in.ended_after(near, broken)));
  BOOST_TEST((in.ended_after(far, broken) > 0s && in.ended_after(far, broken) <= 6250ms));
}

BOOST_AUTO_TEST_CASE(a_paused_node_goes_on_late) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  std::vector<int> ran;
  const auto clock = in.network.clock("b");
  clock->schedule_after(2s, [&] { ran.push_back(2); });
  clock->schedule_after(1s, [&] { ran.push_back(1); });
  const auto paused = in.network.begin({.kind = fault_kind::pause, .nodes = {"b"}});
  near->send("waits");
  in.clock->advance(4s);
  BOOST_TEST((far->count() == 0 && ran.empty()));
  in.network.end(paused);
  in.clock->advance(1us);
  BOOST_TEST((far->count() == 1 && ran == std::vector{1, 2}));
  in.clock->advance(1min);
  BOOST_TEST((!near->closed() && !far->closed()));
}

BOOST_AUTO_TEST_CASE(a_node_paused_for_long_is_given_up) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  const auto since = in.clock->now();
  const auto paused = in.network.begin({.kind = fault_kind::pause, .nodes = {"b"}});
  near->send("read late");
  in.clock->advance(1min);
  BOOST_TEST(is_silence(in.ended_after(near, since)));
  BOOST_TEST(!far->closed());
  in.network.end(paused);
  in.clock->advance(1ms);
  BOOST_TEST((far->count() == 1u && far->closed()));
}

BOOST_AUTO_TEST_CASE(two_pauses_end_with_the_second) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  const auto one = in.network.begin({.kind = fault_kind::pause, .nodes = {"b"}});
  const auto two = in.network.begin({.kind = fault_kind::pause, .nodes = {"b"}});
  near->send("x");
  in.network.end(one);
  in.network.end(one);
  in.clock->advance(1s);
  BOOST_TEST(far->count() == 0u);
  in.network.end(two);
  in.clock->advance(1ms);
  BOOST_TEST(far->count() == 1u);
}

BOOST_AUTO_TEST_CASE(a_crash_is_heard_at_once_but_by_the_dead) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  bool ran = false;
  const auto old_clock = in.network.clock("b");
  old_clock->schedule_after(1s, [&] { ran = true; });
  far->send("last words");
  in.network.begin({.kind = fault_kind::crash, .nodes = {"b"}});
  far->send("from beyond");
  in.clock->advance(1ms);
  BOOST_TEST((near->frames() == std::vector<std::string>{"last words"}));
  BOOST_TEST(near->closed().has_value());
  const auto refused = in.connect("a", "b");
  in.clock->advance(1ms);
  BOOST_TEST((refused->closed() && refused->closed()->code == fabric_errc::unreachable));
  in.start({"b"});
  BOOST_TEST(in.open("a", "b").near->link()->peer().who.node == "b");
  in.clock->advance(1min);
  BOOST_TEST(!far->closed());
  BOOST_TEST(!ran);
  old_clock->schedule_after(1s, [&] { ran = true; });
  in.network.clock("b")->schedule_after(1s, [&] { ran = true; });
  in.network.begin({.kind = fault_kind::crash, .nodes = {"b"}});
  in.clock->advance(1min);
  BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(sending_without_end_to_nobody_ends) {
  for (const auto kind :
       {fault_kind::crash, fault_kind::power_loss, fault_kind::pause, fault_kind::partition}) {
    lab in;
    in.start({"a", "b"});
    const auto [near, far] = in.open("a", "b");
    near->when_sent = [](auto& self) { self.send(""); };
    near->send("");
    in.clock->advance(100us);
    BOOST_TEST(far->count() > 1000u);
    in.network.begin({.kind = kind, .nodes = {"b"}});
    in.clock->advance(1min);
    BOOST_TEST(near->closed().has_value());
  }
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  near->when_sent = [](auto& self) { self.send(""); };
  near->send("");
  far->close("enough");
  in.clock->advance(1ms);
  BOOST_TEST(near->closed().has_value());
}

BOOST_AUTO_TEST_CASE(a_crash_beats_what_is_being_opened) {
  lab in;
  in.start({"a", "b"});
  const auto near = in.connect("a", "b");
  in.network.begin({.kind = fault_kind::crash, .nodes = {"a"}});
  in.clock->advance(1min);
  BOOST_TEST(!in.accepted);
  in.start({"a"});
  const auto again = in.connect("a", "b");
  in.clock->advance(60us); // b has accepted, a does not know yet
  BOOST_REQUIRE(in.accepted && in.accepted->link() && !again->link());
  in.network.begin({.kind = fault_kind::crash, .nodes = {"b"}});
  in.clock->advance(1ms);
  BOOST_TEST(again->closed().has_value());
}

BOOST_AUTO_TEST_CASE(a_loss_of_power_is_heard_of_by_silence) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  const auto since = in.clock->now();
  in.network.begin({.kind = fault_kind::power_loss, .nodes = {"b"}});
  const auto asking = in.connect("a", "b");
  in.clock->advance(1min);
  BOOST_TEST(is_silence(in.ended_after(near, since)));
  BOOST_TEST((in.ended_after(asking, since) == defaults::handshake));
  BOOST_TEST(!far->closed());
  in.start({"b"}); // turned on again
  in.open("a", "b");
}

BOOST_AUTO_TEST_CASE(a_machine_that_is_back_says_what_it_lost) {
  for (const bool by_start : {true, false}) {
    lab in;
    in.start({"a", "b"});
    const auto [near, far] = in.open("a", "b");
    const auto off = in.network.begin({.kind = fault_kind::power_loss, .nodes = {"b"}});
    in.clock->advance(1s);
    BOOST_TEST(!near->closed());
    by_start ? in.start({"b"}) : in.network.end(off);
    in.clock->advance(1ms);
    BOOST_TEST(near->closed().has_value());
  }
}

BOOST_AUTO_TEST_CASE(connecting_may_fail) {
  lab in;
  in.start({"a", "b"});
  const auto refuses =
      in.network.begin({.kind = fault_kind::refuse, .nodes = {"b"}, .ppm = 500'000});
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    const auto near = in.connect("a", "b");
    in.clock->advance(1ms);
    refused += near->closed() && near->closed()->code == fabric_errc::unreachable;
  }
  BOOST_TEST((refused > 25 && refused < 75));
  in.network.end(refuses);
  for (int i = 0; i < 20; ++i)
    in.open("a", "b");
}

BOOST_AUTO_TEST_CASE(of_several_shapes_the_last_counts) {
  lab in;
  in.start({"a", "b"});
  const auto [near, far] = in.open("a", "b");
  const auto slow = [](std::vector<std::string> from, std::chrono::nanoseconds time) {
    return fault{.kind = fault_kind::slow,
                 .nodes = std::move(from),
                 .others = {"b"},
                 .shape = {.latency = {latency_model::kind::fixed, time, time}}};
  };
  const auto takes = [&, from = near] {
    const auto sent = in.clock->now();
    from->send("x");
    in.clock->advance(1s);
    return in.arrivals.back() - sent;
  };
  const auto some = in.network.begin(slow({"a"}, 10ms));
  BOOST_TEST((takes() == 10ms));
  const auto all = in.network.begin(slow({}, 20ms));
  BOOST_TEST((takes() == 20ms));
  in.network.end(all);
  BOOST_TEST((takes() == 10ms));
  in.network.end(some);
  BOOST_TEST((takes() == defaults::latency));
}

BOOST_AUTO_TEST_CASE(a_plan_is_played) {
  lab in;
  in.start({"a", "b"});
  const auto start = in.clock->now();
  std::vector<std::string> told;
  in.network.play({1,
                   {{.kind = fault_kind::crash, .at = 2s, .lasts = 3s, .nodes = {"b"}},
                    {.kind = fault_kind::pause, .at = 1s, .nodes = {"a"}}}},
                  [&](const fault& which, bool begins) {
                    const auto at =
                        std::chrono::duration_cast<std::chrono::seconds>(in.clock->now() - start);
                    told.push_back(std::to_string(at.count()) + (begins ? " begins " : " ends ") +
                                   which.nodes[0]);
                    if (which.kind == fault_kind::crash && !begins) in.start({"b"});
                  });
  in.clock->advance(1min);
  BOOST_TEST(told == (std::vector<std::string>{"1 begins a", "2 begins b", "5 ends b"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
