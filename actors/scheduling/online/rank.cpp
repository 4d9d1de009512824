#include "actors/scheduling/online/late_list_policy.hpp"

namespace troupe::scheduling {
namespace {

/// HEFT's priority over all workflows at once.
class rank final : public late_list_policy {
  [[nodiscard]] double order(const online_state& state, task_key key) const override {
    return -state.known(key.workflow).rank[key.task];
  }
  void begin(const online_state& state) override { round_.begin(state); }
  bool place(const online_state& state, assigner& out, task_key key) override {
    return round_.place(state, out, key);
  }

  late_round round_;
};

} // namespace

ready_order rank_order() {
  return {nullptr, true};
}

std::unique_ptr<online_policy> make_rank_policy() {
  return std::make_unique<rank>();
}

} // namespace troupe::scheduling
