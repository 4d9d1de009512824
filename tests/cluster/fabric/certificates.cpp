#include "tests/cluster/fabric/certificates.hpp"

#include "tests/support/files.hpp"

#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace troupe::test {
namespace {

struct freeing {
  void operator()(EVP_PKEY* of) const { EVP_PKEY_free(of); }
  void operator()(X509* of) const { X509_free(of); }
  void operator()(X509_EXTENSION* of) const { X509_EXTENSION_free(of); }
  void operator()(BIO* of) const { BIO_free_all(of); }
};
template <class Of>
using owned = std::unique_ptr<Of, freeing>;

void require(bool good) {
  if (!good) throw std::runtime_error{"OpenSSL will not make a certificate for the test"};
}

owned<BIO> file(const std::filesystem::path& path, const char* mode) {
  owned<BIO> opened{BIO_new_file(path.c_str(), mode)};
  require(opened != nullptr);
  return opened;
}

void add(X509& to, int kind, const std::string& value) {
  const owned<X509_EXTENSION> made{X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str())};
  require(made && X509_add_ext(&to, made.get(), -1) == 1);
}

std::string names_of(const forged_certificate& what) {
  std::string names;
  for (const auto& uri : what.uris)
    names += (names.empty() ? "URI:" : ",URI:") + uri;
  for (const auto& host : what.hosts)
    names += (names.empty() ? "IP:" : ",IP:") + host;
  return names;
}

owned<X509> filled(EVP_PKEY& key, X509& issuer, const forged_certificate& what) {
  owned<X509> made{X509_new()};
  unsigned char random[8];
  std::uint64_t serial = 1;
  require(made && RAND_bytes(random, sizeof random) == 1);
  for (const auto byte : random)
    serial = serial << 7U | (byte & 0x7fU);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial);
  X509_set_version(made.get(), 2);
  X509_set_issuer_name(made.get(), X509_get_subject_name(&issuer));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(what.node.c_str()), -1, -1, 0);
  ASN1_TIME_set(X509_getm_notBefore(made.get()), what.not_before.time_since_epoch().count());
  ASN1_TIME_set(X509_getm_notAfter(made.get()), what.not_after.time_since_epoch().count());
  X509_set_pubkey(made.get(), &key);
  add(*made, NID_ext_key_usage, "serverAuth,clientAuth");
  add(*made, NID_subject_alt_name, names_of(what));
  return made;
}

} // namespace

void forge(const std::filesystem::path& authority, const forged_certificate& what,
           const std::filesystem::path& out) {
  const owned<EVP_PKEY> signing{
      PEM_read_bio_PrivateKey(file(authority / "ca.key", "r").get(), nullptr, nullptr, nullptr)};
  const owned<X509> issuer{
      PEM_read_bio_X509(file(authority / "ca.pem", "r").get(), nullptr, nullptr, nullptr)};
  const owned<EVP_PKEY> key{EVP_EC_gen("P-256")};
  require(signing && issuer && key);
  const auto made = filled(*key, *issuer, what);
  require(X509_sign(made.get(), signing.get(), EVP_sha256()) > 0);
  std::filesystem::create_directories(out);
  require(PEM_write_bio_X509(file(out / (what.node + ".pem"), "w").get(), made.get()) == 1);
  require(PEM_write_bio_PKCS8PrivateKey(file(out / (what.node + ".key"), "w").get(), key.get(),
                                        nullptr, nullptr, 0, nullptr, nullptr) == 1);
  write_file(out / "ca.pem", read_file(authority / "ca.pem"));
}

} // namespace troupe::test
