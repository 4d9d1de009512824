#pragma once

#include "cluster/pki/errc.hpp"
#include "cluster/pki/identity.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::cluster {

/// Why a certificate is not trusted any more, by the numbers of RFC 5280.
enum class revocation_reason : std::uint8_t {
  unspecified = 0,
  key_compromise = 1,
  affiliation_changed = 3,
  superseded = 4,
  cessation_of_operation = 5,
};

/// "unspecified", "key-compromise", "affiliation-changed", "superseded", "cessation-of-operation".
[[nodiscard]] std::string_view to_string(revocation_reason reason);
/// @returns `pki_errc::bad_request` for anything else.
[[nodiscard]] result<revocation_reason> reason_of(std::string_view name);

/// One certificate that was issued.
struct issued_certificate {
  /// 32 hexadecimal digits.
  std::string serial;
  node_identity who;
  /// DNS names and IP addresses.
  std::vector<std::string> hosts;
  std::chrono::sys_seconds not_before, not_after;
  std::optional<std::chrono::sys_seconds> revoked_at;
  revocation_reason reason = revocation_reason::unspecified;

  friend bool operator==(const issued_certificate&, const issued_certificate&) = default;
};

/// "valid", "expired" or "revoked" at a moment.
[[nodiscard]] std::string_view state_of(const issued_certificate& certificate,
                                        std::chrono::sys_seconds at);

struct authority_options {
  /// Of the cluster (see `check_name`).
  std::string cluster;
  std::chrono::days valid_for{3'650};
};

struct issue_options {
  std::string node;
  std::set<node_role> roles;
  /// Under which others reach the node; others check that they reached one of these.
  std::vector<std::string> hosts;
  /// Cut off where the authority's own certificate ends.
  std::chrono::days valid_for{90};
  /// Where NODE.pem, NODE.key and ca.pem go; made where it is missing.
  std::filesystem::path out;
  /// Put them in the place of others, as in a rotation.
  bool replace = false;
};

/// A certificate authority in a folder (README.md says what lies there). Every call reads the folder anew and holds its
/// lock, so any number of processes may use it. What is issued can be revoked, whatever happens between two steps.
class authority {
public:
  /// Makes the folder, a key, a certificate and an empty list of revocations.
  /// @returns `pki_errc::exists` where one is there already, `bad_request`, `file_failed`, `crypto_failed`.
  [[nodiscard]] static result<authority> init(const std::filesystem::path& folder,
                                              const authority_options& options);
  /// @returns `pki_errc::not_found` where there is none.
  [[nodiscard]] static result<authority> open(const std::filesystem::path& folder);

  /// Makes a key and a certificate for a node and writes them out.
  /// @returns `pki_errc::exists` where NODE.pem, NODE.key or the ca.pem of another authority is there and is not to be
  /// replaced, `expired`, `bad_request` ...
  [[nodiscard]] result<issued_certificate> issue(const issue_options& options);

  /// Revokes one certificate by its serial number, or all of a node, that have not expired; the list of revocations has them
  /// when this returns. May be said again. @returns which, also those revoked before; `pki_errc::not_found` where there is none.
  [[nodiscard]] result<std::vector<issued_certificate>> revoke(const std::string& node_or_serial,
                                                               revocation_reason reason);

  /// All that were issued, in that order.
  [[nodiscard]] result<std::vector<issued_certificate>> list() const;

  [[nodiscard]] const std::string& cluster() const { return cluster_; }
  /// The authority's certificate, and the folder with its list of revocations.
  [[nodiscard]] std::filesystem::path certificate_file() const { return folder_ / "ca.pem"; }
  [[nodiscard]] std::filesystem::path revocations_folder() const { return folder_ / "crl"; }

private:
  authority(std::filesystem::path folder, std::string cluster)
      : folder_{std::move(folder)}, cluster_{std::move(cluster)} {}

  std::filesystem::path folder_;
  std::string cluster_;
};

} // namespace troupe::cluster
