#pragma once

#include "cluster/node/cluster_client.hpp"
#include "tools/troupe/cluster_option.hpp"

#include <chrono>
#include <memory>

namespace troupe::cli {

/// A way into the cluster of a file, as its operator: at the coordinators that are ready.
/// @returns errors of the file; `fabric_errc::unreachable` where none answers.
[[nodiscard]] result<std::unique_ptr<cluster::cluster_client>>
connect_to_cluster(const cluster_option& target);
/// @param patience with each coordinator.
[[nodiscard]] result<std::unique_ptr<cluster::cluster_client>>
connect_to_cluster(const cluster::cluster_spec& spec, std::chrono::milliseconds patience);

} // namespace troupe::cli
