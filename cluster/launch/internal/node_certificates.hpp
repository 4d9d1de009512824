#pragma once

#include "cluster/launch/cluster_spec.hpp"
#include "cluster/pki/authority.hpp"
#include "kernels/result.hpp"

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::cluster {

/// The certificates of a cluster's nodes: issued by an authority in DATA/ca, or found in a folder that somebody filled.
class node_certificates {
public:
  /// Makes the authority where there is none yet.
  [[nodiscard]] static result<node_certificates> open(const cluster_spec& spec);

  /// Sees to it that a folder has NAME.pem, NAME.key and ca.pem, valid for some time and for these roles and hosts.
  /// @param own the folder of that node, which an authority of the cluster's own issues into.
  /// @returns the folder; `launch_errc::not_found` where they should have been made by hand, and how; `pki_errc`.
  [[nodiscard]] result<std::filesystem::path> provide(const std::string& node,
                                                      const std::set<node_role>& roles,
                                                      const std::vector<std::string>& hosts,
                                                      const std::filesystem::path& own);
  /// The folder with the lists of revocations. May be missing.
  [[nodiscard]] std::filesystem::path revocations() const;

private:
  explicit node_certificates(std::filesystem::path folder) : folder_{std::move(folder)} {}

  std::filesystem::path folder_;
  std::optional<authority> own_;
  std::vector<issued_certificate> issued_;
};

} // namespace troupe::cluster
