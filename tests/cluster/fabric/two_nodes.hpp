#pragma once

#include "actors/runtime/typed_agent.hpp"
#include "cluster/fabric/fabric.hpp"
#include "cluster/testing/memory_network.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <future>
#include <google/protobuf/wrappers.pb.h>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::cluster::tests {

using text = google::protobuf::StringValue;

inline message_ptr say(std::string what) {
  text made;
  made.set_value(std::move(what));
  return share(made);
}

/// Waits, with a bound, until a thing has happened.
class events {
public:
  void add(std::string what) {
    std::lock_guard lock{mutex_};
    all_.push_back(std::move(what));
    changed_.notify_all();
  }
  /// @returns what has happened by then.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    BOOST_TEST(
        changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return all_.size() >= count; }),
        "waited for " << count << " events, got " << all_.size());
    return all_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

/// An agent system and its fabric: "echo" answers what it is told.
struct node_under_test {
  node_under_test(testing::memory_network& network, std::string name, std::set<node_role> roles,
                  fabric_options options = {}) {
    system = std::move(
        agent_system::start({.worker_threads = 1, .drain_bound = std::chrono::milliseconds{50}})
            .value());
    add_agents();
    options.self = {"demo", std::move(name), std::move(roles)};
    self = options.self.node;
    auto over = network.make(options.self);
    net = fabric::start(*system, std::move(over), std::move(options)).value();
    address = net->listen("mem://" + self).value();
    net->set_incarnation(1);
  }
  ~node_under_test() {
    system->stop();
    net->stop();
  }

  void add_agents() {
    BOOST_REQUIRE(system->add(typed_agent<text, text>(
        "echo", "Says it again",
        [this](const text& said, const call_context& context) -> reply<text> {
          told.add(said.value());
          if (said.value() == "fail") return tl::unexpected(failure{"echo.refuses", "no", true});
          text answer;
          answer.set_value(said.value() + " for " + context.header().principal);
          return answer;
        })));
    BOOST_REQUIRE(system->add(typed_agent<text, text>(
        "slow", "Answers when it is told to",
        [this](std::shared_ptr<const text>, std::shared_ptr<const call_context> context,
               typed_responder<text> respond) {
          std::lock_guard lock{mutex};
          held.emplace_back(std::move(context), std::move(respond));
          told.add("slow");
        })));
  }

  reply<message_ptr> ask(const std::string& node, agent_name target, message_ptr what,
                         request_options options = {}) {
    options.node = node;
    return system->request_and_wait(std::move(target), std::move(what), std::move(options));
  }

  std::unique_ptr<agent_system> system;
  std::unique_ptr<fabric> net;
  std::string self, address;
  events told;
  std::mutex mutex;
  std::vector<std::pair<std::shared_ptr<const call_context>, typed_responder<text>>> held;
};

/// A coordinator "a" and a worker "b" that know each other as members.
struct two_nodes {
  explicit two_nodes(fabric_options of_a = {}, fabric_options of_b = {})
      : a(network, "a", {node_role::coordinator}, std::move(of_a)),
        b(network, "b", {node_role::worker}, std::move(of_b)) {
    a.net->set_address("b", b.address);
    a.net->admit("b", 1);
    b.net->admit("a", 1);
  }

  testing::memory_network network;
  node_under_test a, b;
};

} // namespace troupe::cluster::tests
