#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/list_policies.hpp"
#include "actors/scheduling/lower_bound.hpp"
#include "actors/scheduling/plan_search.hpp"
#include "actors/scheduling/slot_assignment.hpp"

namespace troupe::scheduling {
namespace {

class portfolio final : public offline_policy {
  [[nodiscard]] std::string_view name() const override { return "portfolio"; }
  [[nodiscard]] std::string_view summary() const override {
    return "the default: several ranks, improved from both ends and by annealing; never worse than "
           "heft";
  }
  [[nodiscard]] schedule plan(const problem& of, const plan_options& options) const override {
    schedule plain = heft_policy().plan(of, options);
    const double bound = bound_of(of.graph, of.cluster, of.costs).seconds();
    if (plain.makespan() <= bound) return plain;
    const double work = static_cast<double>(defaults::search_work) * std::max(options.effort, 0.0);
    plan_search search{of, options.seed, {static_cast<std::uint64_t>(std::min(work, 1e18)), bound}};
    search.run();
    return search.makespan() < plain.makespan() ? assign_slots(of, search.plan()) : plain;
  }
};

} // namespace

const offline_policy& portfolio_policy() {
  static const portfolio instance;
  return instance;
}

} // namespace troupe::scheduling
