#pragma once

#include <system_error>

namespace troupe::scheduling {

/// Why a trace, a cluster or a request for a schedule was refused.
enum class scheduling_errc {
  none = 0,
  /// A file is missing, no file, or cannot be read.
  unreadable_file,
  /// A file, or what it describes, is larger than `defaults.hpp` allows.
  too_large,
  /// A trace (WfFormat) is malformed, or describes no graph of tasks.
  bad_trace,
  /// A description of a cluster is malformed.
  bad_cluster,
  /// A stream of arrivals is malformed, or does not belong to the cluster.
  bad_stream,
  /// The true run times of a stream are malformed, or do not belong to it.
  bad_truth,
  /// A task fits on no slot of the cluster.
  no_place,
  /// There is no policy of that name.
  unknown_policy,
  /// What was learnt of run times is malformed.
  bad_costs,
};

[[nodiscard]] const std::error_category& scheduling_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(scheduling_errc code) noexcept {
  return {static_cast<int>(code), scheduling_category()};
}

} // namespace troupe::scheduling

template <>
struct std::is_error_code_enum<troupe::scheduling::scheduling_errc> : std::true_type {};
