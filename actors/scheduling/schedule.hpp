#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace troupe::scheduling {

/// Where and when one task runs; seconds from the start of the workflow.
struct placement {
  std::uint32_t slot = 0;
  double start = 0;
  double finish = 0;

  friend bool operator==(const placement&, const placement&) = default;
};

/// A whole plan: the placement of every task, by number. [tasks]
struct schedule {
  std::vector<placement> placements;

  /// When the last task ends, in seconds; 0 for no tasks.
  [[nodiscard]] double makespan() const {
    double last = 0;
    for (const placement& each : placements)
      last = std::max(last, each.finish);
    return last;
  }

  friend bool operator==(const schedule&, const schedule&) = default;
};

} // namespace troupe::scheduling
