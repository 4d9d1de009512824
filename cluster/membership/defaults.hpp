#pragma once

#include <chrono>
#include <cstddef>

/// Tunables of membership in one place, each with its unit.
namespace troupe::cluster::membership_defaults {

/// How often a member prolongs its lease, and by how much. With these a death is known 1.5 to 3 s later.
inline constexpr std::chrono::milliseconds renew_every{500};
inline constexpr std::chrono::milliseconds lease{2'000};
/// Of `renew_every`: so much earlier by chance, so that not all come at once.
inline constexpr double jitter = 0.1;
/// What a clock may run too fast or too slow, as a part of it: a member takes its lease to be shorter by this, and whoever
/// watches it takes it to be longer. Quartz is off by 0.0001 at most, a clock that is being corrected by 0.0005.
inline constexpr double clock_drift = 0.01;
/// A member stops so long before its lease ends: what it began at the last moment is over then.
inline constexpr std::chrono::milliseconds stop_before_end{100};
/// After a request that failed; twice as much each time for joins, up to the second.
inline constexpr std::chrono::milliseconds retry_after{100};
inline constexpr std::chrono::milliseconds longest_retry{2'000};
/// How often a coordinator looks at the table of all members.
inline constexpr std::chrono::milliseconds look_every{250};
/// The least time between two commits of renewals: so many coordinators' worth of commits, however many members there are.
inline constexpr std::chrono::milliseconds renewals_every{100};

/// A member is suspected where the chance that it still renews is less than 10^-this: the threshold of Hayashibara, Defago,
/// Yared, Katayama, "The phi accrual failure detector", SRDS 2004, where 8 is in the middle of what was measured, and what
/// Cassandra and Akka use.
inline constexpr double phi_threshold = 8.0;
/// Intervals between renewals that are remembered of each member.
inline constexpr std::size_t phi_window = 64;
/// Renewals come at least so irregularly, whatever was seen: commits and looks have their own rhythm.
inline constexpr std::chrono::milliseconds phi_least_deviation{100};

/// Bounds on what a node says of itself.
inline constexpr std::size_t most_addresses = 8;
inline constexpr std::size_t longest_address = 300;
inline constexpr std::size_t longest_node_class = 256;
inline constexpr std::size_t longest_build = 64;
inline constexpr std::size_t most_agents = 1'000;
inline constexpr std::size_t most_keys = 1'000;
inline constexpr std::size_t most_methods = 64;
inline constexpr std::size_t longest_message_name = 512;
inline constexpr std::size_t most_details_bytes = std::size_t{256} << 10;
/// Requests of members that wait for the store at one coordinator.
inline constexpr std::size_t most_waiting = 40'000;

} // namespace troupe::cluster::membership_defaults
