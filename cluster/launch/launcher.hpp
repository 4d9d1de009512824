#pragma once

#include "cluster/launch/cluster_spec.hpp"
#include "cluster/launch/cluster_state.hpp"
#include "cluster/launch/provider.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace troupe::cluster {

/// One node, as `troupe ps` shows it.
struct node_row {
  node_entry node;
  /// Of the file's group; empty where the file has no such group any more.
  std::set<node_role> roles;
  node_look seen;
};

struct up_report {
  std::size_t started = 0, running = 0;
  std::chrono::duration<double> took{};
};

struct down_report {
  std::size_t stopped = 0, killed = 0;
  std::chrono::duration<double> took{};
};

struct down_options {
  /// Kill at once what is at work.
  bool now = false;
  /// Remove the data folder's contents afterwards: certificates, store, logs.
  bool purge = false;
};

/// Who watches a call. Both may be empty.
struct launch_watcher {
  /// A line for people on what happens.
  std::function<void(const std::string& line)> say;
  /// Asked again and again; true ends the call with `launch_errc::interrupted`.
  std::function<bool()> stop_asked;
};

/// Starts and stops the nodes of one cluster. One command at a time works on a cluster, also of several processes: a later
/// one waits. Calls block.
class launcher {
public:
  launcher(cluster_spec spec, launch_watcher watching)
      : spec_{std::move(spec)}, watching_{std::move(watching)} {}

  /// Starts what is not at work of the store and the nodes, and waits until all are ready. Where one cannot be started, stops
  /// what this call started.
  /// @returns `launch_errc::ended_early` and `timed_out` with the last lines of the log, `conflict`, `provider_failed`,
  ///   `interrupted`.
  [[nodiscard]] result<up_report> up();
  /// The same with `count` more nodes of a group, which `up` starts again until the cluster has been taken down.
  [[nodiscard]] result<up_report> add(const std::string& group, int count);
  /// Ends workers and gateways, then coordinators, then the store, each when it has finished what it has at work; kills what
  /// does not end in time. Nothing to do is no failure.
  [[nodiscard]] result<down_report> down(const down_options& options);
  /// All nodes that the file or an earlier command knows, in the order of the groups.
  [[nodiscard]] result<std::vector<node_row>> list() const;

  [[nodiscard]] const cluster_spec& spec() const { return spec_; }

private:
  [[nodiscard]] result<up_report> start_missing(cluster_state state);
  [[nodiscard]] result<cluster_state> state_to_start() const;
  [[nodiscard]] result<void> purge(const cluster_state& state, node_provider& provider) const;

  cluster_spec spec_;
  launch_watcher watching_;
};

/// The nodes that the file wants or an earlier command has started, in the order of the groups.
[[nodiscard]] std::vector<node_entry> known_nodes(const cluster_spec& spec,
                                                  const cluster_state& state);

} // namespace troupe::cluster
