#pragma once

#include <system_error>

namespace troupe::cluster {

/// What can go wrong with files of clusters and nodes, and with starting and stopping them.
enum class launch_errc {
  none = 0,
  /// A file of a cluster or a node says what cannot be.
  bad_file,
  /// There is no such group, node or cluster.
  not_found,
  /// What is at work does not fit what was asked for.
  conflict,
  /// What starts nodes (SSH, Slurm, the system) refuses, or does not answer.
  provider_failed,
  /// A node or the store ended before it was ready.
  ended_early,
  /// A node or the store was not ready in time, or did not end in time.
  timed_out,
  /// This provider cannot do that.
  unsupported,
  /// Somebody asked to stop.
  interrupted,
};

[[nodiscard]] const std::error_category& launch_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(launch_errc code) noexcept {
  return {static_cast<int>(code), launch_category()};
}

} // namespace troupe::cluster

template <>
struct std::is_error_code_enum<troupe::cluster::launch_errc> : std::true_type {};
