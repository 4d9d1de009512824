#pragma once

#include "actors/scheduling/problem.hpp"
#include "actors/scheduling/ready_times.hpp"
#include "actors/scheduling/schedule.hpp"
#include "actors/scheduling/slot_timeline.hpp"
#include "actors/scheduling/usage_profile.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::scheduling {

/// Whether a task may go into a gap between tasks placed before, or only behind the last one of its slot.
enum class insertion { allowed, never };

/// When inputs travel: as soon as they are made, or only when the last one is, because the place is not chosen earlier.
enum class transfers { early, late };

/// A slot for a task, and when it starts there.
struct choice {
  std::uint32_t slot = 0;
  double start = 0;
  /// What the choice is judged by, in seconds: finish plus bias.
  double score = 0;
};

/// A schedule under construction, task by task, each after its predecessors. One thread; the problem must outlive it.
class plan_builder {
public:
  explicit plan_builder(const problem& of);

  /// The slot with the earliest finish; of equals the one with the lowest number.
  /// @param bias seconds per pool added to the finish, or none. [pools]
  [[nodiscard]] choice best(std::uint32_t task, insertion gaps, transfers travel,
                            std::span<const double> bias = {});
  /// When the task may start on a slot of its choice.
  [[nodiscard]] double earliest(std::uint32_t task, std::uint32_t slot, insertion gaps,
                                transfers travel);
  void put(std::uint32_t task, std::uint32_t slot, double start);

  [[nodiscard]] double finish_of(std::uint32_t task) const { return plan_.placements[task].finish; }
  /// When the last task of a slot ends.
  [[nodiscard]] double end_of(std::uint32_t slot) const { return slots_[slot].end(); }
  [[nodiscard]] schedule take() { return std::move(plan_); }

private:
  /// Gathers the arrivals of a task's inputs.
  void look_at_inputs(std::uint32_t task, transfers travel);
  [[nodiscard]] double ready_on(std::uint32_t node) const { return offset_ + ready_.at(node); }
  [[nodiscard]] double earliest_from(std::uint32_t task, std::uint32_t slot, double ready,
                                     insertion gaps) const;
  [[nodiscard]] double idle_from(std::uint32_t slot, double from, double seconds,
                                 insertion gaps) const;

  const problem& of_;
  ready_times ready_;
  /// Added to arrivals: when transfers begin, where they begin late.
  double offset_ = 0;
  std::vector<slot_timeline> slots_;
  /// Per node; and whether its slots could together hold more than it has.
  std::vector<usage_profile> memory_;
  std::vector<bool> tight_;
  schedule plan_;
};

} // namespace troupe::scheduling
