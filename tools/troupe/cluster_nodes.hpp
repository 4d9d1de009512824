#pragma once

#include "tools/troupe/cluster_option.hpp"
#include "tools/troupe/exit_code.hpp"

namespace troupe::cli {

/// `troupe ps CLUSTER`: the nodes of a cluster and their state. As JSON one object per line: node, group, roles, state
/// (absent, starting, ready, ended), where they are known host, address, pid, incarnation, started, detail, and, where a coordinator
/// answers, member (joining, active, draining), silent, attempts (of that coordinator) and resources.
[[nodiscard]] exit_code list_nodes(const cluster_option& target, bool json);

} // namespace troupe::cli
