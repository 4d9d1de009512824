#pragma once

#include "cluster/launch/errc.hpp"
#include "kernels/result.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cluster {

/// A node that was started, or is about to be.
struct node_entry {
  std::string name, group;
  /// Where it is, of SSH; empty for others.
  std::string host;

  friend bool operator==(const node_entry&, const node_entry&) = default;
};

/// What is known of a launched cluster beside its file: DATA/cluster.json. Nodes are written down before they are started and
/// until they have ended, so that whoever is killed in between leaves none that nobody knows.
struct cluster_state {
  /// Tells this cluster from another of the same name.
  std::string id;
  std::string cluster, provider;
  /// Counts the commands that start or stop; of two the later goes before.
  std::uint64_t generation = 0;
  /// Nodes beyond those of the file, by group: `troupe add`.
  std::map<std::string, int> added;
  std::vector<node_entry> nodes;

  friend bool operator==(const cluster_state&, const cluster_state&) = default;
};

/// @returns nothing where no cluster was started there; `launch_errc::bad_file` where it is damaged.
[[nodiscard]] result<std::optional<cluster_state>>
read_cluster_state(const std::filesystem::path& data);
[[nodiscard]] result<void> write_cluster_state(const std::filesystem::path& data,
                                               const cluster_state& state);
/// One without nodes, with an id of its own.
[[nodiscard]] cluster_state new_cluster_state(std::string cluster, std::string provider);

} // namespace troupe::cluster
