#include "cluster/pki/internal/certificate.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

namespace troupe::cluster {
namespace {

constexpr std::size_t longest_host = 253;

openssl_ptr<ASN1_TIME> time_of(std::chrono::sys_seconds when) {
  return openssl_ptr<ASN1_TIME>{
      ASN1_TIME_set(nullptr, static_cast<time_t>(when.time_since_epoch().count()))};
}

openssl_ptr<ASN1_INTEGER> integer_of(const std::string& hex) {
  BIGNUM* made = nullptr;
  if (BN_hex2bn(&made, hex.c_str()) != static_cast<int>(hex.size())) return nullptr;
  const openssl_ptr<BIGNUM> number{made};
  return openssl_ptr<ASN1_INTEGER>{BN_to_ASN1_INTEGER(number.get(), nullptr)};
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> room{};
  return inet_pton(AF_INET, host.c_str(), room.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), room.data()) == 1;
}

bool is_dns_label(std::string_view label) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), fits);
}

bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > longest_host) return false;
  while (true) {
    const auto dot = name.find('.');
    if (!is_dns_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

/// Adds an extension in OpenSSL's notation.
bool add_extension(X509& to, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, &to, nullptr, nullptr, 0);
  const openssl_ptr<X509_EXTENSION> made{
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  return made && X509_add_ext(&to, made.get(), -1) == 1;
}

bool set_common_name(X509_NAME* of, const std::string& name) {
  return X509_NAME_add_entry_by_txt(of, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

/// What all certificates have. @returns null where OpenSSL refuses.
certificate_ptr blank(EVP_PKEY& key, const std::string& name, const std::string& serial,
                      const validity& when) {
  certificate_ptr made{X509_new()};
  const auto number = integer_of(serial);
  const auto first = time_of(when.not_before), last = time_of(when.not_after);
  const bool good = made && number && first && last && X509_set_version(made.get(), 2) == 1 &&
                    X509_set_serialNumber(made.get(), number.get()) == 1 &&
                    X509_set1_notBefore(made.get(), first.get()) == 1 &&
                    X509_set1_notAfter(made.get(), last.get()) == 1 &&
                    X509_set_pubkey(made.get(), &key) == 1 &&
                    set_common_name(X509_get_subject_name(made.get()), name);
  if (!good) made.reset();
  return made;
}

std::string alternative_names(const node_identity& who, const std::vector<std::string>& hosts) {
  std::string all;
  for (const auto& uri : to_uris(who))
    all += (all.empty() ? "URI:" : ",URI:") + uri;
  for (const auto& host : hosts)
    all += (is_address(host) ? ",IP:" : ",DNS:") + host;
  return all;
}

bool add_revoked(X509_CRL& list, const revoked_serial& one) {
  openssl_ptr<X509_REVOKED> entry{X509_REVOKED_new()};
  const auto number = integer_of(one.serial);
  const auto at = time_of(one.at);
  const openssl_ptr<ASN1_ENUMERATED> reason{ASN1_ENUMERATED_new()};
  const bool good = entry && number && at && reason &&
                    X509_REVOKED_set_serialNumber(entry.get(), number.get()) == 1 &&
                    X509_REVOKED_set_revocationDate(entry.get(), at.get()) == 1 &&
                    ASN1_ENUMERATED_set(reason.get(), one.reason) == 1 &&
                    // "Unspecified" is said by leaving it out.
                    (one.reason == 0 || X509_REVOKED_add1_ext_i2d(entry.get(), NID_crl_reason,
                                                                  reason.get(), 0, 0) == 1);
  if (!good || X509_CRL_add0_revoked(&list, entry.get()) != 1) return false;
  static_cast<void>(entry.release()); // the list's now
  return true;
}

} // namespace

result<key_ptr> make_key() {
  key_ptr key{EVP_EC_gen("P-256")};
  if (!key) return openssl_failed("cannot make a key");
  return key;
}

result<std::string> make_serial() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return openssl_failed("cannot draw a serial number");
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40); // positive, and always as long
  static constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

result<certificate_ptr> sign_authority(EVP_PKEY& key, const std::string& cluster,
                                       const std::string& serial, const validity& when) {
  auto made = blank(key, "troupe authority of " + cluster, serial, when);
  const bool good =
      made && X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1 &&
      add_extension(*made, made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(*made, made.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(*made, made.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(made.get(), &key, EVP_sha256()) > 0;
  if (!good) return openssl_failed("cannot sign the authority's certificate");
  return made;
}

result<certificate_ptr> sign_node(const signer& by, EVP_PKEY& key, const node_identity& who,
                                  const std::vector<std::string>& hosts, const std::string& serial,
                                  const validity& when) {
  for (const auto& host : hosts)
    if (auto checked = check_host(host); !checked) return tl::unexpected(checked.error());
  auto made = blank(key, who.node, serial, when);
  X509* issuer = by.certificate.get();
  const bool good =
      made && X509_set_issuer_name(made.get(), X509_get_subject_name(issuer)) == 1 &&
      add_extension(*made, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(*made, issuer, NID_key_usage, "critical,digitalSignature") &&
      add_extension(*made, issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
      add_extension(*made, issuer, NID_subject_key_identifier, "hash") &&
      add_extension(*made, issuer, NID_authority_key_identifier, "keyid:always") &&
      add_extension(*made, issuer, NID_subject_alt_name, alternative_names(who, hosts)) &&
      X509_sign(made.get(), by.key.get(), EVP_sha256()) > 0;
  if (!good) return openssl_failed("cannot sign the certificate of " + who.node);
  return made;
}

result<std::string> sign_revocations(const signer& by, const std::vector<revoked_serial>& revoked,
                                     std::int64_t number, const validity& when) {
  const openssl_ptr<X509_CRL> list{X509_CRL_new()};
  const auto first = time_of(when.not_before), last = time_of(when.not_after);
  const openssl_ptr<ASN1_INTEGER> count{ASN1_INTEGER_new()};
  bool good =
      list && first && last && count && X509_CRL_set_version(list.get(), 1) == 1 &&
      X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(by.certificate.get())) == 1 &&
      X509_CRL_set1_lastUpdate(list.get(), first.get()) == 1 &&
      X509_CRL_set1_nextUpdate(list.get(), last.get()) == 1 &&
      ASN1_INTEGER_set_int64(count.get(), number) == 1 &&
      X509_CRL_add1_ext_i2d(list.get(), NID_crl_number, count.get(), 0, 0) == 1;
  for (const auto& one : revoked)
    good = good && add_revoked(*list, one);
  const auto out = memory_writer();
  good = good && X509_CRL_sort(list.get()) == 1 &&
         X509_CRL_sign(list.get(), by.key.get(), EVP_sha256()) > 0 && out &&
         PEM_write_bio_X509_CRL(out.get(), list.get()) == 1;
  if (!good) return openssl_failed("cannot sign the list of revocations");
  return text_of(*out);
}

std::string revocations_file_name(X509& authority) {
  static constexpr char digits[] = "0123456789abcdef";
  const unsigned long hash = X509_subject_name_hash(&authority);
  std::string name;
  for (int shift = 28; shift >= 0; shift -= 4)
    name += digits[hash >> static_cast<unsigned>(shift) & 15U];
  return name + ".r0";
}

std::chrono::sys_seconds not_after(X509& certificate) {
  std::tm broken{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &broken) != 1) return {};
  return std::chrono::sys_seconds{std::chrono::seconds{timegm(&broken)}};
}

result<std::string> pem_of(EVP_PKEY& key) {
  const auto out = memory_writer();
  if (!out ||
      PEM_write_bio_PKCS8PrivateKey(out.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_failed("cannot write a key");
  return text_of(*out);
}

result<std::string> pem_of(X509& certificate) {
  const auto out = memory_writer();
  if (!out || PEM_write_bio_X509(out.get(), &certificate) != 1)
    return openssl_failed("cannot write a certificate");
  return text_of(*out);
}

result<key_ptr> key_from_pem(std::string_view pem) {
  const auto in = reader_of(pem);
  // An empty password instead of a question on the terminal.
  static char none[] = "";
  key_ptr key{in ? PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, none) : nullptr};
  if (!key) return openssl_failed("this is no private key");
  return key;
}

result<certificate_ptr> certificate_from_pem(std::string_view pem) {
  const auto in = reader_of(pem);
  certificate_ptr made{in ? PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr};
  if (!made) return openssl_failed("this is no certificate");
  return made;
}

result<void> check_host(const std::string& host) {
  if (is_address(host) || is_dns_name(host)) return {};
  return fail(pki_errc::bad_request,
              "\"" + host.substr(0, longest_host) + "\" is neither a DNS name nor an IP address");
}

std::vector<std::string> uris_of(X509& certificate) {
  std::vector<std::string> uris;
  const openssl_ptr<GENERAL_NAMES> names{static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const auto* text = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                      static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return uris;
}

} // namespace troupe::cluster
