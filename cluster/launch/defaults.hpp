#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace troupe::cluster::launch_defaults {

inline constexpr std::string_view listen = "127.0.0.1:0";
/// How long SIGTERM waits for what a node has at work.
inline constexpr std::chrono::seconds drain{30};
/// From the start of a node until it is ready.
inline constexpr std::chrono::seconds start_timeout{60};
/// Beyond `drain`, until a node is killed; and from then until that is an error.
inline constexpr std::chrono::seconds stop_grace{10};

/// How often a node that starts or ends is looked at: here, and over a network or a queue.
inline constexpr std::chrono::milliseconds near_look{10}, far_look{200};
/// Of one call of a program (ssh, sbatch, initdb), to its end.
inline constexpr std::chrono::seconds program_timeout{60};
/// Until an SSH server has answered.
inline constexpr std::chrono::seconds ssh_connect_timeout{10};
/// Nodes that are started, looked at or stopped at once.
inline constexpr std::size_t at_once = 16;

/// Lines of a node's log that tell why it did not start.
inline constexpr std::size_t last_log_lines = 20;
/// Read of a log at once, and how often `--follow` looks for more.
inline constexpr std::size_t log_bytes = std::size_t{1} << 20;
inline constexpr std::chrono::milliseconds log_look{200};

/// Of a file of a cluster, a node, or of what a node says of itself.
inline constexpr std::size_t file_bytes = std::size_t{1} << 20;
/// Nodes of one cluster file.
inline constexpr int most_nodes = 1'000;
/// A certificate that ends before this is made anew when its node starts.
inline constexpr std::chrono::days renew_before{30};

} // namespace troupe::cluster::launch_defaults
