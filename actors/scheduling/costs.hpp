#pragma once

#include "actors/scheduling/cluster.hpp"
#include "actors/scheduling/task_graph.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace troupe::scheduling {

/// Where a task may not run.
inline constexpr double never = std::numeric_limits<double>::infinity();

/// What every task of a graph costs on every pool of a cluster. Immutable; any thread.
class cost_table {
public:
  /// @param factors one per task, by which its run time is multiplied (what a simulator knows and estimates do not), or none.
  /// @returns `no_place` naming a task that fits on no slot; `too_large` for more than `defaults::most_costs` costs.
  [[nodiscard]] static result<cost_table> make(const task_graph& graph, const cluster& on,
                                               std::span<const double> factors = {});

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(base_.size()); }
  /// Seconds of a task on a slot of a pool; `never` where it may not run.
  [[nodiscard]] double seconds(std::uint32_t task, std::uint32_t pool) const {
    return seconds_[std::size_t{task} * pools_ + pool];
  }
  /// The same for all pools. [pools]
  [[nodiscard]] std::span<const double> row(std::uint32_t task) const {
    return {seconds_.data() + std::size_t{task} * pools_, pools_};
  }
  /// The least of the row.
  [[nodiscard]] double least_seconds(std::uint32_t task) const { return least_[task]; }
  /// On a CPU slot of speed 1.
  [[nodiscard]] double base_seconds(std::uint32_t task) const { return base_[task]; }
  /// 0 where the program has no GPU version.
  [[nodiscard]] double acceleration_of(std::uint32_t task) const { return acceleration_[task]; }
  /// Held from start to finish, on either kind of slot.
  [[nodiscard]] std::uint64_t memory_bytes(std::uint32_t task) const { return memory_[task]; }

private:
  cost_table() = default;
  void fill_row(std::uint32_t task, const cluster& on);

  std::size_t pools_ = 0;
  std::vector<double> seconds_;
  std::vector<double> least_, base_, acceleration_;
  std::vector<std::uint64_t> memory_;
};

} // namespace troupe::scheduling
