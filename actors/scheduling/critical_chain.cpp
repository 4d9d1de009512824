#include "actors/scheduling/critical_chain.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace troupe::scheduling {
namespace {

struct cause {
  std::uint32_t task = 0;
  hold kind = hold::nothing;
};

class chain_finder {
public:
  chain_finder(const problem& of, std::span<const pool_placement> plan)
      : of_{of}, plan_{plan}, by_finish_(plan.size()) {
    std::iota(by_finish_.begin(), by_finish_.end(), 0);
    std::stable_sort(by_finish_.begin(), by_finish_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return plan_[a].finish < plan_[b].finish;
    });
  }

  [[nodiscard]] std::uint32_t last() const { return by_finish_.back(); }

  [[nodiscard]] std::optional<cause> cause_of(std::uint32_t task) const {
    if (plan_[task].start <= 0) return std::nullopt;
    if (const auto found = input(task)) return found;
    return neighbour_in_time(task);
  }

private:
  [[nodiscard]] std::uint32_t node_of(std::uint32_t task) const {
    return of_.cluster.pools()[plan_[task].pool].node;
  }

  [[nodiscard]] std::optional<cause> input(std::uint32_t task) const {
    for (const neighbour& before : of_.graph.predecessors(task)) {
      const double made = plan_[before.task].finish;
      const double took =
          of_.cluster.transfer_seconds(before.bytes, node_of(before.task), node_of(task));
      if (made + took >= plan_[task].start)
        return cause{before.task, took > 0 ? hold::transfer : hold::input};
    }
    return std::nullopt;
  }

  /// Who left the slot, or the memory, when the task started.
  [[nodiscard]] std::optional<cause> neighbour_in_time(std::uint32_t task) const {
    std::optional<cause> found;
    auto at = std::lower_bound(
        by_finish_.begin(), by_finish_.end(), plan_[task].start,
        [&](std::uint32_t other, double time) { return plan_[other].finish < time; });
    for (; at != by_finish_.end() && plan_[*at].finish == plan_[task].start; ++at) {
      if (plan_[*at].pool == plan_[task].pool) return cause{*at, hold::slot};
      if (!found && node_of(*at) == node_of(task)) found = cause{*at, hold::memory};
    }
    return found;
  }

  const problem& of_;
  std::span<const pool_placement> plan_;
  std::vector<std::uint32_t> by_finish_;
};

} // namespace

std::vector<chain_link> critical_chain(const problem& of, std::span<const pool_placement> plan) {
  const chain_finder finder{of, plan};
  std::vector<chain_link> chain{{finder.last(), hold::nothing}};
  // Causes end before their effects begin, so this ends too; the bound is for tasks that take no time at all.
  while (chain.size() <= plan.size()) {
    const auto why = finder.cause_of(chain.back().task);
    if (!why) break;
    chain.back().held_by = why->kind;
    chain.push_back({why->task, hold::nothing});
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

} // namespace troupe::scheduling
