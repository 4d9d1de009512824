#pragma once

#include <chrono>
#include <cstddef>

/// Tunables of inference in one place, each with its unit.
namespace troupe::inference::defaults {

/// Texts accepted and not yet answered; more are refused.
inline constexpr std::size_t max_waiting_texts = 10'000;
/// Bytes of those texts together.
inline constexpr std::size_t max_waiting_bytes = std::size_t{256} << 20;
/// Texts up to so many bytes join an equal one that is under way; comparing longer ones would hold up all others.
inline constexpr std::size_t max_joined_bytes = std::size_t{64} << 10;
/// A text without a deadline, or with one that is far away, is due this long after it came: those that are due earlier go
/// before it, and it goes before those that come later.
inline constexpr std::chrono::milliseconds patience{1'000};
/// The most threads that work on one batch, where others are idle.
inline constexpr std::size_t threads_per_batch = 4;
/// How long one thread without work looks for more before it sleeps: longer than the next request of an agent that got its
/// answer takes to come, and less than waking a few threads costs.
inline constexpr std::chrono::microseconds thread_patience{100};
/// How long `service::stop` lets accepted texts finish.
inline constexpr std::chrono::milliseconds drain_bound{30'000};

/// From a failed load of a model to the next attempt: at first, and at most.
inline constexpr std::chrono::milliseconds load_backoff{1'000};
inline constexpr std::chrono::milliseconds max_load_backoff{60'000};

} // namespace troupe::inference::defaults
