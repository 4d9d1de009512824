#pragma once

#include "cluster/pki/errc.hpp"
#include "cluster/pki/identity.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// What a certificate that is trusted says.
struct trusted_certificate {
  node_identity who;
  /// Hexadecimal digits, as `issued_certificate::serial`.
  std::string serial;
  std::chrono::sys_seconds not_after;
};

/// As what the other side shows its certificate.
enum class certificate_use : std::uint8_t { client, server };

/// What certificates of others are held against: those of the authority, and its list of revocations. Looks at the files
/// again with every question, and reads what has changed; where that cannot be read, what was read before stays. Any thread.
class trust {
public:
  /// @param authorities ca.pem. @param revocations the folder with HASH.r0 of every certificate in it.
  /// @returns `pki_errc::not_found` where one of them is missing, `damaged`, `file_failed`.
  [[nodiscard]] static result<std::unique_ptr<trust>> open(std::filesystem::path authorities,
                                                           std::filesystem::path revocations);
  ~trust();
  trust(const trust&) = delete;
  trust& operator=(const trust&) = delete;

  /// Whether the certificate is signed by the authority for that use, holds now, is not revoked, and names a node.
  /// @param pem of the certificate alone: the authority signs nodes and no further authorities.
  /// @returns `pki_errc::untrusted`, `expired`, `revoked`, or `bad_request` where it is of no node.
  [[nodiscard]] result<trusted_certificate> check(std::string_view pem, certificate_use use);
  [[nodiscard]] bool is_revoked(const std::string& serial);

private:
  struct files;
  trust(std::filesystem::path authorities, std::filesystem::path revocations);
  [[nodiscard]] std::shared_ptr<const files> newest();

  const std::filesystem::path authorities_, revocations_;
  std::mutex mutex_;
  std::shared_ptr<const files> files_;
  /// Of the files when they could not be read, so that each state of them is complained of once.
  std::string failed_;
};

/// Whether a certificate is for a host: an IP address or a DNS name, as they stand among its alternative names.
/// @returns `pki_errc::untrusted` where it is not, `crypto_failed` where that is no certificate.
[[nodiscard]] result<void> check_host_of(std::string_view pem, const std::string& host);

} // namespace troupe::cluster
