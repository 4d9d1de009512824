#pragma once

#include "actors/runtime/failure.hpp"

#include <string_view>
#include <system_error>

namespace troupe::cluster {

/// Why a node is no member, or cannot become one.
enum class membership_errc {
  none = 0,
  /// What a node says of itself cannot be.
  bad_record,
  /// Its release does not fit those of the cluster.
  incompatible,
  /// Its certificate is another node's, or does not give the role.
  not_trusted,
  /// Another incarnation of it has joined, it has left, or it was declared dead.
  fenced,
  /// No coordinator answers, or none has its store.
  unavailable,
  /// It is stopped.
  stopped,
};

[[nodiscard]] const std::error_category& membership_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(membership_errc code) noexcept {
  return {static_cast<int>(code), membership_category()};
}

/// What an agent answers: `cluster.incompatible`, `cluster.fenced`, `cluster.not_trusted`, `cluster.bad_request`, and
/// `cluster.unavailable`, which alone is retryable, as are a store's errors, which are called so too.
[[nodiscard]] failure to_failure(const error& from);

/// The types of these failures.
inline constexpr std::string_view incompatible_failure = "cluster.incompatible",
                                  fenced_failure = "cluster.fenced",
                                  not_trusted_failure = "cluster.not_trusted",
                                  bad_request_failure = "cluster.bad_request",
                                  unavailable_failure = "cluster.unavailable";

} // namespace troupe::cluster

template <>
struct std::is_error_code_enum<troupe::cluster::membership_errc> : std::true_type {};
