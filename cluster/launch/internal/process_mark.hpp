#pragma once

#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace troupe::cluster {

/// Which process a number meant: numbers are used again, a number with the moment of its start and the boot of the machine is
/// not.
struct process_mark {
  pid_t pid = 0;
  /// Ticks since the machine's boot, as /proc/PID/stat has it.
  std::uint64_t start = 0;
  /// Which boot.
  std::string boot;

  friend bool operator==(const process_mark&, const process_mark&) = default;
};

/// "PID START BOOT", as a process writes it into its folder before it becomes a node.
[[nodiscard]] std::optional<process_mark> parse_mark(std::string_view text);
/// The mark in a file; nothing where there is none.
[[nodiscard]] std::optional<process_mark> read_mark(const std::filesystem::path& file);

/// The start in the text of /proc/PID/stat, whatever the program is called; nothing for a process that has ended and only
/// waits to be asked for its exit code.
[[nodiscard]] std::optional<std::uint64_t> start_in_stat(std::string_view stat);
/// When a process that is at work was started, by the wall clock.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> wall_start_of(pid_t pid);
/// This boot of the machine.
[[nodiscard]] std::string boot_id();
/// Whether that process is still at work.
[[nodiscard]] bool is_alive(const process_mark& mark);

/// Sends a signal to that process and to no other that has its number now. @returns whether it was there.
bool send_signal(const process_mark& mark, int signal);
/// Kills it with its group, of which it is the first.
bool kill_group(const process_mark& mark);

} // namespace troupe::cluster
