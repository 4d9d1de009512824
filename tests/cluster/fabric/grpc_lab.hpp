#pragma once

#include "cluster/fabric/grpc/grpc_transport.hpp"
#include "cluster/pki/authority.hpp"
#include "tests/cluster/fabric/grpc_listener.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"
#include "tests/support/time_scale.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::test {

/// Who was refused.
class refusal_record {
public:
  void note(const cluster::refused_peer& peer) {
    const std::lock_guard lock{mutex_};
    all_.push_back(peer);
    changed_.notify_all();
  }
  /// Waits for one of that kind. @returns its reason, or "" where it takes too long.
  [[nodiscard]] std::string wait_for(cluster::refusal why) {
    std::unique_lock lock{mutex_};
    const auto is = [&](const cluster::refused_peer& one) { return one.why == why; };
    auto found = all_.end();
    changed_.wait_for(lock, std::chrono::seconds{10} * time_scale, [&] {
      return (found = std::find_if(all_.begin(), all_.end(), is)) != all_.end();
    });
    return found == all_.end() ? "" : found->reason;
  }
  [[nodiscard]] std::vector<cluster::refused_peer> all() {
    const std::lock_guard lock{mutex_};
    return all_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<cluster::refused_peer> all_;
};

/// A transport with what it says.
struct grpc_node {
  std::shared_ptr<cluster::grpc_transport_metrics> metrics =
      std::make_shared<cluster::grpc_transport_metrics>();
  std::shared_ptr<refusal_record> refused = std::make_shared<refusal_record>();
  std::unique_ptr<cluster::transport> transport;
  std::string address;
  /// Of accepted links, the oldest first.
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<grpc_listener>> accepted;

  [[nodiscard]] std::shared_ptr<grpc_listener> wait_for_accepted(std::size_t number) {
    std::unique_lock lock{mutex};
    changed.wait_for(lock, std::chrono::seconds{10} * time_scale,
                     [&] { return accepted.size() > number; });
    return accepted.size() > number ? accepted[number] : std::make_shared<grpc_listener>();
  }
  [[nodiscard]] std::shared_ptr<grpc_listener> dial(const std::string& to) const {
    auto listener = std::make_shared<grpc_listener>();
    transport->connect(to, listener);
    return listener;
  }
  /// Again and again, as nodes do.
  [[nodiscard]] std::shared_ptr<grpc_listener> dial_until_open(const std::string& to) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10} * time_scale;
    auto listener = dial(to);
    while (!listener->wait_for_open() && std::chrono::steady_clock::now() < deadline)
      listener = dial(to);
    return listener;
  }
};

/// A cluster named "lab" on this machine.
struct grpc_lab {
  temporary_folder folder;
  std::filesystem::path ca = folder.path() / "ca";
  cluster::authority authority = must(cluster::authority::init(ca, {.cluster = "lab"}));

  cluster::issued_certificate issue(const std::string& node, bool again = false,
                                    std::vector<std::string> hosts = {"127.0.0.1", "localhost"}) {
    return must(authority.issue({.node = node,
                                 .roles = {cluster::node_role::worker},
                                 .hosts = std::move(hosts),
                                 .out = folder_of(node),
                                 .replace = again}));
  }
  [[nodiscard]] std::filesystem::path folder_of(const std::string& node) const {
    return folder.path() / "nodes" / node;
  }
  [[nodiscard]] cluster::grpc_transport_options options_of(const std::string& node) const {
    cluster::grpc_transport_options options;
    options.certificates = folder_of(node);
    options.node = node;
    options.revocations = authority.revocations_folder();
    options.certificate_refresh = std::chrono::seconds{1};
    return options;
  }
  /// With the certificate that is there.
  [[nodiscard]] static std::unique_ptr<grpc_node> start(cluster::grpc_transport_options options) {
    auto node = std::make_unique<grpc_node>();
    options.metrics = node->metrics;
    options.on_refused = [record = node->refused](const auto& peer) { record->note(peer); };
    node->transport = must(cluster::make_grpc_transport(std::move(options)));
    return node;
  }
  std::unique_ptr<grpc_node> start(const std::string& node) {
    if (!std::filesystem::exists(folder_of(node) / (node + ".pem"))) issue(node);
    return start(options_of(node));
  }
  /// Accepts every link; echoes frames.
  static void listen(grpc_node& node) {
    node.address = must(node.transport->listen("127.0.0.1:0", [&node](const cluster::link_peer&) {
      auto listener = std::make_shared<grpc_listener>();
      listener->echo();
      const std::lock_guard lock{node.mutex};
      node.accepted.push_back(listener);
      node.changed.notify_all();
      return listener;
    }));
  }
  std::unique_ptr<grpc_node> start_listening(const std::string& node) {
    auto started = start(node);
    listen(*started);
    return started;
  }
};

} // namespace troupe::test
