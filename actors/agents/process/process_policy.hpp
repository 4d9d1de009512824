#pragma once

#include "kernels/result.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::agents {

/// What a node lets `process.run` do. Whoever submits a definition chooses the command, so nothing is allowed but what is
/// named here; without a program the agent refuses every request.
struct process_policy {
  /// Absolute paths. A request names one of them, or the last part of one. An interpreter or a shell here allows everything
  /// that its arguments can say.
  std::vector<std::string> programs;
  /// Variables that a request may set, by name, beside LANG, LC_ALL and TZ. Some make a program load code (LD_PRELOAD,
  /// PYTHONPATH): name none of these.
  std::vector<std::string> environment;
  /// Values that a request may hand on by reference: `env:NAME`, a variable of this process, or `file:/PATH`, a file of this
  /// user with mode 0600.
  std::vector<std::string> secrets;
  /// PATH of every command.
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  /// A folder of control groups (version 2) that this process may make groups in, with the controllers memory and pids; then
  /// these hold the limits. Empty: the guard of each command looks every 10 ms.
  std::string cgroup;
  /// Commands at once; more wait.
  std::size_t max_at_once = 8;
};

/// @returns `runtime_errc::bad_option`: a program that is no absolute path of an executable file, two of one name, a bad name
///   or reference.
[[nodiscard]] result<void> check(const process_policy& policy);

/// The absolute path of a program that a request may run; empty where it may not.
[[nodiscard]] std::string allowed_program(const process_policy& policy, const std::string& wanted);
[[nodiscard]] bool allowed_variable(const process_policy& policy, const std::string& name);

/// Whether it is a letter or '_', then letters, digits and '_', at most 128.
[[nodiscard]] bool is_variable_name(const std::string& name);

} // namespace troupe::agents
