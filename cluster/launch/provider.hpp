#pragma once

#include "cluster/launch/cluster_spec.hpp"
#include "cluster/launch/cluster_state.hpp"
#include "cluster/launch/node_status.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::cluster {

/// A file that a node needs beside its configuration.
struct node_file {
  /// Below the node's folder.
  std::string name;
  std::string text;
  /// A key: for its owner alone.
  bool secret = false;
};

/// A node to be started.
struct node_plan {
  node_entry entry;
  /// With paths as they are where the node runs.
  node_config config;
  /// What has to be brought there.
  std::vector<node_file> files;
  /// Of Slurm.
  std::vector<std::string> options;
};

enum class node_phase : std::uint8_t {
  /// Never started, or cleared away.
  absent,
  /// At work, not ready yet.
  starting,
  ready,
  /// Was started, and is no more.
  ended,
};
/// "absent", "starting", "ready", "ended".
[[nodiscard]] std::string_view to_string(node_phase phase);

/// What a provider sees of a node.
struct node_look {
  node_phase phase = node_phase::absent;
  /// What it says of itself, once it is ready.
  std::optional<node_status> status;
  /// What else there is to say: "job 17 waits: Resources".
  std::string detail;
};

enum class stop_how : std::uint8_t {
  /// Finish what is at work, then leave.
  drain,
  /// At once.
  kill,
};

/// Part of a log: its text from one byte on, and the byte at which the next part begins.
struct log_part {
  std::string text;
  std::uint64_t next = 0;
};

/// What starts the nodes of one cluster, looks at them and stops them. Any thread may call, also several at once for
/// different nodes; calls block. Errors name the node's place and what to do.
class node_provider {
public:
  virtual ~node_provider() = default;

  /// Brings the node's files and starts it. Does nothing where it is at work. @returns when it was started, not when it is
  /// ready; `launch_errc::provider_failed`.
  [[nodiscard]] virtual result<void> start(const node_plan& plan) = 0;
  /// One look for each node, in their order.
  [[nodiscard]] virtual result<std::vector<node_look>> look(std::span<const node_entry> nodes) = 0;
  /// Tells it to stop; does not wait. A node that is not at work is left alone, and what an earlier command may still be about
  /// to start is kept from starting.
  [[nodiscard]] virtual result<void> stop(const node_entry& node, stop_how how) = 0;
  /// Puts the text of its seeds file into its place.
  [[nodiscard]] virtual result<void> write_seeds(const node_entry& node,
                                                 const std::string& text) = 0;
  /// At most `limit` bytes of its log from byte `from` on. @param from beyond the end: so many before the end.
  [[nodiscard]] virtual result<log_part> read_log(const node_entry& node, std::uint64_t from,
                                                  std::size_t limit) = 0;
  /// Removes the folder of a node that is not at work.
  [[nodiscard]] virtual result<void> purge(const node_entry& node) = 0;
  /// How often it is worth to look.
  [[nodiscard]] virtual std::chrono::milliseconds look_interval() const = 0;
};

/// As a first byte for `read_log`: the end.
inline constexpr std::uint64_t log_end = ~std::uint64_t{0};

/// The provider of a cluster. @param state its id and generation mark what it starts.
/// @returns `launch_errc::unsupported` for Kubernetes, whose manifests others apply.
[[nodiscard]] result<std::unique_ptr<node_provider>> make_provider(const cluster_spec& spec,
                                                                   const cluster_state& state);

} // namespace troupe::cluster
