#pragma once

#include <cstddef>
#include <cstdint>

/// The bounds of this folder's inputs and the constants of its cost model, with their units.
namespace troupe::scheduling::defaults {

/// Least run time of a task, in seconds: traces round what was shorter to 0.
inline constexpr double least_run_seconds = 1e-3;
/// Longest run time of a task, in seconds (300,000 years): sums over a graph stay finite and exact enough.
inline constexpr double most_run_seconds = 1e13;
/// Most bytes of a file, of a task's memory and of a node's memory: 8 PiB, what a double holds exactly.
inline constexpr std::uint64_t most_bytes = std::uint64_t{1} << 53;
/// Bounds of speeds, accelerations (both ratios) and bandwidths (bytes per second).
inline constexpr double least_factor = 1e-9;
inline constexpr double most_factor = 1e18;

/// Largest file that is read, in bytes.
inline constexpr std::size_t most_file_bytes = std::size_t{512} << 20;
/// Deepest nesting of arrays and objects in a file.
inline constexpr std::size_t most_depth = 32;
inline constexpr std::size_t most_tasks = 1'000'000;
inline constexpr std::size_t most_nodes = 10'000;
inline constexpr std::size_t most_slots = 100'000;
/// Tasks times (node, kind) pairs: the costs of a graph on a cluster take 8 bytes each.
inline constexpr std::size_t most_costs = std::size_t{1} << 27;

/// Workflows of a stream.
inline constexpr std::size_t most_arrivals = 1'000'000;
/// Load of a stream, as a part of what the cluster can do, and standard deviation of the logarithm of its factors.
inline constexpr double most_load = 1e6;
inline constexpr double most_sigma = 10;
/// Largest true run time / estimate.
inline constexpr double most_truth_factor = 1e9;

/// Largest graph whose optimum `troupe simulate` looks for, and how many partial plans it looks at (a few seconds).
inline constexpr std::size_t most_proven_tasks = 12;
inline constexpr std::uint64_t most_partial_plans = 5'000'000;

/// What the search of the policy `portfolio` may do, in the unit of `serial_decoder::work`: about as many nanoseconds.
inline constexpr std::uint64_t search_work = 36'000'000;

} // namespace troupe::scheduling::defaults
