#pragma once

#include "cluster/node/cluster_client.hpp"
#include "tools/troupe/cluster_option.hpp"

#include <memory>

namespace troupe::cli {

/// A way into the cluster of a file, as its operator: at the coordinators that are ready.
/// @returns errors of the file; `fabric_errc::unreachable` where none answers.
[[nodiscard]] result<std::unique_ptr<cluster::cluster_client>>
connect_to_cluster(const cluster_option& target);

} // namespace troupe::cli
