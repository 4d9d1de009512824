#include "actors/scheduling/costs.hpp"

#include "actors/scheduling/acceleration.hpp"
#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/errc.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <unordered_map>

namespace troupe::scheduling {
namespace {

/// Traces have few programs.
class accelerations {
public:
  explicit accelerations(const cluster_description& of) : of_{of} {}

  double operator()(std::string_view program) {
    const auto [at, fresh] = known_.try_emplace(program, 0);
    if (fresh) at->second = acceleration(program, of_.seed, of_.acceleration).value_or(0);
    return at->second;
  }

private:
  const cluster_description& of_;
  std::unordered_map<std::string_view, double> known_;
};

std::string why_nowhere(const task& of, std::uint64_t memory, double acceleration,
                        const cluster& on) {
  std::uint64_t most = 0;
  for (const slot_pool& pool : on.pools())
    most = std::max(most, on.nodes()[pool.node].memory_bytes);
  if (memory > most)
    return fmt::format("task '{}' needs {} bytes of memory, and no node of cluster '{}' with slots "
                       "has more than {}; give a node more memory",
                       of.id, memory, on.description().name, most);
  return fmt::format("task '{}' fits on no slot of cluster '{}': it needs {} bytes of memory and "
                     "its program '{}' has {}; give a node with such slots that memory",
                     of.id, on.description().name, memory, of.program,
                     acceleration > 0 ? "a GPU version, too" : "no GPU version");
}

} // namespace

result<cost_table> cost_table::make(const task_graph& graph, const cluster& on,
                                    std::span<const double> factors) {
  const std::size_t pools = on.pools().size();
  if (graph.size() > defaults::most_costs / pools)
    return fail(scheduling_errc::too_large,
                fmt::format("{} tasks on {} kinds of slots are more than {} costs; use a smaller "
                            "trace or cluster",
                            graph.size(), pools, defaults::most_costs));
  cost_table table;
  table.pools_ = pools;
  table.seconds_.resize(graph.size() * pools, never);
  accelerations known{on.description()};
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const task& each = graph.tasks()[i];
    table.memory_.push_back(each.memory_bytes.value_or(on.description().default_memory_bytes));
    table.acceleration_.push_back(known(each.program));
    table.base_.push_back(factors.empty() ? each.run_seconds : each.run_seconds * factors[i]);
    table.fill_row(i, on);
    table.least_.push_back(*std::min_element(table.row(i).begin(), table.row(i).end()));
    if (table.least_.back() == never)
      return fail(scheduling_errc::no_place,
                  why_nowhere(each, table.memory_[i], table.acceleration_[i], on));
  }
  return table;
}

void cost_table::fill_row(std::uint32_t task, const cluster& on) {
  double* row = seconds_.data() + std::size_t{task} * pools_;
  for (std::size_t i = 0; i < pools_; ++i) {
    const slot_pool& pool = on.pools()[i];
    if (memory_[task] > on.nodes()[pool.node].memory_bytes) continue;
    if (pool.kind == slot_kind::cpu)
      row[i] = base_[task] / pool.speed;
    else if (acceleration_[task] > 0)
      row[i] = base_[task] / (acceleration_[task] * pool.speed);
  }
}

} // namespace troupe::scheduling
