#pragma once

#include "actors/scheduling/lower_bound.hpp"
#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/schedule.hpp"

#include <cstdint>
#include <vector>

namespace troupe::scheduling {

/// The share of the slots' time until the makespan in which something runs.
struct utilisation {
  /// 0 where there are no such slots.
  double cpu = 0, gpu = 0;
  double all = 0;
};

/// The way of inputs to the task that ends last: back from it, always to the producer whose data came last. The parts add up to
/// the makespan.
struct last_way {
  /// First to last.
  std::vector<std::uint32_t> tasks;
  /// What the tasks take where they are quickest: at most the critical path of the lower bound.
  double least_run_seconds = 0;
  /// What they take longer on the slots they have.
  double slower_slot_seconds = 0;
  double transfer_seconds = 0;
  /// With all data there: until a slot was free, until memory was free.
  double slot_wait_seconds = 0;
  double memory_wait_seconds = 0;
};

/// What `troupe simulate` says of a plan.
struct plan_report {
  double makespan_seconds = 0;
  lower_bound bound;
  utilisation used;
  last_way way;

  /// Makespan by lower bound, at least 1.
  [[nodiscard]] double ratio() const { return makespan_seconds / bound.seconds(); }
};

[[nodiscard]] plan_report report_of(const problem& of, const schedule& plan);

} // namespace troupe::scheduling
