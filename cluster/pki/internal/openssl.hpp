#pragma once

#include "cluster/pki/errc.hpp"
#include "kernels/result.hpp"

#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// Frees what OpenSSL made.
struct openssl_deleter {
  void operator()(EVP_PKEY* of) const noexcept { EVP_PKEY_free(of); }
  void operator()(X509* of) const noexcept { X509_free(of); }
  void operator()(X509_CRL* of) const noexcept { X509_CRL_free(of); }
  void operator()(X509_REVOKED* of) const noexcept { X509_REVOKED_free(of); }
  void operator()(X509_EXTENSION* of) const noexcept { X509_EXTENSION_free(of); }
  /// Also times, integers and enumerations.
  void operator()(ASN1_STRING* of) const noexcept { ASN1_STRING_free(of); }
  void operator()(BIGNUM* of) const noexcept { BN_free(of); }
  void operator()(BIO* of) const noexcept { BIO_free_all(of); }
  void operator()(GENERAL_NAMES* of) const noexcept { GENERAL_NAMES_free(of); }
};
template <class Object>
using openssl_ptr = std::unique_ptr<Object, openssl_deleter>;

/// What this thread's last calls of OpenSSL complained about.
[[nodiscard]] tl::unexpected<error> openssl_failed(std::string_view doing);

/// What was written to a BIO in memory.
[[nodiscard]] std::string text_of(BIO& memory);
/// A BIO that reads `text`, which must outlive it.
[[nodiscard]] openssl_ptr<BIO> reader_of(std::string_view text);
[[nodiscard]] openssl_ptr<BIO> memory_writer();

} // namespace troupe::cluster
