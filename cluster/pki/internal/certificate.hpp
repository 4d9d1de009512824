#pragma once

#include "cluster/pki/identity.hpp"
#include "cluster/pki/internal/openssl.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// Keys, certificates and revocation lists.
namespace troupe::cluster {

using key_ptr = openssl_ptr<EVP_PKEY>;
using certificate_ptr = openssl_ptr<X509>;

struct validity {
  std::chrono::sys_seconds not_before, not_after;
};

/// Who signs.
struct signer {
  key_ptr key;
  certificate_ptr certificate;
};

/// A certificate that is no longer trusted.
struct revoked_serial {
  /// Hexadecimal.
  std::string serial;
  std::chrono::sys_seconds at;
  /// A reason of RFC 5280, section 5.3.1, by its number.
  int reason = 0;
};

/// ECDSA on P-256.
[[nodiscard]] result<key_ptr> make_key();
/// 128 random bits, positive, as hexadecimal digits.
[[nodiscard]] result<std::string> make_serial();

[[nodiscard]] result<certificate_ptr> sign_authority(EVP_PKEY& key, const std::string& cluster,
                                                     const std::string& serial,
                                                     const validity& when);
/// @param hosts DNS names and IP addresses. @returns `pki_errc::bad_request` for a host that is neither.
[[nodiscard]] result<certificate_ptr> sign_node(const signer& by, EVP_PKEY& key,
                                                const node_identity& who,
                                                const std::vector<std::string>& hosts,
                                                const std::string& serial, const validity& when);
/// @param number grows with every list. @returns PEM.
[[nodiscard]] result<std::string> sign_revocations(const signer& by,
                                                   const std::vector<revoked_serial>& revoked,
                                                   std::int64_t number, const validity& when);

/// The name under which OpenSSL looks up an authority's list of revocations in a folder: "1a2b3c4d.r0".
[[nodiscard]] std::string revocations_file_name(X509& authority);
[[nodiscard]] std::chrono::sys_seconds not_after(X509& certificate);

[[nodiscard]] result<std::string> pem_of(EVP_PKEY& key);
[[nodiscard]] result<std::string> pem_of(X509& certificate);
[[nodiscard]] result<key_ptr> key_from_pem(std::string_view pem);
[[nodiscard]] result<certificate_ptr> certificate_from_pem(std::string_view pem);

/// Whether `host` can be in a certificate: a DNS name or an IP address.
[[nodiscard]] result<void> check_host(const std::string& host);

/// The URIs among the subject alternative names.
[[nodiscard]] std::vector<std::string> uris_of(X509& certificate);

} // namespace troupe::cluster
