#pragma once

#include <chrono>
#include <ctime>

namespace troupe::cli {

/// Seconds that went by, and seconds that all threads of this process together computed meanwhile. On a machine that
/// others use too only the second kind compares between runs.
struct bench_time {
  double wall_seconds = 0;
  double cpu_seconds = 0;
};

/// CPU time of this process so far, in seconds.
[[nodiscard]] inline double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Starts when it is made.
class stopwatch {
public:
  [[nodiscard]] bench_time elapsed() const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_;
    return {wall.count(), cpu_seconds() - cpu_};
  }

private:
  std::chrono::steady_clock::time_point wall_ = std::chrono::steady_clock::now();
  double cpu_ = cpu_seconds();
};

} // namespace troupe::cli
