#include "actors/scheduling/list_policies.hpp"
#include "actors/scheduling/plan_builder.hpp"

namespace troupe::scheduling {
namespace {

class eft final : public offline_policy {
  [[nodiscard]] std::string_view name() const override { return "eft"; }
  [[nodiscard]] std::string_view summary() const override {
    return "in the order in which tasks become ready, each where it finishes earliest";
  }
  [[nodiscard]] schedule plan(const problem& of, const plan_options&) const override {
    return plan_in_ready_order(of, [](plan_builder& plan, std::uint32_t task) {
      return plan.best(task, insertion::never, transfers::late).slot;
    });
  }
};

} // namespace

const offline_policy& eft_policy() {
  static const eft instance;
  return instance;
}

} // namespace troupe::scheduling
