#pragma once

#include "cluster/launch/errc.hpp"
#include "cluster/pki/identity.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace troupe::cluster {

/// What a node that is ready says of itself: DATA/node.json.
struct node_status {
  std::string name;
  pid_t pid = 0;
  /// Under which others reach it, `HOST:PORT`.
  std::string address;
  std::set<node_role> roles;
  /// Which life of the node this is; the store counts them.
  std::uint64_t incarnation = 0;
  std::chrono::sys_time<std::chrono::milliseconds> started;

  friend bool operator==(const node_status&, const node_status&) = default;
};

/// {"name": "worker-1", "pid": 71, "address": "127.0.0.1:4711", "roles": ["worker"], "incarnation": 3,
/// "started": "2026-11-27T22:46:51.123Z"}
[[nodiscard]] std::string to_json(const node_status& status);
/// @returns `launch_errc::bad_file`.
[[nodiscard]] result<node_status> parse_node_status(std::string_view json);

/// Puts it at DATA/node.json at once. @returns `pki_errc::file_failed`.
[[nodiscard]] result<void> write_node_status(const std::filesystem::path& data,
                                             const node_status& status);
/// Whether the node whose state is in that folder is ready: it says so, and is the process that said it.
[[nodiscard]] bool is_ready(const std::filesystem::path& data);
/// Takes an earlier one away; a node says this first, so that nobody takes it for ready.
void remove_node_status(const std::filesystem::path& data);

} // namespace troupe::cluster
