#pragma once

#include <system_error>

namespace troupe::cluster {

/// What can go wrong with certificates.
enum class pki_errc {
  none = 0,
  /// A name, host, role or time that cannot be.
  bad_request,
  /// What would be written is there already.
  exists,
  /// There is no authority, or no certificate of that name or number.
  not_found,
  /// A file cannot be read or written.
  file_failed,
  /// A file is not what it should be.
  damaged,
  /// A certificate holds no longer or not yet: the authority's own, or one that was shown.
  expired,
  /// OpenSSL refuses.
  crypto_failed,
  /// A certificate is not of the authority, or is not for this use or host.
  untrusted,
  /// A certificate was revoked.
  revoked,
};

[[nodiscard]] const std::error_category& pki_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(pki_errc code) noexcept {
  return {static_cast<int>(code), pki_category()};
}

} // namespace troupe::cluster

template <>
struct std::is_error_code_enum<troupe::cluster::pki_errc> : std::true_type {};
