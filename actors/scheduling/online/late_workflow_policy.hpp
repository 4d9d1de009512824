#pragma once

#include "actors/scheduling/online/late_round.hpp"
#include "actors/scheduling/online/online_policy.hpp"
#include "actors/scheduling/online/workflow_queue.hpp"

#include <vector>

namespace troupe::scheduling {

/// Late binding with one workflow before another. What derives says in which order.
class late_workflow_policy : public online_policy {
public:
  void ready(const online_state& state, task_key key) final;
  void finished(const online_state& state, task_key key, std::uint32_t slot) final;
  void decide(const online_state& state, assigner& out) final;

private:
  /// Of a workflow now; smallest first.
  [[nodiscard]] virtual double order(const online_state& state, std::uint32_t workflow) const = 0;

  workflow_queue waiting_;
  late_round round_;
  std::vector<task_key> taken_;
};

} // namespace troupe::scheduling
