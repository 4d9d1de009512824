#pragma once

#include "cluster/launch/elasticity_spec.hpp"
#include "cluster/launch/node_config.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::cluster {

/// Nodes as processes of this machine.
struct process_provider_spec {
  /// The program that a node is; empty: this one.
  std::filesystem::path binary;
};

/// Nodes on hosts that are reached by the system's `ssh`. Keys and known hosts are the user's unless named here; a host whose
/// key is not known is refused, and nothing is ever asked.
struct ssh_provider_spec {
  std::string user;
  int port = 22;
  std::filesystem::path identity, known_hosts;
  /// On the hosts, absolute: the program, and the folder in which each node gets one.
  std::string binary, folder;
};

/// Nodes as jobs of Slurm. The data folder is on a file system that all of Slurm's nodes see.
struct slurm_provider_spec {
  /// Empty: this program.
  std::filesystem::path binary;
  /// For sbatch, each `--NAME` or `--NAME=VALUE`.
  std::vector<std::string> options;
};

/// Manifests for Kubernetes.
struct kubernetes_provider_spec {
  /// Has the program as `troupe`.
  std::string image;
  /// Of Kubernetes; "" for the one that kubectl is set to.
  std::string space;
  /// Of the volume that each coordinator has.
  std::string storage_class, storage = "10Gi";
};

using provider_spec = std::variant<process_provider_spec, ssh_provider_spec, slurm_provider_spec,
                                   kubernetes_provider_spec>;
/// "process", "ssh", "slurm", "kubernetes".
[[nodiscard]] std::string_view kind_of(const provider_spec& provider);

/// Where the runs of the cluster are kept.
struct store_spec {
  /// PostgreSQL of the cluster's own, in its data folder; else `place`.
  bool own_postgresql = false;
  /// A SQLite file, empty for one in the data folder; or postgresql://...
  std::string place;
};

/// Nodes that are alike.
struct group_spec {
  /// A node is called GROUP-1, GROUP-2, ...
  std::string name;
  std::set<node_role> roles;
  int count = 1;
  std::vector<scheduling::resource_amount> resources;
  std::optional<int> engine_threads;
  /// Beside those of the cluster, which they go before.
  std::map<std::string, std::filesystem::path> models;
  std::map<std::string, std::string> labels;
  std::optional<host_port> listen, advertise;
  /// DNS names and IP addresses for the certificates, beside those that are known.
  std::vector<std::string> certificate_hosts;
  /// Of SSH: where the nodes are, one after the other and from the first again.
  std::vector<std::string> hosts;
  /// Of Slurm: further options for sbatch.
  std::vector<std::string> options;
  /// Of Kubernetes.
  std::map<std::string, std::string> node_selector;
};

/// What a cluster file says; docs/cluster/first-cluster.md shows one. Plain data.
struct cluster_spec {
  std::string name;
  provider_spec provider;
  /// State of the cluster.
  std::filesystem::path data;
  store_spec store;
  /// Certificates of the nodes from elsewhere; empty: an authority of the cluster's own in the data folder.
  std::filesystem::path certificates;
  std::map<std::string, std::filesystem::path> models;
  std::string log_level = "info";
  log_format log = log_format::text;
  std::chrono::milliseconds start_timeout = launch_defaults::start_timeout;
  std::chrono::milliseconds drain = launch_defaults::drain;
  /// Beyond `drain`, until a node is killed.
  std::chrono::milliseconds grace = launch_defaults::stop_grace;
  /// In the order of the file.
  std::vector<group_spec> groups;
  std::optional<elasticity_spec> elasticity;

  /// nullptr where there is none.
  [[nodiscard]] const group_spec* group(std::string_view name) const;
};

/// @param data goes before the file's own; empty: the file's, or else a folder of the user's state (of root below /var/lib).
/// @returns `launch_errc::bad_file` with every mistake, each with file, line, column and remedy; `pki_errc` where the file
///   cannot be read.
[[nodiscard]] result<cluster_spec> read_cluster_spec(const std::filesystem::path& file,
                                                     const std::filesystem::path& data = {});
/// @param name of the file, for messages. @param base where relative paths begin.
[[nodiscard]] result<cluster_spec> parse_cluster_spec(std::string_view text,
                                                      const std::string& name,
                                                      const std::filesystem::path& base);

} // namespace troupe::cluster
