#pragma once

#include "actors/workflow/definition.hpp"
#include "actors/workflow/insight/insight.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace troupe::workflow {

/// The instances of a run by number, and what each of them waits for. A step is done when all of its instances are and all
/// that it needs is.
class instance_graph {
public:
  /// @param counts instances of each step.
  instance_graph(const definition& workflow, const std::vector<std::size_t>& counts);

  [[nodiscard]] std::size_t size() const { return first_.back(); }
  [[nodiscard]] std::size_t number_of(std::size_t step, std::size_t index) const {
    return first_[step] + index;
  }

  /// Calls `with(number of an instance)` for what an instance of a step waits for; of a step as a whole for the number
  /// that `of_step` has for it, unless that is absent.
  template <class F>
  void each_need(std::size_t step, std::size_t index,
                 const std::vector<std::optional<std::size_t>>& of_step, F&& with) const {
    for (const dependency& need : workflow_.steps[step].needs) {
      if (!need.same_index) {
        if (of_step[need.step]) with(*of_step[need.step]);
      } else if (index < first_[need.step + 1] - first_[need.step]) {
        with(number_of(need.step, index));
      }
    }
  }

  /// Goes through the instances, each behind what it needs. `visit(step, index, needed)` gets those of the needed
  /// instances that come last by `less`, or nothing where it needs none.
  template <class Less, class Visit>
  void for_each(Less&& less, Visit&& visit) const {
    std::vector<std::optional<std::size_t>> last_of_step(first_.size() - 1);
    const auto take = [&](std::optional<std::size_t>& best, std::size_t other) {
      if (!best || less(*best, other)) best = other;
    };
    for (const std::size_t step : order_) {
      std::optional<std::size_t> last;
      for (const dependency& need : workflow_.steps[step].needs)
        if (last_of_step[need.step]) take(last, *last_of_step[need.step]);
      for (std::size_t index = 0; number_of(step, index) < first_[step + 1]; ++index) {
        std::optional<std::size_t> needed;
        each_need(step, index, last_of_step, [&](std::size_t other) { take(needed, other); });
        visit(step, index, needed);
        take(last, number_of(step, index));
      }
      last_of_step[step] = last;
    }
  }

private:
  const definition& workflow_;
  /// Number of the first instance of each step; one more at the end.
  std::vector<std::size_t> first_;
  /// Steps, each behind those that it needs.
  std::vector<std::size_t> order_;
};

} // namespace troupe::workflow
