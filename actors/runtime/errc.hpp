#pragma once

#include <system_error>

namespace troupe {

/// What host-side functions of the runtime report. What agents answer is a `failure`, see
/// `agent_system.hpp`.
enum class runtime_errc {
  none = 0,
  /// Not `type` or `type/key` of 1 to 128 letters, digits, '.', '_', '-' each.
  bad_agent_name,
  /// An agent type without name, method or factory, or with a method named twice.
  bad_agent_type,
  /// There is an agent type of this name.
  duplicate_agent_type,
  /// An option outside its range.
  bad_option,
  /// Threads or actors could not be started.
  cannot_start,
  /// The agent system stops or was stopped.
  stopping,
  /// An envelope from outside with a field that is missing, malformed or too large.
  bad_envelope,
  /// A payload of a type that this program does not know.
  unknown_payload_type,
  /// Payload bytes that are not a message of their type.
  bad_payload,
  /// A supervisor whose name is none or taken, or whose parent is not there.
  bad_supervisor,
};

[[nodiscard]] const std::error_category& runtime_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(runtime_errc code) noexcept {
  return {static_cast<int>(code), runtime_category()};
}

} // namespace troupe

template <>
struct std::is_error_code_enum<troupe::runtime_errc> : std::true_type {};
