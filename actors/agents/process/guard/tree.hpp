#pragma once

#include <cstdint>
#include <sys/types.h>
#include <vector>

/// The guard is a program of its own (`guard.cpp`), linked statically and without any other part of troupe.
namespace troupe::process_guard {

/// What a process and all that descend from it use at one moment.
struct usage {
  std::uint32_t processes = 0;
  /// Threads of all of them.
  std::uint32_t tasks = 0;
  /// Resident memory that is no page of a file; pages that several share count for each.
  std::uint64_t memory_bytes = 0;
  /// User and system time, with that of children they have waited for.
  std::uint64_t cpu_microseconds = 0;
};

[[nodiscard]] std::vector<pid_t> children_of(pid_t parent);
/// All that descend from `root`, without it.
[[nodiscard]] std::vector<pid_t> descendants_of(pid_t root);
[[nodiscard]] usage usage_of(const std::vector<pid_t>& processes);
/// The same memory with shared pages counted once; costs a walk over all their pages.
[[nodiscard]] std::uint64_t exact_memory_of(const std::vector<pid_t>& processes);
/// Processes and threads of the whole machine.
[[nodiscard]] std::uint64_t tasks_of_machine();

} // namespace troupe::process_guard
