#pragma once

#include "actors/runtime/failure.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace troupe::agents {

/// Of a command and all that it starts, together. 0 means none, but for `output_bytes`.
struct process_limits {
  std::uint64_t memory_bytes = 0;
  std::chrono::microseconds cpu{0};
  std::chrono::milliseconds wall{0};
  /// Kept of each output.
  std::size_t output_bytes = 1U << 20U;
  /// More output than that ends the command; else the rest is dropped.
  bool output_ends = false;
  /// Processes and threads at once.
  std::uint32_t processes = 0;
};

/// What to run. Everything is checked by who makes it: no text has a NUL byte.
struct process_plan {
  /// Absolute path; `argv[0]` is the name that the program sees.
  std::string program;
  std::vector<std::string> argv;
  /// All of the environment, as `NAME=VALUE`.
  std::vector<std::string> environment;
  /// Empty: that of this process.
  std::string folder;
  std::string input;
  process_limits limits;
  /// A folder of control groups (version 2) in which this process may make some; empty: none.
  std::string cgroup;
};

enum class process_end : std::uint8_t {
  exited,
  signalled,
  /// `limit` says which.
  limit,
  /// It was not to go on.
  stopped,
};

struct process_outcome {
  process_end end = process_end::exited;
  /// Exit code, or number of the signal.
  int code = 0;
  /// "memory", "cpu time", "wall time", "output" or "processes".
  std::string limit;
  std::string output, error_output;
  bool output_truncated = false, error_output_truncated = false;
  std::chrono::duration<double> wall{}, user{}, system{};
  std::uint64_t peak_memory_bytes = 0;
  /// A control group holds the memory; else the guard looks every 10 ms, with RLIMIT_DATA above that.
  bool memory_by_cgroup = false;
  /// The same of the number of processes, with RLIMIT_NPROC (which does not bind root).
  bool processes_by_cgroup = false;
  /// Processes that the system did not end within five seconds.
  std::uint64_t not_killed = 0;
};

/// Runs a command to its end, and waits. Nothing that it started is left when this returns; where this process is killed
/// meanwhile, its guard ends everything. Not on a thread that must not wait.
/// @param go_on asked about every 50 ms; false ends the command.
/// @param terminate asked as often; from the first time that it is true the command may end by itself: its processes are sent
///   SIGTERM, once.
/// @returns failures "process.cannot_start" and "process.guard_lost".
[[nodiscard]] reply<process_outcome> run_process(const process_plan& plan,
                                                 const std::function<bool()>& go_on,
                                                 const std::function<bool()>& terminate = {});

} // namespace troupe::agents
