#pragma once

#include "actors/scheduling/online/late_round.hpp"
#include "actors/scheduling/online/online_policy.hpp"
#include "actors/scheduling/online/ready_list.hpp"

#include <utility>
#include <vector>

namespace troupe::scheduling {

/// Looks in each round at the first tasks of one list, while a slot is idle. What derives orders the list and places a task.
class late_list_policy : public online_policy {
public:
  void ready(const online_state& state, task_key key) final {
    waiting_.add(order(state, key), key);
  }
  void decide(const online_state& state, assigner& out) final;

private:
  /// Of a task that becomes ready now; smallest first.
  [[nodiscard]] virtual double order(const online_state& state, task_key key) const = 0;
  /// A round begins.
  virtual void begin(const online_state&) {}
  /// @returns whether the task was assigned.
  virtual bool place(const online_state& state, assigner& out, task_key key) = 0;

  ready_list waiting_;
  std::vector<ready_list::entry> taken_;
};

} // namespace troupe::scheduling
