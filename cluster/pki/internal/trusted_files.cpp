#include "cluster/pki/internal/trusted_files.hpp"

#include "cluster/pki/files.hpp"

#include <algorithm>
#include <cctype>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;
using revocations_ptr = openssl_ptr<X509_CRL>;

constexpr std::size_t longest_certificates = std::size_t{1} << 20;
constexpr std::size_t longest_revocations = std::size_t{64} << 20;
constexpr std::size_t serial_digits = 32;

result<std::vector<certificate_ptr>> certificates_in(const fs::path& file) {
  const auto pem = read_file(file, longest_certificates);
  if (!pem) return tl::unexpected(pem.error());
  const auto in = reader_of(*pem);
  std::vector<certificate_ptr> found;
  while (X509* one = in ? PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr)
    found.emplace_back(one);
  ERR_clear_error(); // that there is no further one
  if (found.empty())
    return fail(pki_errc::damaged, file.string() + " has no certificate; copy the authority's "
                                                   "ca.pem there");
  return found;
}

bool is_list_name(const fs::path& file) {
  const auto kind = file.extension().string();
  return kind.size() >= 3 && kind.compare(0, 2, ".r") == 0 &&
         std::all_of(kind.begin() + 2, kind.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// In the order of their names. Empty where the folder cannot be read.
std::vector<fs::path> lists_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::directory_iterator at{folder, ignored}, end; !ignored && at != end;
       at.increment(ignored))
    if (is_list_name(at->path())) found.push_back(at->path());
  std::sort(found.begin(), found.end());
  return found;
}

revocations_ptr list_in(const fs::path& file) {
  const auto pem = read_file(file, longest_revocations);
  const auto in = pem ? reader_of(*pem) : nullptr;
  revocations_ptr list{in ? PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr) : nullptr};
  ERR_clear_error();
  return list;
}

bool is_signed_by(X509_CRL& list, X509& authority) {
  EVP_PKEY* key = X509_get0_pubkey(&authority);
  const bool good =
      X509_NAME_cmp(X509_CRL_get_issuer(&list), X509_get_subject_name(&authority)) == 0 && key &&
      X509_CRL_verify(&list, key) == 1;
  ERR_clear_error();
  return good;
}

void add_serials(X509_CRL& list, std::set<std::string>& to) {
  STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(&list);
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i)
    to.insert(serial_text(*X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, i))));
}

void add_state_of(const fs::path& file, std::string& to) {
  struct stat found {};
  const bool there = ::stat(file.c_str(), &found) == 0;
  to += file.filename().string() + (there ? ":" : "-");
  for (const auto number :
       {static_cast<std::uint64_t>(found.st_mtim.tv_sec),
        static_cast<std::uint64_t>(found.st_mtim.tv_nsec),
        static_cast<std::uint64_t>(found.st_size), static_cast<std::uint64_t>(found.st_ino)})
    to += std::to_string(number) + ",";
}

/// The serials of every list of the authority; a certificate is never taken off one.
result<void> add_revoked_by(X509& authority, const std::vector<revocations_ptr>& lists,
                            const fs::path& folder, std::set<std::string>& to) {
  bool any = false;
  for (const auto& list : lists)
    if (list && is_signed_by(*list, authority)) {
      any = true;
      add_serials(*list, to);
    }
  if (any) return {};
  return fail(pki_errc::not_found, folder.string() +
                                       " has no list of revocations that the "
                                       "authority signed; copy " +
                                       revocations_file_name(authority) +
                                       " from the authority's folder crl there");
}

} // namespace

std::string serial_text(const ASN1_INTEGER& serial) {
  const openssl_ptr<BIGNUM> number{ASN1_INTEGER_to_BN(&serial, nullptr)};
  char* digits = number ? BN_bn2hex(number.get()) : nullptr;
  std::string text = digits ? digits : "";
  OPENSSL_free(digits);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.size() < serial_digits ? std::string(serial_digits - text.size(), '0') + text : text;
}

std::string fingerprint_of(const fs::path& authorities, const fs::path& revocations) {
  std::string all;
  add_state_of(authorities, all);
  for (const auto& list : lists_in(revocations))
    add_state_of(list, all);
  return all;
}

result<trusted_files> read_trusted_files(const fs::path& authorities, const fs::path& revocations) {
  // Before they are read: what changes in between is read again with the next question.
  trusted_files read{.authorities = nullptr,
                     .revoked = {},
                     .fingerprint = fingerprint_of(authorities, revocations)};
  auto certificates = certificates_in(authorities);
  if (!certificates) return tl::unexpected(certificates.error());
  read.authorities.reset(X509_STORE_new());
  std::vector<revocations_ptr> lists;
  for (const auto& file : lists_in(revocations))
    lists.push_back(list_in(file));
  for (const auto& authority : *certificates) {
    if (!read.authorities || X509_STORE_add_cert(read.authorities.get(), authority.get()) != 1)
      return openssl_failed("cannot use " + authorities.string());
    if (auto added = add_revoked_by(*authority, lists, revocations, read.revoked); !added)
      return tl::unexpected(added.error());
  }
  return read;
}

} // namespace troupe::cluster
