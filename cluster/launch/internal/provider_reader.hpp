#pragma once

#include "cluster/launch/cluster_spec.hpp"
#include "cluster/launch/internal/yaml_fields.hpp"

namespace troupe::cluster {

/// Reads the part `provider` of a cluster file.
[[nodiscard]] provider_spec read_provider(yaml_fields& in, const yaml_node& node,
                                          const std::string& path,
                                          const std::filesystem::path& base);

/// Options for sbatch: each `--NAME` or `--NAME=VALUE`.
[[nodiscard]] std::vector<std::string> read_options(yaml_fields& in, const yaml_node& node,
                                                    const std::string& path);

} // namespace troupe::cluster
