#include "actors/scheduling/online/late_workflow_policy.hpp"

namespace troupe::scheduling {
namespace {

double least_had(const workflow_figures& of) {
  return of.attained_seconds;
}

/// Least attained service: the workflow whose finished tasks took the least time comes first; needs no estimates for the order.
class las final : public late_workflow_policy {
  [[nodiscard]] double order(const online_state& state, std::uint32_t workflow) const override {
    return least_had({.attained_seconds = state.attained_seconds(workflow)});
  }
};

} // namespace

ready_order las_order() {
  return {least_had, true};
}

std::unique_ptr<online_policy> make_las_policy() {
  return std::make_unique<las>();
}

} // namespace troupe::scheduling
