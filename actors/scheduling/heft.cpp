#include "actors/scheduling/list_policies.hpp"
#include "actors/scheduling/ranks.hpp"

namespace troupe::scheduling {
namespace {

/// Source: Topcuoglu, Hariri, Wu: Performance-effective and low-complexity task scheduling for heterogeneous computing (2002).
class heft final : public offline_policy {
  [[nodiscard]] std::string_view name() const override { return "heft"; }
  [[nodiscard]] std::string_view summary() const override {
    return "the task with the longest way to the end first, where it finishes earliest";
  }
  [[nodiscard]] schedule plan(const problem& of, const plan_options&) const override {
    return plan_by_priority(of, upward_rank(of.graph, average(of.costs, of.cluster)));
  }
};

} // namespace

const offline_policy& heft_policy() {
  static const heft instance;
  return instance;
}

} // namespace troupe::scheduling
