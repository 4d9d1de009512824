#pragma once

#include "cluster/launch/cluster_spec.hpp"
#include "cluster/launch/internal/yaml_fields.hpp"

namespace troupe::cluster {

/// Reads the part `groups` of a cluster file. @param provider whose nodes they are: some keys are of one kind alone.
[[nodiscard]] std::vector<group_spec> read_groups(yaml_fields& in, const yaml_node& node,
                                                  const std::string& path,
                                                  const std::filesystem::path& base,
                                                  const provider_spec& provider);

} // namespace troupe::cluster
