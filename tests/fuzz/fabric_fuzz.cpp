// What a node with a good certificate sends another: frames of any bytes after a right hello, or before it. It is answered, or
// its link ends; the node goes on and serves others.
#include "actors/runtime/deterministic_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "cluster/fabric/fabric.hpp"
#include "cluster/testing/memory_network.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "troupe/v1/fabric.pb.h"

#include <algorithm>
#include <deque>
#include <google/protobuf/wrappers.pb.h>
#include <memory>
#include <spdlog/spdlog.h>

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;

namespace {

using text = google::protobuf::StringValue;

/// Sends frames one after the other.
class sending_peer final : public link_listener {
public:
  explicit sending_peer(std::deque<std::string> frames) : frames_(std::move(frames)) {}
  void on_open(std::shared_ptr<cluster::link> opened) override {
    link_ = std::move(opened);
    on_sent();
  }
  void on_sent() override {
    if (!link_ || frames_.empty()) return;
    std::string next = std::move(frames_.front());
    frames_.pop_front();
    link_->send(std::move(next));
  }
  void on_frame(std::string_view frame) override {
    v1::Frame answer;
    fuzz::require(answer.ParseFromArray(frame.data(), static_cast<int>(frame.size())),
                  "a node sends frames that can be read");
  }
  void on_closed(const error&) override { link_.reset(); }
  void close() {
    if (link_) link_->close("over");
  }

private:
  std::deque<std::string> frames_;
  std::shared_ptr<cluster::link> link_;
};

/// A node with an agent that says again what it is told.
struct echoing_node {
  echoing_node(cluster::testing::memory_network& network, const std::string& name)
      : actors(network.clock(name), std::make_shared<inline_executor>()) {
    const auto added = actors.system().add(typed_agent<text, text>(
        "echo", "Says it again",
        [](const text& said, const call_context&) -> reply<text> { return said; }));
    fuzz::require(added.has_value(), "an agent can be added");
    fabric_options how;
    how.self = {"lab", name, {node_role::worker}};
    auto over = network.make(how.self);
    net = fabric::start(actors.system(), std::move(over), std::move(how)).value();
    fuzz::require(net->listen("mem://" + name).has_value(), "it listens");
    net->set_incarnation(1);
  }
  ~echoing_node() { net->stop(); }

  deterministic_system actors;
  std::unique_ptr<fabric> net;
};

/// They live as long as the program: "b" is sent frames by "x", and asked by "a".
struct lab {
  lab() {
    spdlog::set_level(spdlog::level::off);
    a.net->set_address("b", "mem://b");
    a.net->admit("b", 1);
    b.net->admit("a", 1);
    b.net->admit("x", 1);
  }
  void pass(std::chrono::milliseconds time) {
    deterministic_system* const all[]{&a.actors, &b.actors};
    deterministic_system::advance(*clock, time, all);
  }
  /// Whether the node that was sent the frames serves others.
  bool serves() {
    bool answered = false;
    request_options how;
    how.node = "b";
    how.timeout = 5s;
    a.actors.system().request({"echo"}, share(text{}), how,
                              [&](reply<message_ptr> given) { answered = given.has_value(); });
    pass(20ms);
    return answered;
  }

  std::shared_ptr<virtual_timer> clock = virtual_timer::make();
  cluster::testing::memory_network network{clock};
  echoing_node a{network, "a"}, b{network, "b"};
  std::unique_ptr<transport> x = network.make({"lab", "x", {node_role::coordinator}});
  std::uint64_t sessions = 0;
};

std::string hello_frame(std::uint64_t session) {
  v1::Frame made;
  v1::Hello& hello = *made.mutable_hello();
  hello.set_protocol_min(1);
  hello.set_protocol_max(1);
  hello.set_cluster("lab");
  hello.set_node("x");
  hello.set_incarnation(1);
  hello.set_session(session);
  for (const v1::Lane lane : {v1::LANE_CONTROL, v1::LANE_WORK}) {
    v1::Receipt& stands = *hello.add_received();
    stands.set_lane(lane);
    stands.set_limit_bytes(1 << 20);
  }
  return made.SerializeAsString();
}

} // namespace

/// The first byte: whether a right hello goes before. Then frames, each behind two bytes with its length.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Never ended: the log that it writes to may go before it.
  static lab& world = *new lab;
  if (size == 0) return -1;
  std::deque<std::string> frames;
  if (data[0] % 2 == 0) frames.push_back(hello_frame(++world.sessions));
  for (std::size_t at = 1; at + 2 <= size;) {
    const std::size_t length =
        std::min<std::size_t>(data[at] | std::size_t{data[at + 1]} << 8, size - at - 2);
    frames.emplace_back(reinterpret_cast<const char*>(data) + at + 2, length);
    at += 2 + length;
  }
  const auto sender = std::make_shared<sending_peer>(std::move(frames));
  world.x->connect("mem://b", sender);
  world.pass(100ms);
  sender->close();
  fuzz::require(world.serves(), "whatever one node sends, others are served");
  return 0;
}
