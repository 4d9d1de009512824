#pragma once

#include "cluster/fabric/errc.hpp"
#include "cluster/fabric/transport.hpp"
#include "tests/cluster/fabric/recording_listener.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// What every transport must do: functions that the tests of each call with a world of their own.
namespace troupe::test::transport_contract {

using cluster::fabric_errc;
using cluster::node_identity;
using cluster::node_role;
using cluster::transport;
using cluster::transport_limits;

/// How a test gets transports, and how it waits.
struct world {
  /// Of nodes of one cluster that trust each other.
  std::function<std::unique_ptr<transport>(const node_identity&)> make;
  /// Lets time pass until `done`, which takes the lock of the monitor itself. @returns false when it took too long.
  std::function<bool(monitor&, const std::function<bool()>& done)> wait;
  /// To listen at any port of.
  std::string any = "127.0.0.1:0";
  /// Where nobody listens.
  std::string nobody = "127.0.0.1:1";
};

inline node_identity node_named(const std::string& name) {
  return {"lab", name, {node_role::worker}};
}

/// Two nodes, of which b listens.
struct pair_of_nodes {
  explicit pair_of_nodes(world in) : in(std::move(in)) {
    const auto listens = b->listen(this->in.any, [this](const cluster::link_peer& from) {
      const std::lock_guard lock{at->mutex};
      seen.push_back(from);
      if (refuses) return std::shared_ptr<recording_listener>{};
      far.push_back(prepared());
      if (prepare_far) prepare_far(*far.back());
      at->changed.notify_all();
      return far.back();
    });
    BOOST_REQUIRE_MESSAGE(listens.has_value(), (listens ? "" : listens.error().message()));
    address = *listens;
  }
  ~pair_of_nodes() {
    a->stop();
    b->stop();
    for (const auto& each : all) {
      BOOST_TEST(each->broken() == "");
      each->let_go();
    }
  }
  pair_of_nodes(const pair_of_nodes&) = delete;
  pair_of_nodes& operator=(const pair_of_nodes&) = delete;

  std::shared_ptr<recording_listener> prepared() {
    all.push_back(std::make_shared<recording_listener>(at));
    return all.back();
  }
  std::shared_ptr<recording_listener> connect(const std::string& to) {
    std::shared_ptr<recording_listener> near;
    {
      const std::lock_guard lock{at->mutex};
      near = prepared();
      if (prepare_near) prepare_near(*near);
    }
    a->connect(to, near);
    return near;
  }
  /// @param done looks through the listeners' own functions, which lock.
  void wait(const char* what, const std::function<bool()>& done) {
    BOOST_REQUIRE_MESSAGE(in.wait(*at, done), "waited too long: " << what);
  }
  std::pair<std::shared_ptr<recording_listener>, std::shared_ptr<recording_listener>> open() {
    const auto near = connect(address);
    wait("an open link", [&] { return near->link() || near->closed(); });
    BOOST_REQUIRE_MESSAGE(near->link() != nullptr, near->closed().value_or(error{}).message());
    const std::lock_guard lock{at->mutex};
    BOOST_REQUIRE_EQUAL(far.size(), 1u);
    return {near, far.front()};
  }
  void send(recording_listener& from, std::string frame) {
    wait("room for a frame", [&] { return !from.sending(); });
    from.send(std::move(frame));
  }

  world in;
  std::shared_ptr<monitor> at = std::make_shared<monitor>();
  std::unique_ptr<transport> a = in.make(node_named("a"));
  std::unique_ptr<transport> b = in.make(node_named("b"));
  std::string address;
  std::function<void(recording_listener&)> prepare_near, prepare_far;
  bool refuses = false;
  std::vector<cluster::link_peer> seen;
  std::vector<std::shared_ptr<recording_listener>> far, all;
};

inline void frames_arrive_whole_and_in_order(const world& in) {
  pair_of_nodes nodes{in};
  const auto [near, far] = nodes.open();
  BOOST_TEST((near->link()->peer().who == node_named("b")));
  nodes.wait("the other end", [&, there = far] { return there->link() != nullptr; });
  BOOST_TEST((far->link()->peer().who == node_named("a")));
  std::vector<std::string> sent{"",
                                "x",
                                std::string("\0\xff", 2),
                                std::string(70'000, 'y'),
                                std::string(transport_limits::frame_bytes, 'z'),
                                "last"};
  for (const auto& each : sent) {
    nodes.send(*near, each);
    nodes.send(*far, each + (each.size() < transport_limits::frame_bytes ? "!" : ""));
  }
  nodes.wait("all frames", [&, here = near, there = far] {
    return here->count() == sent.size() && there->count() == sent.size();
  });
  BOOST_TEST((far->frames() == sent));
  for (auto& each : sent)
    if (each.size() < transport_limits::frame_bytes) each += "!";
  BOOST_TEST((near->frames() == sent));
}

/// As fast as `on_sent` allows, in both directions at once.
inline void many_frames_arrive_in_order(const world& in, int count = 2000) {
  pair_of_nodes nodes{in};
  const auto sender = [count](recording_listener& to) {
    const auto next = std::make_shared<int>(0);
    to.when_open = to.when_sent = [next, count](recording_listener& self) {
      if (*next < count) self.send(std::to_string((*next)++));
    };
  };
  nodes.prepare_near = nodes.prepare_far = sender;
  const auto [near, far] = nodes.open();
  for (const auto& each : {near, far}) {
    nodes.wait("all frames", [&] { return each->count() == static_cast<std::size_t>(count); });
    const auto frames = each->frames();
    for (int i = 0; i < count; ++i)
      BOOST_REQUIRE_EQUAL(frames[static_cast<std::size_t>(i)], std::to_string(i));
  }
}

/// Within the calls of a listener the link may be used.
inline void a_listener_may_answer_and_close(const world& in) {
  pair_of_nodes nodes{in};
  nodes.prepare_near = [](recording_listener& to) {
    to.when_open = [](recording_listener& self) { self.send("ping"); };
    to.when_frame = [](recording_listener& self, std::string_view) { self.close("that was all"); };
  };
  nodes.prepare_far = [](recording_listener& to) {
    to.when_frame = [](recording_listener& self, std::string_view frame) {
      self.send(std::string{frame} + "pong");
    };
  };
  const auto [near, far] = nodes.open();
  nodes.wait("both ends",
             [&, here = near, there = far] { return here->closed() && there->closed(); });
  BOOST_TEST((near->frames() == std::vector<std::string>{"pingpong"}));
  BOOST_TEST((far->frames() == std::vector<std::string>{"ping"}));
}

inline void a_close_is_heard_once_at_both_ends(const world& in) {
  for (const bool near_closes : {true, false}) {
    pair_of_nodes nodes{in};
    const auto [near, far] = nodes.open();
    nodes.wait("the other end", [&, there = far] { return there->link() != nullptr; });
    const auto& closing = near_closes ? near : far;
    closing->close("enough");
    closing->close("enough");
    nodes.wait("both ends",
               [&, here = near, there = far] { return here->closed() && there->closed(); });
    BOOST_TEST(near->closed()->code == fabric_errc::closed);
    BOOST_TEST(far->closed()->code == fabric_errc::closed);
    BOOST_TEST(closing->closed()->context.find("enough") != std::string::npos);
    closing->close("again"); // and nothing comes of it: see pair_of_nodes' end
  }
}

inline void a_frame_beyond_the_bound_ends_its_link(const world& in) {
  pair_of_nodes nodes{in};
  const auto [near, far] = nodes.open();
  nodes.send(*near, "before");
  nodes.wait("the first frame", [&, there = far] { return there->count() == 1; });
  nodes.send(*near, std::string(transport_limits::frame_bytes + 1, 'x'));
  nodes.wait("both ends",
             [&, here = near, there = far] { return here->closed() && there->closed(); });
  BOOST_TEST((near->closed()->code == fabric_errc::bad_peer ||
              far->closed()->code == fabric_errc::bad_peer));
  BOOST_TEST((far->frames() == std::vector<std::string>{"before"}));
}

inline void where_nobody_listens_nobody_answers(const world& in) {
  pair_of_nodes nodes{in};
  const auto near = nodes.connect(in.nobody);
  nodes.wait("the refusal", [&] { return near->closed().has_value(); });
  BOOST_TEST(near->closed()->code == fabric_errc::unreachable);
  BOOST_TEST(!near->link());
}

inline void a_link_can_be_refused(const world& in) {
  pair_of_nodes nodes{in};
  nodes.refuses = true;
  const auto near = nodes.connect(nodes.address);
  nodes.wait("the refusal", [&] { return near->closed().has_value(); });
  BOOST_TEST(!near->link());
  const std::lock_guard lock{nodes.at->mutex};
  BOOST_REQUIRE_EQUAL(nodes.seen.size(), 1u);
  BOOST_TEST((nodes.seen.front().who == node_named("a")));
}

inline void stop_ends_every_link(const world& in) {
  for (const bool near_stops : {true, false}) {
    pair_of_nodes nodes{in};
    const auto [near, far] = nodes.open();
    nodes.send(*near, "on its way");
    auto& stopping = near_stops ? *nodes.a : *nodes.b;
    stopping.stop();
    BOOST_REQUIRE(
        (near_stops ? near : far)->closed()); // nothing more is called once stop has returned
    stopping.stop();
    nodes.wait("the other end",
               [&, here = near, there = far] { return here->closed() && there->closed(); });
    BOOST_TEST(!stopping.listen(in.any, [](const auto&) { return nullptr; }).has_value());
    if (!near_stops) continue;
    const auto late = nodes.connect(nodes.address);
    nodes.wait("the refusal", [&] { return late->closed().has_value(); });
    BOOST_TEST(late->closed()->code == fabric_errc::stopped);
  }
}

/// With links that are being opened.
inline void stop_waits_for_what_is_being_opened(const world& in) {
  pair_of_nodes nodes{in};
  std::vector<std::shared_ptr<recording_listener>> near;
  for (int i = 0; i < 8; ++i)
    near.push_back(nodes.connect(i % 2 ? nodes.address : in.nobody));
  nodes.a->stop();
  for (const auto& each : near)
    BOOST_TEST(each->closed().has_value());
}

inline void a_place_is_listened_at_once(const world& in) {
  pair_of_nodes nodes{in};
  const auto none = [](const auto&) { return nullptr; };
  const auto again = nodes.b->listen(in.any, none);
  BOOST_REQUIRE(!again.has_value());
  BOOST_TEST(again.error().code == fabric_errc::cannot_listen);
  const auto taken = nodes.a->listen(nodes.address, none);
  BOOST_REQUIRE(!taken.has_value());
  BOOST_TEST(taken.error().code == fabric_errc::cannot_listen);
  const auto third = in.make(node_named("c"));
  const auto unclear = third->listen("nowhere at all", none);
  BOOST_REQUIRE(!unclear.has_value());
  BOOST_TEST(unclear.error().code == fabric_errc::cannot_listen);
  third->stop();
}

inline void everything(const world& in) {
  frames_arrive_whole_and_in_order(in);
  many_frames_arrive_in_order(in);
  a_listener_may_answer_and_close(in);
  a_close_is_heard_once_at_both_ends(in);
  a_frame_beyond_the_bound_ends_its_link(in);
  where_nobody_listens_nobody_answers(in);
  a_link_can_be_refused(in);
  stop_ends_every_link(in);
  stop_waits_for_what_is_being_opened(in);
  a_place_is_listened_at_once(in);
}

} // namespace troupe::test::transport_contract
