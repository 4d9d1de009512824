#pragma once

#include <cstdint>
#include <string>

namespace troupe::process_guard {

/// A byte in the control pipe: send the command SIGTERM. Where the pipe is closed the command is ended.
inline constexpr char terminate = 't';

/// What the guard is told on its command line: `memory=N cpu=N processes=N folder=PATH cgroup=PATH program=PATH -- ARGV`.
struct options {
  /// 0: no limit.
  std::uint64_t memory_bytes = 0;
  std::uint64_t cpu_microseconds = 0;
  std::uint32_t processes = 0;
  std::string folder;
  /// A folder of version 2 in which the guard may make groups; empty: none.
  std::string cgroup;
  std::string program;
  char** argv = nullptr;
};

/// Where the guard finds what it is connected to: closed by whoever started it, the first means "end it"; the other takes
/// what became of it, as lines `WORD NUMBER`.
inline constexpr int control_fd = 3;
inline constexpr int report_fd = 4;

} // namespace troupe::process_guard
