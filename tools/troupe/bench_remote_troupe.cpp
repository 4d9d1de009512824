#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "cluster/fabric/fabric.hpp"
#include "cluster/fabric/grpc/grpc_transport.hpp"
#include "cluster/pki/authority.hpp"
#include "tools/troupe/bench_remote_subject.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <atomic>
#include <google/protobuf/wrappers.pb.h>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace troupe::cli {

namespace {

using bytes_value = google::protobuf::BytesValue;
using clock_type = std::chrono::steady_clock;

constexpr const char* cluster_name = "bench";

message_ptr make_bytes(std::size_t size) {
  bytes_value made;
  made.set_value(std::string(size, 'x'));
  return share(std::move(made));
}

tl::unexpected<error> failed(const failure& why) {
  return fail(cli_errc::bench_failed, why.message + " [" + why.type + "]");
}

/// Answers with the very object that it was sent: the agent itself does as good as nothing.
class echo final : public agent {
public:
  void handle(message_ptr request, std::shared_ptr<const call_context>,
              responder respond) override {
    respond(std::move(request));
  }
};

agent_type echo_type() {
  return {
      "bench.echo",
      "Echoes",
      {{bytes_value::descriptor(), bytes_value::descriptor()}},
      [](const agent_name&) -> reply<std::unique_ptr<agent>> { return std::make_unique<echo>(); }};
}

/// What an agent is to ask, and what comes of it. One at a time.
struct asking {
  message_ptr payload;
  std::size_t warm_up = 0, count = 0;
  std::vector<double> microseconds{};
  std::optional<failure> refused{};
};

/// Asks "bench.echo" again and again, each time in the continuation of the last.
class asker : public std::enable_shared_from_this<asker> {
public:
  /// @param respond answered at the end: only the context of an unanswered request can ask.
  asker(std::shared_ptr<asking> what, std::shared_ptr<const call_context> context,
        responder respond)
      : what_{std::move(what)}, context_{std::move(context)}, respond_{std::move(respond)},
        left_{what_->warm_up + what_->count} {}

  void next() {
    sent_ = clock_type::now();
    context_->request(
        {"bench.echo"}, what_->payload,
        [self = shared_from_this()](const reply<message_ptr>& answer) { self->answered(answer); });
  }

private:
  void answered(const reply<message_ptr>& answer) {
    const std::chrono::duration<double, std::micro> took = clock_type::now() - sent_;
    if (!answer) what_->refused = answer.error();
    if (left_ <= what_->count) what_->microseconds.push_back(took.count());
    if (answer && --left_ > 0) return next();
    respond_(what_->payload);
  }

  const std::shared_ptr<asking> what_;
  const std::shared_ptr<const call_context> context_;
  const responder respond_;
  std::size_t left_;
  clock_type::time_point sent_;
};

/// Counts what arrives, over all messages of one measurement.
class arrivals {
public:
  [[nodiscard]] std::future<void> expect(std::size_t count) {
    done_ = {};
    left_ = count;
    return done_.get_future();
  }
  void one() {
    if (--left_ == 0) done_.set_value();
  }

private:
  std::atomic<std::size_t> left_ = 0;
  std::promise<void> done_;
};

agent_type counting_type(std::shared_ptr<arrivals> into) {
  agent_options options;
  // All may wait at once: what is measured is the way, not the refusal.
  options.max_waiting_requests = 100'000'000;
  options.max_waiting_bytes = std::size_t{16} << 30;
  return typed_agent<bytes_value, bytes_value>(
      "bench.counter", "Counts what arrives",
      [into = std::move(into)](const std::shared_ptr<const bytes_value>&,
                               const std::shared_ptr<const call_context>&,
                               const typed_responder<bytes_value>&) { into->one(); },
      options);
}

/// One of the two.
struct bench_node {
  std::unique_ptr<agent_system> system;
  std::unique_ptr<cluster::fabric> net;

  bench_node() = default;
  bench_node(bench_node&&) = default;
  ~bench_node() {
    if (system) system->stop();
    if (net) net->stop();
  }
};

struct node_plan {
  std::string name;
  cluster::node_role role;
  std::filesystem::path certificates, revocations;
  std::size_t workers;
};

/// All agents of the other node are found there by their type.
std::string node_of(const envelope_header& header) {
  return header.target.type == "bench.echo" || header.target.type == "bench.counter" ? "b" : "";
}

result<bench_node> start_node(const node_plan& plan, bool finds_others) {
  bench_node made;
  auto system = agent_system::start({.worker_threads = plan.workers});
  if (!system) return tl::unexpected(system.error());
  made.system = std::move(*system);
  cluster::grpc_transport_options over;
  over.certificates = plan.certificates;
  over.node = plan.name;
  over.revocations = plan.revocations;
  auto transport = cluster::make_grpc_transport(over);
  if (!transport) return tl::unexpected(transport.error());
  cluster::fabric_options options;
  options.self = {cluster_name, plan.name, {plan.role}};
  if (finds_others) options.locate = node_of;
  auto net = cluster::fabric::start(*made.system, std::move(*transport), std::move(options));
  if (!net) return tl::unexpected(net.error());
  made.net = std::move(*net);
  made.net->set_incarnation(1);
  return made;
}

class nodes final : public remote_subject {
public:
  nodes(bench_node a, bench_node b, std::size_t message_bytes)
      : a_{std::move(a)}, b_{std::move(b)}, message_{make_bytes(message_bytes)} {}

  result<void> prepare() {
    for (auto& type : {echo_type(), counting_type(arrivals_)})
      if (auto added = b_.system->add(type); !added) return added;
    if (auto added = a_.system->add(asking_type()); !added) return added;
    const auto address = b_.net->listen("127.0.0.1:0");
    if (!address) return tl::unexpected(address.error());
    a_.net->set_address("b", *address);
    a_.net->admit("b", 1);
    b_.net->admit("a", 1);
    const auto first = a_.system->request_and_wait({"bench.echo"}, message_);
    if (!first) return failed(first.error());
    return {};
  }

  result<std::vector<double>> requests(std::size_t count, std::size_t bytes) override {
    auto& what = *asking_;
    what = {make_bytes(bytes), std::min(count / 4 + 1, warm_up_requests), count};
    what.microseconds.reserve(count);
    request_options patient;
    patient.timeout = longest_measurement;
    if (const auto done = a_.system->request_and_wait({"bench.asker"}, what.payload, patient);
        !done)
      return failed(done.error());
    if (what.refused) return failed(*what.refused);
    return std::move(what.microseconds);
  }

  result<one_way_found> one_way(std::size_t count, const frame_shape&) override {
    auto all_there = arrivals_->expect(count);
    const auto before = a_.net->metrics();
    const stopwatch timer;
    for (std::size_t sent = 0; sent < count; ++sent)
      if (auto told = tell(); !told) return tl::unexpected(told.error());
    if (const auto there = await(std::move(all_there), "messages to the other node"); !there)
      return tl::unexpected(there.error());
    const auto rate = rate_of(count, timer);
    const auto after = a_.net->metrics();
    const auto frames = static_cast<double>(after.frames_sent - before.frames_sent);
    return one_way_found{rate,
                         {static_cast<double>(after.messages_sent - before.messages_sent) / frames,
                          static_cast<double>(after.bytes_sent - before.bytes_sent) / frames}};
  }

private:
  agent_type asking_type() {
    return typed_agent<bytes_value, bytes_value>(
        "bench.asker", "Asks the other node",
        [what = asking_](const std::shared_ptr<const bytes_value>&,
                         std::shared_ptr<const call_context> context,
                         const typed_responder<bytes_value>& respond) {
          auto end = [respond](reply<message_ptr>) { respond(bytes_value{}); };
          std::make_shared<asker>(what, std::move(context), std::move(end))->next();
        });
  }

  result<void> tell() {
    while (true) {
      const auto told = a_.system->tell({"bench.counter"}, message_);
      if (told) return {};
      if (told.error().type != "fabric.node_full") return failed(told.error());
      wait_for_room();
    }
  }

  void wait_for_room() const {
    const auto waiting = [this] {
      std::size_t messages = 0;
      for (const auto& each : a_.net->peers())
        messages += each.waiting_messages;
      return messages;
    };
    for (const std::size_t full = waiting(); waiting() > full / 2;)
      std::this_thread::sleep_for(std::chrono::microseconds{100});
  }

  // Of both nodes, which end first.
  const std::shared_ptr<asking> asking_ = std::make_shared<asking>();
  const std::shared_ptr<arrivals> arrivals_ = std::make_shared<arrivals>();
  bench_node a_, b_;
  const message_ptr message_;
};

} // namespace

result<remote_certificates> remote_certificates::make(const std::filesystem::path& folder) {
  auto authority = cluster::authority::init(folder / "ca", {.cluster = cluster_name});
  if (!authority) return tl::unexpected(authority.error());
  remote_certificates made{folder / "a", folder / "b", authority->revocations_folder()};
  for (const auto& [node, role, out] : {std::tuple{"a", cluster::node_role::coordinator, made.a},
                                        std::tuple{"b", cluster::node_role::worker, made.b}})
    if (const auto issued =
            authority->issue({.node = node, .roles = {role}, .hosts = {"127.0.0.1"}, .out = out});
        !issued)
      return tl::unexpected(issued.error());
  return made;
}

result<std::unique_ptr<remote_subject>>
troupe_nodes(const remote_certificates& with, std::size_t workers, std::size_t message_bytes) {
  auto a =
      start_node({"a", cluster::node_role::coordinator, with.a, with.revocations, workers}, true);
  if (!a) return tl::unexpected(a.error());
  auto b = start_node({"b", cluster::node_role::worker, with.b, with.revocations, workers}, false);
  if (!b) return tl::unexpected(b.error());
  auto made = std::make_unique<nodes>(std::move(*a), std::move(*b), message_bytes);
  if (auto ready = made->prepare(); !ready) return tl::unexpected(ready.error());
  return made;
}

} // namespace troupe::cli
