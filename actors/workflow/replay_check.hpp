#pragma once

#include "troupe/v1/history.pb.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace troupe::workflow {

/// Where today's build goes another way than a history.
struct divergence {
  enum class kind {
    /// The event does not fit the state before it, or cannot be read: a run of this history could not go on.
    refused,
    /// It fits, but this build would have recorded something else here: a run of this history goes on, another one of
    /// the same definition would take another way.
    differs,
  };
  kind what = kind::refused;
  /// Number of the event; one more than there are where the history ends too early.
  std::uint64_t sequence = 0;
  /// What the history has there, for a person; empty where it ends.
  std::string recorded;
  /// What this build would have recorded; empty where the event cannot be read or fits no state.
  std::string expected;
  /// Why the event was refused; empty where it was not.
  std::string why;
};

/// Applies a history to the state machine of this build and compares what the machine wants to be recorded at once
/// (attempts, decisions, waits, ends, whether and when a failed attempt is tried again) with what was recorded. What
/// comes from outside (replies, failures, signals, times) is taken as it stands. Pure; any thread.
/// @returns the first difference; nothing where there is none, also for a history that is not at its end.
[[nodiscard]] std::optional<divergence> first_divergence(std::span<const v1::Event> history);

/// An event in a few words: its kind, instance and attempt.
[[nodiscard]] std::string describe(const v1::Event& event);

} // namespace troupe::workflow
