#include "cluster/pki/authority.hpp"

#include "cluster/pki/files.hpp"
#include "cluster/pki/internal/certificate.hpp"
#include "cluster/pki/internal/certificate_index.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_index_bytes = std::size_t{256} << 20,
                      most_pem_bytes = std::size_t{1} << 20;
/// Clocks of nodes differ: what is made now is valid a little earlier.
constexpr std::chrono::minutes clock_skew{5};
constexpr std::chrono::days longest_validity{36'500};
constexpr std::array<std::pair<revocation_reason, std::string_view>, 5> reasons{
    {{revocation_reason::unspecified, "unspecified"},
     {revocation_reason::key_compromise, "key-compromise"},
     {revocation_reason::affiliation_changed, "affiliation-changed"},
     {revocation_reason::superseded, "superseded"},
     {revocation_reason::cessation_of_operation, "cessation-of-operation"}}};

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

result<validity> validity_of(std::chrono::days days) {
  if (days < std::chrono::days{1} || days > longest_validity)
    return fail(pki_errc::bad_request, "a certificate is valid for 1 to " +
                                           std::to_string(longest_validity.count()) + " days");
  return validity{now() - clock_skew, now() + days};
}

/// An authority's folder while it is read or changed.
class opened {
public:
  static result<opened> open(const fs::path& folder) {
    if (std::error_code none; !fs::exists(folder / "certificates.json", none))
      return fail(pki_errc::not_found,
                  folder.string() + " is no authority; make one with troupe ca init");
    auto lock = folder_lock::take(folder);
    if (!lock) return tl::unexpected(lock.error());
    const auto file = folder / "certificates.json";
    const auto text = read_file(file, most_index_bytes);
    if (!text) return tl::unexpected(text.error());
    auto index = index_from_json(*text);
    if (!index) return fail(index.error().code, file.string() + ": " + index.error().context);
    return opened{folder, std::move(*lock), std::move(*index)};
  }

  certificate_index& index() { return index_; }

  result<void> save() const {
    return write_file(folder_ / "certificates.json", to_json(index_), private_mode);
  }

  [[nodiscard]] result<signer> load_signer() const {
    const auto key = read_file(folder_ / "ca.key", most_pem_bytes);
    if (!key) return tl::unexpected(key.error());
    const auto certificate = read_file(folder_ / "ca.pem", most_pem_bytes);
    if (!certificate) return tl::unexpected(certificate.error());
    auto read_key = key_from_pem(*key);
    if (!read_key) return tl::unexpected(read_key.error());
    auto read_certificate = certificate_from_pem(*certificate);
    if (!read_certificate) return tl::unexpected(read_certificate.error());
    if (X509_check_private_key(read_certificate->get(), read_key->get()) != 1)
      return fail(pki_errc::damaged, "ca.key is not the key of ca.pem in " + folder_.string());
    if (not_after(**read_certificate) <= now())
      return fail(pki_errc::expired, "the authority has; make a new one with troupe ca init");
    return signer{std::move(*read_key), std::move(*read_certificate)};
  }

  /// Signs and writes the list of what is revoked; it holds as long as the authority does, since nodes look at the file
  /// and not at its date.
  result<void> write_revocations(const signer& by) {
    std::vector<revoked_serial> revoked;
    for (const auto& one : index_.certificates)
      if (one.revoked_at)
        revoked.push_back({one.serial, *one.revoked_at, static_cast<int>(one.reason)});
    const auto pem = sign_revocations(by, revoked, index_.revocations,
                                      {now() - clock_skew, not_after(*by.certificate)});
    if (!pem) return tl::unexpected(pem.error());
    if (auto made = make_folder(folder_ / "crl"); !made) return made;
    return write_file(folder_ / "crl" / revocations_file_name(*by.certificate), *pem, public_mode);
  }

private:
  opened(fs::path folder, folder_lock lock, certificate_index index)
      : folder_{std::move(folder)}, lock_{std::move(lock)}, index_{std::move(index)} {}

  fs::path folder_;
  folder_lock lock_;
  certificate_index index_;
};

/// NODE.key first: a certificate without its key would be of no use to whoever sees it.
result<void> write_bundle(const issue_options& options, EVP_PKEY& key, X509& certificate,
                          X509& authority) {
  const auto key_text = pem_of(key), text = pem_of(certificate), root = pem_of(authority);
  for (const auto* each : {&key_text, &text, &root})
    if (!*each) return tl::unexpected(each->error());
  if (auto written = write_file(options.out / (options.node + ".key"), *key_text, private_mode);
      !written)
    return written;
  if (auto written = write_file(options.out / (options.node + ".pem"), *text, public_mode);
      !written)
    return written;
  return write_file(options.out / "ca.pem", *root, public_mode);
}

/// @param authority its certificate. To be called with the folder's lock, so that nobody else writes meanwhile.
result<void> check(const issue_options& options, const fs::path& authority) {
  if (auto checked = check_name("node", options.node); !checked) return checked;
  if (options.roles.empty()) return fail(pki_errc::bad_request, "a node has at least one role");
  for (const auto& host : options.hosts)
    if (auto checked = check_host(host); !checked) return checked;
  if (auto made = make_folder(options.out); !made) return made;
  if (options.replace) return {};
  for (const char* ending : {".pem", ".key"}) {
    const auto file = options.out / (options.node + ending);
    if (std::error_code none; fs::exists(file, none))
      return fail(pki_errc::exists,
                  file.string() + "; name another folder with --out, or say --replace");
  }
  const auto there = read_file(options.out / "ca.pem", most_pem_bytes);
  if (!there && there.error().code == pki_errc::not_found) return {};
  if (!there || *there != read_file(authority, most_pem_bytes).value_or(""))
    return fail(pki_errc::exists,
                (options.out / "ca.pem").string() +
                    " of another authority; name another folder with --out, or say --replace");
  return {};
}

} // namespace

std::string_view to_string(revocation_reason reason) {
  for (const auto& [value, name] : reasons)
    if (value == reason) return name;
  return "unknown";
}

result<revocation_reason> reason_of(std::string_view name) {
  std::string all;
  for (const auto& [value, known] : reasons) {
    if (known == name) return value;
    all += (all.empty() ? "" : ", ") + std::string{known};
  }
  return fail(pki_errc::bad_request,
              "\"" + std::string{name.substr(0, 64)} + "\" is no reason; there are " + all);
}

std::string_view state_of(const issued_certificate& certificate, std::chrono::sys_seconds at) {
  if (certificate.revoked_at) return "revoked";
  return certificate.not_after <= at ? "expired" : "valid";
}

result<authority> authority::init(const fs::path& folder, const authority_options& options) {
  if (auto checked = check_name("cluster", options.cluster); !checked)
    return tl::unexpected(checked.error());
  const auto when = validity_of(options.valid_for);
  if (!when) return tl::unexpected(when.error());
  if (auto made = make_folder(folder); !made) return tl::unexpected(made.error());
  {
    auto lock = folder_lock::take(folder);
    if (!lock) return tl::unexpected(lock.error());
    for (const char* name : {"certificates.json", "ca.key", "ca.pem"})
      if (std::error_code none; fs::exists(folder / name, none))
        return fail(pki_errc::exists, (folder / name).string());
    auto key = make_key();
    if (!key) return tl::unexpected(key.error());
    const auto serial = make_serial();
    if (!serial) return tl::unexpected(serial.error());
    const auto certificate = sign_authority(**key, options.cluster, *serial, *when);
    if (!certificate) return tl::unexpected(certificate.error());
    const auto key_text = pem_of(**key), text = pem_of(**certificate);
    if (!key_text) return tl::unexpected(key_text.error());
    if (!text) return tl::unexpected(text.error());
    // The index comes last: without it there is no authority yet.
    for (const auto& [name, content, mode] :
         {std::tuple{"ca.key", *key_text, private_mode}, std::tuple{"ca.pem", *text, public_mode},
          std::tuple{"certificates.json", to_json({options.cluster, 1, {}}), private_mode}})
      if (auto written = write_file(folder / name, content, mode); !written)
        return tl::unexpected(written.error());
  }
  auto made = opened::open(folder);
  if (!made) return tl::unexpected(made.error());
  const auto by = made->load_signer();
  if (!by) return tl::unexpected(by.error());
  if (auto written = made->write_revocations(*by); !written) return tl::unexpected(written.error());
  return authority{folder, options.cluster};
}

result<authority> authority::open(const fs::path& folder) {
  auto found = opened::open(folder);
  if (!found) return tl::unexpected(found.error());
  return authority{folder, found->index().cluster};
}

result<issued_certificate> authority::issue(const issue_options& options) {
  auto when = validity_of(options.valid_for);
  if (!when) return tl::unexpected(when.error());
  auto folder = opened::open(folder_);
  if (!folder) return tl::unexpected(folder.error());
  if (auto checked = check(options, certificate_file()); !checked)
    return tl::unexpected(checked.error());
  const auto by = folder->load_signer();
  if (!by) return tl::unexpected(by.error());
  when->not_after = std::min(when->not_after, not_after(*by->certificate));
  auto key = make_key();
  if (!key) return tl::unexpected(key.error());
  auto serial = make_serial();
  if (!serial) return tl::unexpected(serial.error());
  issued_certificate made;
  made.serial = std::move(*serial);
  made.who = {cluster_, options.node, options.roles};
  made.hosts = options.hosts;
  made.not_before = when->not_before;
  made.not_after = when->not_after;
  const auto certificate = sign_node(*by, **key, made.who, made.hosts, made.serial, *when);
  if (!certificate) return tl::unexpected(certificate.error());
  folder->index().certificates.push_back(made);
  if (auto saved = folder->save(); !saved) return tl::unexpected(saved.error());
  if (auto written = write_bundle(options, **key, **certificate, *by->certificate); !written)
    return tl::unexpected(written.error());
  return made;
}

result<std::vector<issued_certificate>> authority::revoke(const std::string& node_or_serial,
                                                          revocation_reason reason) {
  auto folder = opened::open(folder_);
  if (!folder) return tl::unexpected(folder.error());
  const auto by = folder->load_signer();
  if (!by) return tl::unexpected(by.error());
  std::vector<issued_certificate> revoked;
  for (auto& one : folder->index().certificates) {
    const bool named = one.serial == node_or_serial || one.who.node == node_or_serial;
    if (!named || state_of(one, now()) == "expired") continue;
    if (!one.revoked_at) {
      one.revoked_at = now();
      one.reason = reason;
    }
    revoked.push_back(one);
  }
  if (revoked.empty())
    return fail(pki_errc::not_found, "no valid certificate is \"" + node_or_serial.substr(0, 64) +
                                         "\"; troupe ca list shows names and serial numbers");
  ++folder->index().revocations;
  if (auto saved = folder->save(); !saved) return tl::unexpected(saved.error());
  if (auto written = folder->write_revocations(*by); !written)
    return tl::unexpected(written.error());
  return revoked;
}

result<std::vector<issued_certificate>> authority::list() const {
  auto folder = opened::open(folder_);
  if (!folder) return tl::unexpected(folder.error());
  return std::move(folder->index().certificates);
}

} // namespace troupe::cluster
