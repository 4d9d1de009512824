#pragma once

#include "cluster/launch/elasticity_spec.hpp"
#include "cluster/launch/internal/yaml_fields.hpp"

#include <string>
#include <vector>

namespace troupe::cluster {

/// Reads the part `elasticity` of a cluster file. @param groups the groups that it may name.
[[nodiscard]] elasticity_spec read_elasticity(yaml_fields& in, const yaml_node& node,
                                              const std::string& path,
                                              const std::vector<std::string>& groups);

} // namespace troupe::cluster
