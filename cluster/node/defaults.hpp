#pragma once

#include <chrono>
#include <cstddef>

/// Tunables of a node in one place, each with its unit.
namespace troupe::cluster::node_defaults {

/// Of a coordinator on its runs in the store: after it those of one that is gone can be taken over.
inline constexpr std::chrono::milliseconds run_lease{3'000};
/// How often a coordinator looks for runs that nobody has; at once when another one is gone.
inline constexpr std::chrono::milliseconds recover_every{2'000};
/// Attempts that a coordinator gives one worker at once.
inline constexpr std::size_t worker_places = 256;
/// Of a file with addresses of coordinators; what is longer is not read.
inline constexpr std::size_t seeds_file_bytes = std::size_t{1} << 20;
/// After a look for coordinators that found none.
inline constexpr std::chrono::milliseconds look_again{200};
/// How long a node that is no member asks the coordinators it knows before it looks for others.
inline constexpr std::chrono::milliseconds look_elsewhere{3'000};
/// How long it may take until every coordinator knows that a node takes nothing new.
inline constexpr std::chrono::milliseconds drain_notice{1'200};
inline constexpr std::chrono::milliseconds drain_look{20};
inline constexpr std::chrono::milliseconds leave_bound{1'000};
inline constexpr std::chrono::milliseconds stop_bound{5'000};
/// How long `cluster.control` waits for a run to close before it says how the run stands.
inline constexpr std::chrono::milliseconds await_longest{10'000};

} // namespace troupe::cluster::node_defaults
