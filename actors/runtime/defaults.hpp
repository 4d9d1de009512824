#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Tunables of the runtime in one place, each with its unit.
namespace troupe::runtime::defaults {

/// How long a request may take when the caller does not say.
inline constexpr std::chrono::milliseconds request_timeout{30'000};
/// Longest timeout that is honoured; longer ones are cut, so that no request is without an end.
inline constexpr std::chrono::milliseconds longest_timeout{7LL * 24 * 3600 * 1000};
/// How long `agent_system::stop` lets requests in flight finish.
inline constexpr std::chrono::milliseconds drain_bound{5'000};
/// Deadlines and timers are served in steps of this size: never early, late by at most one step and
/// the wake-up.
inline constexpr std::chrono::milliseconds timer_step{4};
/// How long a worker without work looks for more before it sleeps; about what waking it costs.
inline constexpr std::chrono::microseconds worker_patience{20};
/// Requests waiting at one agent.
inline constexpr std::size_t max_waiting_requests = 10'000;
/// Bytes of payloads waiting at one agent.
inline constexpr std::size_t max_waiting_bytes = std::size_t{256} << 20;
/// Priorities are within -this and +this.
inline constexpr std::int32_t highest_priority = 100;
/// Of so many requests that an agent takes from its queue, one is the oldest, whatever its priority.
inline constexpr std::uint64_t oldest_first_every = 16;
/// Requests that an agent serves in a row before other work of its actor has a turn.
inline constexpr std::size_t requests_per_turn = 16;
/// After so many throws at one message it is quarantined.
inline constexpr std::uint32_t quarantine_after = 3;
/// How long an agent remembers that a message made it throw, and how many of these.
inline constexpr std::chrono::hours suspicion{1};
inline constexpr std::size_t most_suspects = 64;
/// Dead letters that are kept.
inline constexpr std::size_t kept_dead_letters = 1'000;
/// Handlers of one stateless blocking agent that run at the same time.
inline constexpr std::uint32_t stateless_concurrency = 8;
/// Threads of the blocking executor; they are started when there is work for them.
inline constexpr std::size_t blocking_threads = 16;
/// Tasks waiting for a thread of the blocking executor.
inline constexpr std::size_t blocking_queue = 10'000;

} // namespace troupe::runtime::defaults
