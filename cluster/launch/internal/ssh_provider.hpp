#pragma once

#include "cluster/launch/provider.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace troupe::cluster {

/// Nodes on hosts that are reached by SSH, each in FOLDER/CLUSTER/NODE there. @param generation of the command that speaks.
[[nodiscard]] result<std::unique_ptr<node_provider>>
make_ssh_provider(const ssh_provider_spec& spec, const std::string& cluster,
                  std::uint64_t generation);

/// The folder of a node there.
[[nodiscard]] std::string remote_folder(const ssh_provider_spec& spec, const std::string& cluster,
                                        const std::string& node);

} // namespace troupe::cluster
