#pragma once

#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/ready_times.hpp"
#include "actors/scheduling/usage_profile.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::scheduling {

/// Where and when a task runs as far as a search cares: slots of one pool are alike.
struct pool_placement {
  std::uint32_t pool = 0;
  double start = 0;
  double finish = 0;
};

/// Which end of the workflow a plan is made from. Backward, tasks come after their successors and time runs from the end.
enum class direction { forward, backward };

/// For a task whose pool is chosen by its finish.
inline constexpr std::uint32_t any_pool = ~std::uint32_t{0};

/// Turns an order of tasks into a plan: each task in turn as early as its inputs, a slot and the memory allow, where it finishes
/// first (a serial schedule generation scheme). Made once per problem and used for many orders; the problem must outlive it. One
/// thread.
/// Source: Kolisch: Serial and parallel resource-constrained project scheduling methods revisited (1996).
class serial_decoder {
public:
  explicit serial_decoder(const problem& of);

  struct request {
    /// Every task after its predecessors; backward, after its successors.
    std::span<const std::uint32_t> order;
    /// The pool of each task, or `any_pool`. [tasks]
    std::span<const std::uint32_t> pools;
    direction way = direction::forward;
    /// Seconds added to the finish where a pool is chosen, none below 0; or nothing. [tasks, pools]
    std::span<const double> bias{};
    /// Give up once the makespan cannot be below it.
    double limit = never;
  };

  /// @returns the makespan in seconds, or `never` where it gave up.
  double decode(const request& wanted);

  /// What the last `decode` that did not give up made. [tasks]
  [[nodiscard]] const std::vector<pool_placement>& placements() const { return placements_; }
  /// The pools where a task may run, by its cost there.
  [[nodiscard]] std::span<const std::uint32_t> pools_of(std::uint32_t task) const {
    return cheapest_[class_of_[task]];
  }
  /// What all calls together did; the unit is about a nanosecond, the figure the same on every machine.
  [[nodiscard]] std::uint64_t work() const { return work_; }

private:
  void sort_pools();
  void measure_ways();
  void look_at_inputs(std::uint32_t task, direction way);
  [[nodiscard]] pool_placement place(std::uint32_t task, std::uint32_t pool);
  [[nodiscard]] pool_placement best_place(std::uint32_t task, std::span<const double> bias);
  void occupy(std::uint32_t task, const pool_placement& at);

  const problem& of_;
  ready_times ready_;
  std::vector<usage_profile> slots_;
  /// Per node; and whether it can run out.
  std::vector<usage_profile> memory_;
  std::vector<bool> tight_;
  /// Tasks of one class have their pools in one order.
  std::vector<std::vector<std::uint32_t>> cheapest_;
  std::vector<std::uint32_t> class_of_;
  /// Seconds that at least follow after a task, and precede it. [tasks]
  std::vector<double> tail_, head_;
  std::vector<pool_placement> placements_;
  std::uint64_t work_ = 0;
};

} // namespace troupe::scheduling
