#pragma once

#include "cluster/launch/provider.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// The scripts for a POSIX shell by which a host starts a node, looks at it and stops it; they come over the shell's standard
/// input, so that no key is ever in a list of arguments. The host needs coreutils, `flock` and `setsid` (util-linux).

/// A node's folder on a host, and which command speaks.
struct remote_place {
  std::string folder;
  std::uint64_t generation = 0;
};

/// One word of a shell's command, whatever is in it.
[[nodiscard]] std::string shell_word(const std::string& text);

/// Brings the files and starts the node unless it is at work. Exit 3: a later command has stopped it.
[[nodiscard]] std::string start_script(const remote_place& at, const std::string& binary,
                                       const node_plan& plan);
/// Prints of each node absent, ended or alive and the mark in one line, then what the node says of itself, and `look_end`.
[[nodiscard]] std::string look_script(std::span<const remote_place> at);
inline constexpr std::string_view look_end = "--\n";
/// Signals it, and keeps earlier commands from starting it.
[[nodiscard]] std::string stop_script(const remote_place& at, stop_how how);
[[nodiscard]] std::string file_script(const remote_place& at, const node_file& file);
/// Prints the size of the log in one line, then at most `limit` bytes from byte `from` on, or before the end.
[[nodiscard]] std::string log_script(const remote_place& at, std::uint64_t from, std::size_t limit);
/// Removes the folder unless the node is at work.
[[nodiscard]] std::string purge_script(const remote_place& at);

} // namespace troupe::cluster
