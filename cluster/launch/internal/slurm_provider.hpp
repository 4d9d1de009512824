#pragma once

#include "cluster/launch/provider.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace troupe::cluster {

/// Nodes as jobs of Slurm, one each, known by their names: `troupe.ID.NODE`. @param id of the cluster.
[[nodiscard]] result<std::unique_ptr<node_provider>>
make_slurm_provider(const slurm_provider_spec& spec, const std::filesystem::path& data,
                    const std::string& id);

/// Stands in a plan's addresses for that of the host which Slurm chooses.
inline constexpr const char* slurm_host = "@HOST@";

} // namespace troupe::cluster
