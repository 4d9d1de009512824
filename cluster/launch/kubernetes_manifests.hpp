#pragma once

#include "cluster/launch/cluster_spec.hpp"
#include "kernels/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace troupe::cluster {

/// Writes what Kubernetes needs to run a cluster, for `kubectl apply -f FOLDER`: per group a StatefulSet, its nodes' files in a
/// ConfigMap, their certificates in a Secret and a PodDisruptionBudget; for all a headless Service, a NetworkPolicy that lets
/// nobody but them reach the fabric, and the store's password in a Secret. A node is called like its pod, CLUSTER-GROUP-N, N
/// from 0 on. Files with secrets are for their owner alone.
/// @returns the files; `launch_errc::unsupported` where the cluster's provider is another one; `pki_errc`.
[[nodiscard]] result<std::vector<std::filesystem::path>>
write_manifests(const cluster_spec& spec, const std::filesystem::path& folder);

} // namespace troupe::cluster
