#pragma once

#include "cluster/launch/defaults.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace troupe::cluster {

/// A program that is run to its end.
struct program_call {
  /// The first is looked for in PATH where it has no '/'.
  std::vector<std::string> command;
  std::string input;
  std::chrono::milliseconds timeout = launch_defaults::program_timeout;
  /// Asked now and then; true ends it. Empty: never.
  std::function<bool()> stop_asked;
};

struct program_answer {
  /// 128 + N where signal N ended it.
  int code = 0;
  std::string output, error_output;
};

/// Runs it with this process's environment, and waits; nothing that it started is left.
/// @returns `launch_errc::provider_failed` where there is no such program, `timed_out`, `interrupted`.
[[nodiscard]] result<program_answer> run_program(const program_call& call);
/// The same where anything but exit code 0 is a failure. @returns what it wrote to standard output.
[[nodiscard]] result<std::string> run_well(const program_call& call);

/// Where PATH has it. @returns `launch_errc::provider_failed`.
[[nodiscard]] result<std::string> find_program(const std::string& name);

/// The last line of text that is not empty.
[[nodiscard]] std::string last_line(const std::string& text);

} // namespace troupe::cluster
