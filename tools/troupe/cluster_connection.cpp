#include "tools/troupe/cluster_connection.hpp"

#include "cluster/launch/launcher.hpp"

#include <spdlog/spdlog.h>

namespace troupe::cli {

result<std::unique_ptr<cluster::cluster_client>> connect_to_cluster(const cluster_option& target) {
  // What a link says of its end is for the logs of nodes.
  spdlog::set_level(spdlog::level::warn);
  auto spec = target.read();
  if (!spec) return tl::unexpected(std::move(spec.error()));
  cluster::cluster_client_options how;
  how.cluster = spec->name;
  how.certificates =
      (spec->certificates.empty() ? spec->data : spec->certificates) / "operator";
  // An authority of the cluster's own is beside it; else the list lies with the certificates.
  if (spec->certificates.empty()) how.revocations = spec->data / "ca" / "crl";
  const cluster::launcher of{*spec, {}};
  const auto nodes = of.list();
  if (!nodes) return tl::unexpected(nodes.error());
  for (const cluster::node_row& each : *nodes)
    if (each.roles.contains(cluster::node_role::coordinator) && each.seen.status)
      how.coordinators.push_back(each.seen.status->address);
  return cluster::cluster_client::connect(how);
}

} // namespace troupe::cli
