#include "cluster/pki/trust.hpp"

#include "cluster/pki/internal/trusted_files.hpp"

#include <array>
#include <openssl/err.h>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::cluster {
namespace {

struct store_context_deleter {
  void operator()(X509_STORE_CTX* of) const noexcept { X509_STORE_CTX_free(of); }
};

pki_errc kind_of(int failure) {
  return failure == X509_V_ERR_CERT_HAS_EXPIRED || failure == X509_V_ERR_CERT_NOT_YET_VALID
             ? pki_errc::expired
             : pki_errc::untrusted;
}

std::string name_of(X509& certificate) {
  std::array<char, 256> name{};
  X509_NAME_oneline(X509_get_subject_name(&certificate), name.data(), name.size());
  return "the certificate of " + std::string{name.data()} + ", number " +
         serial_text(*X509_get0_serialNumber(&certificate)) + ",";
}

result<void> check_signature(X509& certificate, X509_STORE& authorities, certificate_use use) {
  const std::unique_ptr<X509_STORE_CTX, store_context_deleter> context{X509_STORE_CTX_new()};
  if (!context || X509_STORE_CTX_init(context.get(), &authorities, &certificate, nullptr) != 1 ||
      X509_STORE_CTX_set_purpose(context.get(), use == certificate_use::client
                                                    ? X509_PURPOSE_SSL_CLIENT
                                                    : X509_PURPOSE_SSL_SERVER) != 1)
    return openssl_failed("cannot check a certificate");
  const bool good = X509_verify_cert(context.get()) == 1;
  const int failure = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (good && failure == X509_V_OK) return {};
  return fail(kind_of(failure),
              name_of(certificate) + " is refused: " + X509_verify_cert_error_string(failure));
}

} // namespace

struct trust::files : trusted_files {
  explicit files(trusted_files&& from) : trusted_files{std::move(from)} {}
};

trust::trust(std::filesystem::path authorities, std::filesystem::path revocations)
    : authorities_{std::move(authorities)}, revocations_{std::move(revocations)} {}
trust::~trust() = default;

result<std::unique_ptr<trust>> trust::open(std::filesystem::path authorities,
                                           std::filesystem::path revocations) {
  auto read = read_trusted_files(authorities, revocations);
  if (!read) return tl::unexpected(read.error());
  std::unique_ptr<trust> made{new trust{std::move(authorities), std::move(revocations)}};
  made->files_ = std::make_shared<const files>(std::move(*read));
  return made;
}

std::shared_ptr<const trust::files> trust::newest() {
  const std::lock_guard lock{mutex_};
  const auto now = fingerprint_of(authorities_, revocations_);
  if (now == files_->fingerprint || now == failed_) return files_;
  if (auto read = read_trusted_files(authorities_, revocations_)) {
    files_ = std::make_shared<const files>(std::move(*read));
    failed_.clear();
  } else {
    failed_ = now;
    spdlog::error("the authority's files have changed and cannot be read; what was read before "
                  "stays: {}",
                  read.error().message());
  }
  return files_;
}

result<trusted_certificate> trust::check(std::string_view pem, certificate_use use) {
  const auto certificate = certificate_from_pem(pem);
  if (!certificate) return tl::unexpected(certificate.error());
  const auto against = newest();
  if (auto good = check_signature(**certificate, *against->authorities, use); !good)
    return tl::unexpected(good.error());
  auto serial = serial_text(*X509_get0_serialNumber(certificate->get()));
  if (against->revoked.count(serial) != 0)
    return fail(pki_errc::revoked, name_of(**certificate) + " was revoked");
  auto who = identity_of(uris_of(**certificate));
  if (!who) return tl::unexpected(who.error());
  return trusted_certificate{std::move(*who), std::move(serial), not_after(**certificate)};
}

bool trust::is_revoked(const std::string& serial) {
  return newest()->revoked.count(serial) != 0;
}

result<void> check_host_of(std::string_view pem, const std::string& host) {
  const auto certificate = certificate_from_pem(pem);
  if (!certificate) return tl::unexpected(certificate.error());
  constexpr unsigned flags =
      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
  const bool good =
      X509_check_ip_asc(certificate->get(), host.c_str(), 0) == 1 ||
      X509_check_host(certificate->get(), host.data(), host.size(), flags, nullptr) == 1;
  ERR_clear_error();
  if (good) return {};
  return fail(pki_errc::untrusted,
              name_of(**certificate) + " is not for the host " + host +
                  "; issue one that names it, or use an address that it names");
}

} // namespace troupe::cluster
