#include "actors/scheduling/slot_assignment.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>

namespace troupe::scheduling {
namespace {

template <class T>
using least_first = std::priority_queue<T, std::vector<T>, std::greater<>>;

/// The slots of one pool as time goes on.
class pool_slots {
public:
  explicit pool_slots(const slot_pool& pool) {
    for (std::uint32_t i = 0; i < pool.count; ++i)
      idle_.push(pool.first_slot + i);
  }

  std::uint32_t take(double start, double finish) {
    while (!busy_.empty() && (busy_.top().first <= start || idle_.empty())) {
      idle_.push(busy_.top().second);
      busy_.pop();
    }
    const std::uint32_t slot = idle_.top();
    idle_.pop();
    busy_.emplace(finish, slot);
    return slot;
  }

private:
  least_first<std::uint32_t> idle_;
  least_first<std::pair<double, std::uint32_t>> busy_;
};

} // namespace

schedule assign_slots(const problem& of, std::span<const pool_placement> plan) {
  std::vector<std::uint32_t> order(plan.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return plan[a].start < plan[b].start; });
  std::vector<pool_slots> pools;
  for (const slot_pool& pool : of.cluster.pools())
    pools.emplace_back(pool);
  schedule out;
  out.placements.resize(plan.size());
  for (const std::uint32_t task : order) {
    const auto& [pool, start, finish] = plan[task];
    out.placements[task] = {pools[pool].take(start, finish), start, finish};
  }
  return out;
}

} // namespace troupe::scheduling
