#include "actors/scheduling/plan_builder.hpp"

#include "actors/scheduling/memory_pressure.hpp"

#include <algorithm>

namespace troupe::scheduling {
namespace {

/// The least cost of any task on each pool. [pools]
std::vector<double> least_of_pools(const problem& of) {
  std::vector<double> least(of.cluster.pools().size(), never);
  for (std::uint32_t task = 0; task < of.graph.size(); ++task)
    for (std::size_t pool = 0; pool < least.size(); ++pool)
      least[pool] = std::min(least[pool], of.costs.row(task)[pool]);
  return least;
}

} // namespace

plan_builder::plan_builder(const problem& of)
    : of_{of}, ready_{of.cluster}, tight_{nodes_short_of_memory(of)} {
  const auto least = least_of_pools(of);
  for (std::uint32_t slot = 0; slot < of.cluster.slot_count(); ++slot)
    slots_.emplace_back(least[of.cluster.pool_of(slot)]);
  for (const cluster_node& node : of.cluster.nodes())
    memory_.emplace_back(node.memory_bytes);
  plan_.placements.resize(of.graph.size());
}

void plan_builder::look_at_inputs(std::uint32_t task, transfers travel) {
  ready_.clear();
  offset_ = 0;
  for (const neighbour& before : of_.graph.predecessors(task)) {
    const placement& made = plan_.placements[before.task];
    const std::uint32_t node = of_.cluster.pool_at(made.slot).node;
    if (travel == transfers::late) offset_ = std::max(offset_, made.finish);
    ready_.add({travel == transfers::late ? 0 : made.finish, before.bytes, node});
  }
}

choice plan_builder::best(std::uint32_t task, insertion gaps, transfers travel,
                          std::span<const double> bias) {
  look_at_inputs(task, travel);
  choice found{0, 0, never};
  const auto costs = of_.costs.row(task);
  for (std::size_t i = 0; i < costs.size(); ++i) {
    if (costs[i] == never) continue;
    const slot_pool& pool = of_.cluster.pools()[i];
    const double ready = ready_on(pool.node), extra = bias.empty() ? 0 : bias[i];
    if (ready + costs[i] + extra >= found.score) continue;
    for (std::uint32_t slot = pool.first_slot; slot < pool.first_slot + pool.count; ++slot) {
      const double start = earliest_from(task, slot, ready, gaps);
      const double score = start + costs[i] + extra;
      if (score < found.score) found = {slot, start, score};
      if (start == ready) break;
    }
  }
  return found;
}

double plan_builder::earliest(std::uint32_t task, std::uint32_t slot, insertion gaps,
                              transfers travel) {
  look_at_inputs(task, travel);
  return earliest_from(task, slot, ready_on(of_.cluster.pool_at(slot).node), gaps);
}

double plan_builder::earliest_from(std::uint32_t task, std::uint32_t slot, double ready,
                                   insertion gaps) const {
  const std::uint32_t node = of_.cluster.pool_at(slot).node;
  const double seconds = of_.costs.seconds(task, of_.cluster.pool_of(slot));
  double start = idle_from(slot, ready, seconds, gaps);
  while (tight_[node]) {
    std::uint64_t looked = 0;
    const double free =
        memory_[node].earliest(start, seconds, of_.costs.memory_bytes(task), looked);
    if (free == start) break;
    start = idle_from(slot, free, seconds, gaps);
  }
  return start;
}

double plan_builder::idle_from(std::uint32_t slot, double from, double seconds,
                               insertion gaps) const {
  if (gaps == insertion::never) return std::max(from, slots_[slot].end());
  return slots_[slot].earliest(from, seconds);
}

void plan_builder::put(std::uint32_t task, std::uint32_t slot, double start) {
  const std::uint32_t node = of_.cluster.pool_at(slot).node;
  const double finish = start + of_.costs.seconds(task, of_.cluster.pool_of(slot));
  slots_[slot].add(start, finish);
  if (tight_[node]) memory_[node].add(start, finish, of_.costs.memory_bytes(task));
  plan_.placements[task] = {slot, start, finish};
}

} // namespace troupe::scheduling
