#pragma once

#include <system_error>

namespace troupe::cluster {

/// Why a link or a message between nodes failed.
enum class fabric_errc {
  none = 0,
  /// The address cannot be listened at.
  cannot_listen,
  /// Nobody answers there, or the network does not lead there.
  unreachable,
  /// The peer has no certificate that is trusted, or is not who it should be.
  not_trusted,
  /// The peer ended the link, or the network did.
  closed,
  /// The peer does not speak this protocol, breaks it, or goes beyond its bounds.
  bad_peer,
  /// The peer's release is too old or too new for this one.
  incompatible,
  /// The peer is an earlier incarnation of a node that has started again, or has been declared dead.
  fenced,
  /// An option that cannot be.
  bad_option,
  /// The transport is stopped.
  stopped,
};

[[nodiscard]] const std::error_category& fabric_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(fabric_errc code) noexcept {
  return {static_cast<int>(code), fabric_category()};
}

} // namespace troupe::cluster

template <>
struct std::is_error_code_enum<troupe::cluster::fabric_errc> : std::true_type {};
