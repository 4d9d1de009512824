#include "tools/troupe/cluster_connection.hpp"

#include "cluster/launch/launcher.hpp"

#include <spdlog/spdlog.h>

namespace troupe::cli {

result<std::unique_ptr<cluster::cluster_client>> connect_to_cluster(const cluster_option& target) {
  const auto spec = target.read();
  if (!spec) return tl::unexpected(spec.error());
  return connect_to_cluster(*spec, cluster::cluster_client_options{}.patience);
}

result<std::unique_ptr<cluster::cluster_client>>
connect_to_cluster(const cluster::cluster_spec& spec, std::chrono::milliseconds patience) {
  // What a link says of its end is for the logs of nodes.
  spdlog::set_level(spdlog::level::warn);
  cluster::cluster_client_options how;
  how.cluster = spec.name;
  how.patience = patience;
  how.certificates = (spec.certificates.empty() ? spec.data : spec.certificates) / "operator";
  // An authority of the cluster's own is beside it; else the list lies with the certificates.
  if (spec.certificates.empty()) how.revocations = spec.data / "ca" / "crl";
  const auto nodes = cluster::launcher{spec, {}}.list();
  if (!nodes) return tl::unexpected(nodes.error());
  for (const cluster::node_row& each : *nodes)
    if (each.roles.contains(cluster::node_role::coordinator) && each.seen.status)
      how.coordinators.push_back(each.seen.status->address);
  return cluster::cluster_client::connect(how);
}

} // namespace troupe::cli
