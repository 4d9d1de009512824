#include "actors/scheduling/placement/placing.hpp"

#include <algorithm>

namespace troupe::scheduling {

std::optional<placed> placing::next(const waiting_line& line, node_pool& pool,
                                    const description& describe) {
  std::optional<placed> found;
  std::optional<reservation> first;
  kept_room kept;
  line.visit([&](waiting_line::key who, const resource_vector& demand, need_number need) {
    const bool may_fit = std::ranges::any_of(
        pool.groups_for(need), [&](const node_group* each) { return each->may_fit(demand); });
    if (may_fit) {
      placement_request wanted = describe(who);
      wanted.need = need;
      wanted.demand = &demand;
      if (const auto on = pick_node(pool, wanted, first ? &kept : nullptr)) found = {who, *on};
    }
    // What demands nothing but a place has the next one that comes free.
    if (!found && !first && !demand.empty() && (first = reserve(who, demand, need, pool)))
      kept = {first->on, &demand};
    return !found;
  });
  // Whoever stands behind the one that was found was not looked at: what is kept for it stays.
  if (first || !found || (kept_ && kept_->who == found->who)) kept_ = first;
  return found;
}

/// The node that is kept for the first of the line.
std::optional<placing::reservation> placing::reserve(waiting_line::key who,
                                                     const resource_vector& demand,
                                                     need_number need,
                                                     const node_pool& pool) const {
  if (kept_ && kept_->who == who) {
    const pool_node* on = pool.find(kept_->on);
    if (on && on->is.state == node_state::active && fits(demand, on->books.capacity()) &&
        pool.meets(*on, need))
      return kept_;
  }
  const pool_node* on = pool.soonest(need, demand);
  return on ? std::optional{reservation{who, on->number}} : std::nullopt;
}

} // namespace troupe::scheduling
