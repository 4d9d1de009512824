#pragma once

#include "actors/scheduling/online/known_workflow.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace troupe::scheduling {

/// Ready tasks, workflow by workflow: workflows in the order of a number that may change, then by their own; the tasks of one
/// by upward rank, largest first, then by number. Every task is in one of two lanes, so that a visit can leave one out. Adding,
/// erasing and changing a workflow's order take logarithmic time. Not thread-safe.
class workflow_queue {
public:
  /// What a visitor wants next.
  enum class visit { go_on, skip_lane, stop };

  /// @param order of the workflow, as with `reorder`.
  void add(double order, task_key key, double rank, std::size_t lane = 0);
  void erase(task_key key, double rank, std::size_t lane = 0);
  /// Moves a workflow; nothing happens where it has no ready task.
  void reorder(std::uint32_t workflow, double order);
  [[nodiscard]] bool empty() const { return order_.empty(); }
  /// The first task of all; there is one.
  [[nodiscard]] task_key first() const;

  /// Calls `f(task_key, lane) -> visit` for the tasks in order, each lane until it is skipped.
  template <class F>
  void for_each(F&& f) const;

private:
  /// Rank with its sign changed, and task.
  using lane_set = std::set<std::pair<double, std::uint32_t>>;
  struct workflow_entry {
    double order = 0;
    std::array<lane_set, 2> lanes;

    [[nodiscard]] bool empty() const { return lanes[0].empty() && lanes[1].empty(); }
  };

  std::vector<workflow_entry> workflows_;
  /// Those that have ready tasks.
  std::set<std::pair<double, std::uint32_t>> order_;
};

template <class F>
void workflow_queue::for_each(F&& f) const {
  std::array<bool, 2> open{true, true};
  for (const auto& [order, workflow] : order_) {
    const auto& lanes = workflows_[workflow].lanes;
    std::array<lane_set::const_iterator, 2> at{lanes[0].begin(), lanes[1].begin()};
    while (true) {
      const bool first = open[0] && at[0] != lanes[0].end();
      const bool second = open[1] && at[1] != lanes[1].end();
      if (!first && !second) break;
      const std::size_t lane = !first || (second && *at[1] < *at[0]) ? 1 : 0;
      const visit next = f(task_key{workflow, at[lane]->second}, lane);
      if (next == visit::stop) return;
      if (next == visit::skip_lane) open[lane] = false;
      ++at[lane];
    }
    if (!open[0] && !open[1]) return;
  }
}

} // namespace troupe::scheduling
