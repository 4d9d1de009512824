#pragma once

#include "cluster/launch/node_config.hpp"
#include "cluster/membership/membership_view.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe {
class node;
}

namespace troupe::cluster {

class fabric;
class node_parts;

struct cluster_node_options {
  node_config config;
  /// MAJOR.MINOR.PATCH of this build.
  std::string build;
  /// Models by key, in place of what the configuration does not name.
  std::map<std::string, std::filesystem::path> default_models{};
  /// Adds agents of the host to those that come with troupe, before anything is served.
  std::function<result<void>(node&)> add_agents{};
};

/// One node of a cluster in this process: agents, inference and, at a coordinator, the workflow engine (`node`); the fabric
/// over gRPC; its membership. A coordinator gives the attempts of its runs to workers, takes over the runs of a coordinator
/// that is gone, and serves operators (`cluster.control`). Any thread may call, but none that runs agents.
class cluster_node {
public:
  /// Starts, and begins to join. @returns why it cannot: its certificate, its address, its store, a model.
  [[nodiscard]] static result<std::unique_ptr<cluster_node>> start(cluster_node_options options);
  /// Calls `stop`.
  ~cluster_node();
  cluster_node(const cluster_node&) = delete;
  cluster_node& operator=(const cluster_node&) = delete;

  /// Waits until it is a member. @returns `fabric_errc::unreachable` after that time, with the last reason.
  [[nodiscard]] result<void> wait_until_member(std::chrono::milliseconds limit);
  /// Of its life at the moment; 0 while it is no member.
  [[nodiscard]] std::uint64_t incarnation() const;
  /// Under which others reach it, HOST:PORT.
  [[nodiscard]] const std::string& address() const;
  [[nodiscard]] view_ptr view() const;
  [[nodiscard]] node& here();
  [[nodiscard]] cluster::fabric& net();

  /// Takes no new work and waits for what it has, at most for so long. @returns whether all was over.
  bool drain(std::chrono::milliseconds limit);
  /// Leaves the cluster and ends. Bounded; may be called again.
  void stop();

private:
  explicit cluster_node(std::unique_ptr<node_parts> parts);
  std::unique_ptr<node_parts> parts_;
};

} // namespace troupe::cluster
