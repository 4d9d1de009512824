#include "actors/scheduling/online/late_workflow_policy.hpp"

namespace troupe::scheduling {
namespace {

/// Least attained service: the workflow whose finished tasks took the least time comes first; needs no estimates for the order.
class las final : public late_workflow_policy {
  [[nodiscard]] double order(const online_state& state, std::uint32_t workflow) const override {
    return state.attained_seconds(workflow);
  }
};

} // namespace

std::unique_ptr<online_policy> make_las_policy() {
  return std::make_unique<las>();
}

} // namespace troupe::scheduling
