#include "actors/scheduling/serial_decoder.hpp"

#include "actors/scheduling/memory_pressure.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace troupe::scheduling {
namespace {

/// What parts of the work cost, in about nanoseconds.
constexpr std::uint64_t task_work = 250, input_work = 30, pool_work = 25, probe_work = 70,
                        look_work = 3;

} // namespace

serial_decoder::serial_decoder(const problem& of)
    : of_{of}, ready_{of.cluster}, tight_{nodes_short_of_memory(of)} {
  for (const slot_pool& pool : of.cluster.pools())
    slots_.emplace_back(pool.count);
  for (const cluster_node& node : of.cluster.nodes())
    memory_.emplace_back(node.memory_bytes);
  placements_.resize(of.graph.size());
  sort_pools();
  measure_ways();
}

void serial_decoder::sort_pools() {
  // The order follows from the acceleration and from which nodes have the memory, and these from how many have it.
  std::vector<std::uint64_t> memories;
  for (const cluster_node& node : of_.cluster.nodes())
    memories.push_back(node.memory_bytes);
  std::sort(memories.begin(), memories.end());
  std::map<std::pair<double, std::ptrdiff_t>, std::uint32_t> known;
  for (std::uint32_t task = 0; task < of_.graph.size(); ++task) {
    const auto too_small =
        std::lower_bound(memories.begin(), memories.end(), of_.costs.memory_bytes(task)) -
        memories.begin();
    const auto [at, fresh] = known.try_emplace({of_.costs.acceleration_of(task), too_small},
                                               static_cast<std::uint32_t>(cheapest_.size()));
    class_of_.push_back(at->second);
    if (!fresh) continue;
    const auto costs = of_.costs.row(task);
    auto& pools = cheapest_.emplace_back();
    for (std::uint32_t pool = 0; pool < costs.size(); ++pool)
      if (costs[pool] != never) pools.push_back(pool);
    std::stable_sort(pools.begin(), pools.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return costs[a] < costs[b]; });
  }
}

void serial_decoder::measure_ways() {
  tail_.resize(of_.graph.size());
  head_.resize(of_.graph.size());
  for (const std::uint32_t task : of_.graph.order())
    for (const neighbour& next : of_.graph.successors(task))
      head_[next.task] = std::max(head_[next.task], head_[task] + of_.costs.least_seconds(task));
  for (std::size_t i = of_.graph.size(); i-- > 0;) {
    const std::uint32_t task = of_.graph.order()[i];
    for (const neighbour& next : of_.graph.successors(task))
      tail_[task] = std::max(tail_[task], tail_[next.task] + of_.costs.least_seconds(next.task));
  }
}

double serial_decoder::decode(const request& wanted) {
  for (usage_profile& each : slots_)
    each.clear();
  for (usage_profile& each : memory_)
    each.clear();
  const auto& to_come = wanted.way == direction::forward ? tail_ : head_;
  const std::size_t pools = slots_.size();
  double makespan = 0;
  for (const std::uint32_t task : wanted.order) {
    look_at_inputs(task, wanted.way);
    const std::uint32_t pinned = wanted.pools[task];
    const auto bias = wanted.bias.empty() ? wanted.bias : wanted.bias.subspan(task * pools, pools);
    const pool_placement at = pinned != any_pool ? place(task, pinned) : best_place(task, bias);
    if (at.finish + to_come[task] >= wanted.limit) return never;
    occupy(task, at);
    makespan = std::max(makespan, at.finish);
  }
  return makespan;
}

void serial_decoder::look_at_inputs(std::uint32_t task, direction way) {
  ready_.clear();
  const auto inputs =
      way == direction::forward ? of_.graph.predecessors(task) : of_.graph.successors(task);
  for (const neighbour& input : inputs) {
    const pool_placement& made = placements_[input.task];
    ready_.add({made.finish, input.bytes, of_.cluster.pools()[made.pool].node});
  }
  work_ += task_work + input_work * inputs.size();
}

pool_placement serial_decoder::place(std::uint32_t task, std::uint32_t pool) {
  const std::uint32_t node = of_.cluster.pools()[pool].node;
  const double seconds = of_.costs.seconds(task, pool);
  std::uint64_t looked = 0;
  double start = slots_[pool].earliest(ready_.at(node), seconds, 1, looked);
  while (tight_[node]) {
    const double free =
        memory_[node].earliest(start, seconds, of_.costs.memory_bytes(task), looked);
    if (free == start) break;
    start = slots_[pool].earliest(free, seconds, 1, looked);
  }
  work_ += probe_work + look_work * looked;
  return {pool, start, start + seconds};
}

pool_placement serial_decoder::best_place(std::uint32_t task, std::span<const double> bias) {
  const auto costs = of_.costs.row(task);
  pool_placement best{0, 0, never};
  double best_score = never;
  for (const std::uint32_t pool : pools_of(task)) {
    work_ += pool_work;
    // Pools come by cost, so none of the others can be better either.
    if (ready_.last_finish() + costs[pool] >= best_score) break;
    const double extra = bias.empty() ? 0 : bias[pool];
    const double soonest =
        std::max(ready_.at(of_.cluster.pools()[pool].node), slots_[pool].first_free());
    if (soonest + costs[pool] + extra >= best_score) continue;
    const pool_placement at = place(task, pool);
    if (at.finish + extra >= best_score) continue;
    best = at;
    best_score = at.finish + extra;
  }
  return best;
}

void serial_decoder::occupy(std::uint32_t task, const pool_placement& at) {
  placements_[task] = at;
  slots_[at.pool].add(at.start, at.finish, 1);
  const std::uint32_t node = of_.cluster.pools()[at.pool].node;
  if (tight_[node]) memory_[node].add(at.start, at.finish, of_.costs.memory_bytes(task));
}

} // namespace troupe::scheduling
