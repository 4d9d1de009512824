#pragma once

#include "cluster/launch/launcher.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace troupe::cluster {

/// Tells nodes to finish and leave, waits for that, and kills those that are still there after `patience`; at once where that
/// is 0. Nodes that are not at work are told, too (see `node_provider::stop`).
/// @returns the names of those that were killed; `launch_errc::timed_out` where one does not end even then.
[[nodiscard]] result<std::vector<std::string>> stop_nodes(node_provider& provider,
                                                          const std::vector<node_entry>& nodes,
                                                          std::chrono::milliseconds patience,
                                                          const launch_watcher& watching);

} // namespace troupe::cluster
