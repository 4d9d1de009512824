#include "actors/runtime/deterministic_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "cluster/fabric/fabric.hpp"
#include "cluster/testing/fault_plan.hpp"
#include "cluster/testing/memory_network.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <google/protobuf/wrappers.pb.h>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

// Three nodes that talk while the network between them fails, in virtual time: whatever goes wrong, nothing that was accepted
// is lost or done twice as long as both processes live, and every request has one answer.
using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::testing;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(fabric_faults)

namespace {

using number = google::protobuf::UInt64Value;
const std::vector<std::string> names{"a", "b", "c"};

message_ptr numbered(std::uint64_t value) {
  number made;
  made.set_value(value);
  return share(made);
}

/// One process of a node.
struct talking_node {
  talking_node(memory_network& network, const std::string& name)
      : actors(network.clock(name), std::make_shared<inline_executor>()) {
    auto& system = actors.system();
    BOOST_REQUIRE(system.add(typed_agent<number, number>(
        "listen", "Writes down what it hears",
        [this](const number& said, const call_context& context) -> reply<number> {
          heard[context.header().sender.key].push_back(said.value());
          return said;
        })));
    fabric_options how;
    how.self = {"lab", name, {node_role::worker}};
    auto over = network.make(how.self);
    net = fabric::start(system, std::move(over), std::move(how)).value();
    BOOST_REQUIRE(net->listen("mem://" + name));
    net->set_incarnation(1);
    for (const std::string& other : names)
      if (other != name) {
        net->set_address(other, "mem://" + other);
        net->admit(other, 1);
      }
  }
  ~talking_node() { net->stop(); }

  deterministic_system actors;
  /// By who said it.
  std::map<std::string, std::vector<std::uint64_t>> heard;
  std::unique_ptr<fabric> net;
};

struct outcome {
  bool ok = true;
  std::string what{};
  std::uint64_t said = 0, links_lost = 0;
};

/// What was said, and what came of it.
class conversation {
public:
  explicit conversation(const fault_plan& plan)
      : network_(clock_, {.seed = plan.seed}), random_(plan.seed) {
    for (const std::string& each : names)
      nodes_.emplace(each, std::make_unique<talking_node>(network_, each));
    network_.play(plan);
  }

  void talk_for(std::chrono::nanoseconds length) {
    for (int sayings = 0; sayings < 60; ++sayings)
      at(std::chrono::nanoseconds{draw(static_cast<std::uint64_t>(length.count()))},
         [this] { say_something(); });
    advance(length);
  }
  /// Longer than anything that goes wrong lasts, and what is tried again.
  void settle() { advance(60s); }

  [[nodiscard]] outcome check() {
    for (const auto& [ends, accepted] : said_) {
      const auto& [from, to] = ends;
      const auto& heard = nodes_.at(to)->heard[from];
      if (heard != accepted)
        return {false, from + " said " + std::to_string(accepted.size()) + " things to " + to +
                           ", which heard " + std::to_string(heard.size()) +
                           " or in another order"};
    }
    for (const auto& [asked, answers] : answers_)
      if (answers != 1)
        return {false, std::to_string(answers) + " answers to request " + std::to_string(asked)};
    return {};
  }

  [[nodiscard]] std::uint64_t said() const { return last_; }
  [[nodiscard]] std::uint64_t links_lost() const {
    std::uint64_t all = 0;
    for (const auto& [name, node] : nodes_)
      all += node->net->metrics().links_lost;
    return all;
  }

private:
  std::uint64_t draw(std::uint64_t below) {
    return std::uniform_int_distribution<std::uint64_t>{0, below - 1}(random_);
  }
  void at(std::chrono::nanoseconds when, std::function<void()> what) {
    clock_->schedule_after(when, std::move(what));
  }
  void say_something() {
    const std::string from = names[draw(3)];
    const std::string to = names[(static_cast<std::size_t>(from[0] - 'a') + 1 + draw(2)) % 3];
    const std::uint64_t value = ++last_;
    request_options how;
    how.node = to;
    how.sender = {"speaker", from};
    how.timeout = 60s;
    auto& system = nodes_.at(from)->actors.system();
    if (draw(2) == 0) {
      if (system.tell({"listen"}, numbered(value), how)) said_[{from, to}].push_back(value);
      return;
    }
    answers_[value] = 0;
    said_[{from, to}].push_back(value);
    system.request({"listen"}, numbered(value), how, [this, value](reply<message_ptr> given) {
      answers_[value] += given ? 1 : 100; // a failure is none that should be
    });
  }
  void advance(std::chrono::nanoseconds by) {
    std::vector<deterministic_system*> all;
    for (auto& [name, node] : nodes_)
      all.push_back(&node->actors);
    deterministic_system::advance(*clock_, by, all);
  }

  std::shared_ptr<virtual_timer> clock_ = virtual_timer::make();
  memory_network network_;
  std::mt19937_64 random_;
  std::map<std::string, std::unique_ptr<talking_node>> nodes_;
  std::uint64_t last_ = 0;
  std::map<std::pair<std::string, std::string>, std::vector<std::uint64_t>> said_;
  std::map<std::uint64_t, int> answers_;
};

outcome talk(const fault_plan& plan) {
  conversation one{plan};
  one.talk_for(30s);
  one.settle();
  outcome came = one.check();
  came.said = one.said();
  came.links_lost = one.links_lost();
  return came;
}

std::uint64_t rounds() {
  const char* given = std::getenv("TROUPE_FABRIC_ROUNDS");
  return given ? std::strtoull(given, nullptr, 10) : 500;
}

} // namespace

BOOST_AUTO_TEST_CASE(nothing_is_lost_or_doubled_between_nodes_that_live) {
  using enum fault_kind;
  const char* given = std::getenv("TROUPE_SEED");
  const std::uint64_t first = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::uint64_t said = 0, links_lost = 0;
  BOOST_TEST_MESSAGE("first seed " << first);
  for (std::uint64_t seed = first; seed < first + rounds(); ++seed) {
    const auto plan = random_plan(
        seed,
        {.nodes = names, .faults = 6, .kinds = {partition, cut, pause, refuse, skew, drift, slow}});
    const outcome came = talk(plan);
    said += came.said;
    links_lost += came.links_lost;
    if (came.ok) continue;
    const auto least =
        shrink(plan, [](const fault_plan& tried) { return !talk(tried).ok; }, {.tries = 60});
    BOOST_FAIL("seed " << seed << ": " << came.what << "; the least plan, with seed " << least.seed
                       << ":\n"
                       << to_string(least));
  }
  // Else nothing was tested.
  BOOST_TEST(said >= 60 * rounds());
  BOOST_TEST(2 * links_lost >= rounds());
  BOOST_TEST_MESSAGE(said << " messages, " << links_lost << " links lost");
}

BOOST_AUTO_TEST_SUITE_END()
