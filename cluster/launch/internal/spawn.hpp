#pragma once

#include "cluster/launch/internal/process_mark.hpp"
#include "kernels/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace troupe::cluster {

/// A process that goes on when this one has ended.
struct detached_program {
  /// The first is an absolute path.
  std::vector<std::string> command;
  std::filesystem::path folder;
  /// Its output goes to the end of this file; nothing comes in.
  std::filesystem::path log;
  /// Gets its mark before it becomes the program. However this process ends meanwhile: who finds no mark there, and holds a
  /// lock that this process held, can be sure that nothing was started.
  std::filesystem::path mark;
};

/// Starts it in a session of its own. @returns once it has become the program; `launch_errc::provider_failed`.
[[nodiscard]] result<process_mark> spawn_detached(const detached_program& wanted);

/// The path of this program. @returns `launch_errc::provider_failed`.
[[nodiscard]] result<std::filesystem::path> own_program();

} // namespace troupe::cluster
