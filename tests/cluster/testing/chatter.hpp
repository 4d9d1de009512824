#pragma once

#include "cluster/testing/memory_network.hpp"
#include "tests/cluster/fabric/recording_listener.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Nodes that connect to each other, send numbers as fast as they are taken, connect again when a link ends, and start
/// again after a crash; all on virtual time. Writes down what happens.
class chatter {
public:
  chatter(std::size_t nodes, const cluster::testing::fault_plan& plan,
          std::chrono::nanoseconds length = std::chrono::seconds{40})
      : network_(std::make_unique<cluster::testing::memory_network>(
            clock_,
            cluster::testing::network_options{.seed = plan.seed, .unrelated_clocks = true})) {
    network_->observe([this](const auto& seen) {
      trace_ += std::to_string(seen.at.time_since_epoch().count()) + " " + std::string{seen.what} +
                " " + std::string{seen.from} + " " + std::string{seen.to} + "\n";
    });
    for (std::size_t i = 0; i < nodes; ++i)
      names_.push_back(std::string{"n"} + std::to_string(i));
    for (const auto& each : names_)
      start(each);
    network_->play(plan, [this](const auto& which, bool begins) { told(which, begins); });
    clock_->advance(length);
    counters_ = network_->counters();
    for (auto& [name, transport] : running_)
      transport.reset();
    network_.reset();
  }

  static std::vector<std::string> names(std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i)
      all.push_back("n" + std::to_string(i));
    return all;
  }

  /// What broke the contract or the order; empty if all is well.
  [[nodiscard]] std::string wrong() const {
    std::string all;
    for (const auto& [from, to] : talks_)
      for (const auto& end : {from, to}) {
        if (!end->heard) continue;
        all += end->heard->broken();
        if (!end->dead && !end->heard->closed()) all += "a listener did not hear on_closed\n";
        const auto frames = end->heard->frames();
        for (std::size_t i = 0; i < frames.size(); ++i)
          if (frames[i] != std::to_string(i))
            all += "frame " + frames[i] + " at place " + std::to_string(i) + "\n";
        const auto& other = end == from ? to : from;
        if (frames.size() > static_cast<std::size_t>(other->next)) all += "more than was sent\n";
      }
    return all;
  }
  [[nodiscard]] const std::string& trace() const { return trace_; }
  [[nodiscard]] const cluster::testing::network_counters& counters() const { return counters_; }
  [[nodiscard]] std::size_t links() const { return talks_.size(); }

private:
  struct end {
    std::shared_ptr<recording_listener> heard;
    int next = 0;
    bool dead = false;
    std::string node;
  };
  using talk = std::pair<std::shared_ptr<end>, std::shared_ptr<end>>;

  void start(const std::string& name) {
    auto& mine = running_[name];
    mine = network_->make({"lab", name, {cluster::node_role::worker}});
    const auto listens = mine->listen("mem://" + name, [this,
                                                        name](const cluster::link_peer& from) {
      // The talk is the one of this pair that was begun last and nobody has joined yet.
      for (auto it = talks_.rbegin(); it != talks_.rend(); ++it)
        if (it->first->node == from.who.node && it->second->node == name && !it->second->heard) {
          listen_to(it->second);
          return it->second->heard;
        }
      return std::shared_ptr<recording_listener>{};
    });
    if (!listens) trace_ += listens.error().message() + "\n";
    for (const auto& other : names_)
      if (other < name) connect(name, other);
  }
  void connect(const std::string& from, const std::string& to) {
    talks_.emplace_back(std::make_shared<end>(), std::make_shared<end>());
    const auto [near, far] = talks_.back();
    near->node = from;
    far->node = to;
    listen_to(near);
    near->heard->when_closed = [this, from, to, near = std::weak_ptr{near}](auto&) {
      if (!network_) return;
      network_->clock(from)->schedule_after(std::chrono::milliseconds{200}, [this, from, to] {
        if (running_[from]) connect(from, to);
      });
    };
    running_[from]->connect("mem://" + to, near->heard);
  }
  void listen_to(const std::shared_ptr<end>& at) {
    at->heard = std::make_shared<recording_listener>(monitor_);
    const auto say = [this, raw = at.get()](recording_listener& self) {
      network_->clock(raw->node)->schedule_after(std::chrono::milliseconds{50},
                                                 [raw, to = self.link(), &self] {
                                                   if (!self.sending() && !self.closed())
                                                     self.send(std::to_string(raw->next++));
                                                 });
    };
    at->heard->when_open = at->heard->when_sent = say;
  }
  void told(const cluster::testing::fault& which, bool begins) {
    using cluster::testing::fault_kind;
    if (which.kind != fault_kind::crash && which.kind != fault_kind::power_loss) return;
    for (const auto& name : which.nodes) {
      if (begins)
        for (const auto& [near, far] : talks_) {
          if (near->node == name) near->dead = true;
          if (far->node == name) far->dead = true;
        }
      if (begins)
        running_[name].reset();
      else if (!running_[name])
        start(name);
    }
  }

  const std::shared_ptr<virtual_timer> clock_ = virtual_timer::make();
  const std::shared_ptr<monitor> monitor_ = std::make_shared<monitor>();
  std::vector<std::string> names_;
  std::vector<talk> talks_;
  std::string trace_;
  cluster::testing::network_counters counters_;
  std::map<std::string, std::unique_ptr<cluster::transport>> running_;
  std::unique_ptr<cluster::testing::memory_network> network_;
};

} // namespace troupe::test
