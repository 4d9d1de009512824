#include "cluster/launch/internal/node_certificates.hpp"

#include <algorithm>

namespace troupe::cluster {
namespace {

namespace fs = std::filesystem;

bool all_there(const fs::path& folder, const std::string& node) {
  std::error_code none;
  return fs::exists(folder / (node + ".pem"), none) && fs::exists(folder / (node + ".key"), none) &&
         fs::exists(folder / "ca.pem", none);
}

std::string how_to_issue(const std::string& node, const std::set<node_role>& roles,
                         const std::vector<std::string>& hosts, const fs::path& out) {
  std::string made = "troupe ca issue " + node;
  for (const auto role : roles)
    made += " --role " + std::string{to_string(role)};
  for (const auto& host : hosts)
    made += " --host " + host;
  return made + " --out " + out.string();
}

} // namespace

result<node_certificates> node_certificates::open(const cluster_spec& spec) {
  if (!spec.certificates.empty()) return node_certificates{spec.certificates};
  const auto folder = spec.data / "ca";
  auto opened = authority::open(folder);
  if (!opened && opened.error().code == pki_errc::not_found)
    opened = authority::init(folder, {.cluster = spec.name});
  if (!opened) return tl::unexpected(std::move(opened.error()));
  if (opened->cluster() != spec.name)
    return fail(launch_errc::conflict, folder.string() + " is the authority of the cluster '" +
                                           opened->cluster() + "', not of '" + spec.name +
                                           "'; use another data folder");
  auto issued = opened->list();
  if (!issued) return tl::unexpected(std::move(issued.error()));
  node_certificates made{folder};
  made.own_ = std::move(*opened);
  made.issued_ = std::move(*issued);
  return made;
}

result<fs::path> node_certificates::provide(const std::string& node,
                                            const std::set<node_role>& roles,
                                            const std::vector<std::string>& hosts,
                                            const fs::path& own) {
  if (!own_) {
    if (all_there(folder_, node)) return folder_;
    return fail(launch_errc::not_found, folder_.string() + " lacks " + node + ".pem, " + node +
                                            ".key or ca.pem; make them with " +
                                            how_to_issue(node, roles, hosts, folder_));
  }
  const auto now = std::chrono::system_clock::now();
  const auto last = std::find_if(issued_.rbegin(), issued_.rend(),
                                 [&](const auto& each) { return each.who.node == node; });
  const bool good = last != issued_.rend() && !last->revoked_at && last->who.roles == roles &&
                    last->hosts == hosts && last->not_after > now + launch_defaults::renew_before &&
                    all_there(own, node);
  if (good) return own;
  const auto made =
      own_->issue({.node = node, .roles = roles, .hosts = hosts, .out = own, .replace = true});
  if (!made) return tl::unexpected(made.error());
  return own;
}

fs::path node_certificates::revocations() const {
  return folder_ / "crl";
}

} // namespace troupe::cluster
