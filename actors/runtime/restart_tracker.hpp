#pragma once

#include "actors/runtime/agent.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace troupe::runtime {

/// Decides, crash by crash, whether an agent is made again and after how long. Pure; one thread.
class restart_tracker {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit restart_tracker(restart_policy policy) : policy_(policy) {}

  /// Notes a crash at `now`, which never goes back.
  /// @returns how long to wait before the restart, or nothing when the budget of the window is
  /// spent: the agent stays
  ///   down. The n-th crash within a window waits initial_backoff * backoff_coefficient^(n-1), at
  ///   most maximum_backoff.
  [[nodiscard]] std::optional<std::chrono::milliseconds> on_crash(time_point now);

private:
  restart_policy policy_;
  /// Crashes within the window, oldest first; never more than max_restarts + 1.
  std::vector<time_point> crashes_;
};

} // namespace troupe::runtime
