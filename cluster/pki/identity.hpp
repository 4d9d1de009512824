#pragma once

#include "kernels/result.hpp"

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

/// What a node may do.
enum class node_role : std::uint8_t {
  /// Owns runs.
  coordinator,
  /// Runs attempts.
  worker,
  /// Takes work from outside.
  gateway,
  /// Starts, grows, drains and upgrades the cluster: a person's command line.
  operator_,
};

/// "coordinator", "worker", "gateway", "operator".
[[nodiscard]] std::string_view to_string(node_role role);
/// @returns `pki_errc::bad_request` for anything else.
[[nodiscard]] result<node_role> role_of(std::string_view name);

/// Who a node is, as its certificate says it.
struct node_identity {
  std::string cluster;
  std::string node;
  std::set<node_role> roles;

  friend bool operator==(const node_identity&, const node_identity&) = default;
};

/// A name of a cluster or a node is a DNS label: 1 to 63 of a-z, 0-9 and '-', which neither begins nor ends it.
/// @param what of which the name is, for the error. @returns `pki_errc::bad_request`.
[[nodiscard]] result<void> check_name(std::string_view what, std::string_view name);

/// The URIs that stand for it in a certificate.
[[nodiscard]] std::vector<std::string> to_uris(const node_identity& who);
/// What they say. URIs of others do not count.
/// @returns `pki_errc::bad_request` where they name no node or several, no role or an unknown one.
[[nodiscard]] result<node_identity> identity_of(std::span<const std::string> uris);

} // namespace troupe::cluster
