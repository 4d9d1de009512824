#pragma once

#include "tests/cluster/testing/support.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

using time_point = timer::clock::time_point;

/// Nodes on a network with virtual time.
class lab {
public:
  explicit lab(cluster::testing::network_options options = {})
      : network(clock, std::move(options)) {}
  ~lab() {
    for (auto& [name, transport] : nodes)
      transport->stop();
    for (const auto& each : all) {
      BOOST_TEST(each->broken() == "");
      each->let_go();
    }
  }
  lab(const lab&) = delete;
  lab& operator=(const lab&) = delete;

  /// Starts nodes, which listen at "mem://NAME".
  void start(const std::vector<std::string>& names) {
    for (const auto& name : names) {
      nodes[name] = network.make({"lab", name, {cluster::node_role::worker}});
      const auto listens = nodes[name]->listen(
          "mem://" + name, [this](const cluster::link_peer&) { return accepted = recorder(); });
      BOOST_REQUIRE(listens.has_value());
    }
  }
  std::shared_ptr<recording_listener> recorder() {
    all.push_back(std::make_shared<recording_listener>(at));
    all.back()->when_frame = [this](auto&, auto) { arrivals.push_back(clock->now()); };
    all.back()->when_closed = [this, of = all.back().get()](auto&) {
      closed_at[of] = clock->now();
    };
    return all.back();
  }
  std::shared_ptr<recording_listener> connect(const std::string& from, const std::string& to) {
    auto near = recorder();
    nodes.at(from)->connect("mem://" + to, near);
    return near;
  }
  struct ends {
    std::shared_ptr<recording_listener> near, far;
  };
  ends open(const std::string& from, const std::string& to) {
    accepted = nullptr;
    const auto near = connect(from, to);
    clock->advance(std::chrono::milliseconds{1});
    BOOST_REQUIRE(near->link() && accepted && accepted->link());
    return {near, accepted};
  }
  /// How long ago an end of a link was told of its end; a negative time: not yet.
  [[nodiscard]] std::chrono::nanoseconds ended_after(const std::shared_ptr<recording_listener>& end,
                                                     time_point since) const {
    const auto found = closed_at.find(end.get());
    return found == closed_at.end() ? std::chrono::nanoseconds{-1} : found->second - since;
  }

  const std::shared_ptr<virtual_timer> clock = virtual_timer::make();
  cluster::testing::memory_network network;
  std::map<std::string, std::unique_ptr<cluster::transport>> nodes;
  const std::shared_ptr<monitor> at = std::make_shared<monitor>();
  std::vector<std::shared_ptr<recording_listener>> all;
  std::shared_ptr<recording_listener> accepted;
  std::vector<time_point> arrivals;
  std::map<const recording_listener*, time_point> closed_at;
};

/// Takes links to have been given up for silence in time.
inline bool is_silence(std::chrono::nanoseconds after) {
  const auto silence = std::chrono::nanoseconds{cluster::testing::defaults::silence};
  return after >= silence && after <= silence * 5 / 4;
}

} // namespace troupe::test
