#include "actors/scheduling/resources/waiting_line.hpp"

#include <algorithm>

namespace troupe::scheduling {

void waiting_line::add(key who, const resource_vector& demand) {
  const auto place = classes_.try_emplace(demand).first;
  auto& members = place->second;
  if (members.empty() || who < *members.begin()) {
    if (!members.empty()) fronts_.erase(*members.begin());
    fronts_.emplace(who, place);
  }
  members.insert(who);
  demands_.emplace(who, place);
}

bool waiting_line::remove(key who) {
  const auto found = demands_.find(who);
  if (found == demands_.end()) return false;
  const auto place = found->second;
  auto& members = place->second;
  const bool was_front = *members.begin() == who;
  members.erase(who);
  demands_.erase(found);
  if (was_front) {
    fronts_.erase(who);
    if (!members.empty()) fronts_.emplace(*members.begin(), place);
  }
  if (members.empty()) classes_.erase(place);
  return true;
}

void waiting_line::clear() {
  fronts_.clear();
  demands_.clear();
  classes_.clear();
}

std::optional<waiting_line::key> waiting_line::next(const resource_vector& free) const {
  const resource_vector* first = nullptr;
  for (const auto& [who, place] : fronts_) {
    const resource_vector& demand = place->first;
    if (fits(demand, free)) {
      if (!first || !delays(demand, *first, free)) return who;
    } else if (!first) {
      first = &demand;
    }
  }
  return std::nullopt;
}

std::optional<waiting_line::key> waiting_line::reserved_for(const resource_vector& free) const {
  for (const auto& [who, place] : fronts_)
    if (!fits(place->first, free)) return who;
  return std::nullopt;
}

const resource_vector* waiting_line::demand_of(key who) const {
  const auto found = demands_.find(who);
  return found == demands_.end() ? nullptr : &found->second->first;
}

bool delays(const resource_vector& demand, const resource_vector& first,
            const resource_vector& free) {
  return std::ranges::any_of(amounts_of(first), [&](const resource_amount& wanted) {
    const std::uint64_t taken = amount_of(demand, wanted.name);
    const std::uint64_t there = amount_of(free, wanted.name);
    return taken > 0 && (there < taken || there - taken < wanted.amount);
  });
}

} // namespace troupe::scheduling
