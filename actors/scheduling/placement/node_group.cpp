#include "actors/scheduling/placement/node_pool.hpp"

#include <algorithm>
#include <array>

namespace troupe::scheduling {
namespace {

void raise_to(resource_vector& bound, const resource_vector& free) {
  bound.milli_cpu = std::max(bound.milli_cpu, free.milli_cpu);
  bound.gpu = std::max(bound.gpu, free.gpu);
  bound.memory_bytes = std::max(bound.memory_bytes, free.memory_bytes);
  bound.gpu_memory_bytes = std::max(bound.gpu_memory_bytes, free.gpu_memory_bytes);
  for (const auto& [name, amount] : free.custom)
    if (amount > amount_of(bound, name)) set_amount(bound, name, amount);
}

} // namespace

std::string_view name_of(node_state state) {
  constexpr std::array names{"active", "suspect", "draining"};
  return names.at(static_cast<std::size_t>(state));
}

bool agent_offer::has(std::string_view type, std::string_view key) const {
  if (everything || type.empty()) return true;
  const auto found = types.find(type);
  return found != types.end() &&
         (found->second.empty() || found->second.contains(std::string{key}));
}

bool node_group::may_fit(const resource_vector& demand) const {
  return !by_load_.empty() && (demand.empty() || fits(demand, bound_));
}

void node_group::note_full() {
  bound_ = {};
  for (const entry& each : by_load_)
    raise_to(bound_, each.of->books.free());
}

void node_group::raise_bound(const resource_vector& free) {
  raise_to(bound_, free);
}

/// Puts a node where it belongs among those that are open.
void node_group::show(pool_node& one) {
  const auto place = shown_.find(one.number);
  const bool is_shown = place != shown_.end();
  // Of one alone the order is of no interest.
  if (members_.size() == 1 && is_shown == one.is_open()) return;
  const shown now{one.load(), one.backlog_seconds()};
  if (is_shown && one.is_open()) {
    const auto move = [&](order& in, double from, double to) {
      auto node = in.extract({from, one.number, &one});
      node.value().by = to;
      in.insert(std::move(node));
    };
    move(by_load_, place->second.load, now.load);
    move(by_work_, place->second.work, now.work);
    place->second = now;
    return;
  }
  hide(one);
  if (!one.is_open()) return;
  by_load_.insert({now.load, one.number, &one});
  by_work_.insert({now.work, one.number, &one});
  shown_.emplace(one.number, now);
  raise_bound(one.books.free());
}

void node_group::hide(const pool_node& one) {
  const auto place = shown_.find(one.number);
  if (place == shown_.end()) return;
  by_load_.erase({place->second.load, one.number, &one});
  by_work_.erase({place->second.work, one.number, &one});
  shown_.erase(place);
}

} // namespace troupe::scheduling
