#pragma once

#include "cluster/pki/internal/certificate.hpp"
#include "kernels/result.hpp"

#include <filesystem>
#include <openssl/x509_vfy.h>
#include <set>
#include <string>
#include <vector>

namespace troupe::cluster {

struct store_deleter {
  void operator()(X509_STORE* of) const noexcept { X509_STORE_free(of); }
};

/// What was read of an authority's public files.
struct trusted_files {
  std::unique_ptr<X509_STORE, store_deleter> authorities;
  /// The serial numbers of certificates that are trusted no more.
  std::set<std::string> revoked;
  /// Of the files that it was read from.
  std::string fingerprint;
};

/// Reads certificates of authorities, and for each the newest list of revocations that it has signed.
[[nodiscard]] result<trusted_files> read_trusted_files(const std::filesystem::path& authorities,
                                                       const std::filesystem::path& revocations);

/// Changes whenever one of the files does, without reading them.
[[nodiscard]] std::string fingerprint_of(const std::filesystem::path& authorities,
                                         const std::filesystem::path& revocations);

/// 32 hexadecimal digits, or more where others made a longer one.
[[nodiscard]] std::string serial_text(const ASN1_INTEGER& serial);

} // namespace troupe::cluster
