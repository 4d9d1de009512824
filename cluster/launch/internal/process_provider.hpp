#pragma once

#include "cluster/launch/provider.hpp"

#include <filesystem>
#include <memory>

namespace troupe::cluster {

/// Nodes as processes of this machine, each in a session and a folder of its own below DATA/nodes.
[[nodiscard]] result<std::unique_ptr<node_provider>>
make_process_provider(const process_provider_spec& spec, const std::filesystem::path& data);

} // namespace troupe::cluster
