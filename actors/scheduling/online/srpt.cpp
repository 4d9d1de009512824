#include "actors/scheduling/online/late_workflow_policy.hpp"

namespace troupe::scheduling {
namespace {

double least_left(const workflow_figures& of) {
  return of.remaining_seconds;
}

/// Shortest remaining processing time: the workflow with the least estimated work left comes first.
/// Source: Schrage: A proof of the optimality of the shortest remaining processing time discipline (1968).
class srpt final : public late_workflow_policy {
  [[nodiscard]] double order(const online_state& state, std::uint32_t workflow) const override {
    return least_left({.remaining_seconds = state.remaining_seconds(workflow)});
  }
};

} // namespace

ready_order srpt_order() {
  return {least_left, true};
}

std::unique_ptr<online_policy> make_srpt_policy() {
  return std::make_unique<srpt>();
}

} // namespace troupe::scheduling
