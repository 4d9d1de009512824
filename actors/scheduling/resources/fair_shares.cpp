#include "actors/scheduling/resources/fair_shares.hpp"

#include <algorithm>
#include <utility>

namespace troupe::scheduling {

std::uint64_t fair_shares::enter(const std::string& tenant) {
  auto found = numbers_.find(tenant);
  if (found == numbers_.end()) {
    if (tenants_.size() >= most_tenants) forget_idle();
    found = numbers_.emplace(tenant, ++last_).first;
    tenants_[last_] = {tenant, weight_of(tenant), now_, 0};
  }
  state& of = tenants_[found->second];
  if (of.waiting++ == 0) of.had = std::max(of.had, now_);
  return found->second;
}

void fair_shares::leave(std::uint64_t tenant) {
  const auto found = tenants_.find(tenant);
  if (found != tenants_.end() && found->second.waiting > 0) --found->second.waiting;
}

void fair_shares::charge(std::uint64_t tenant, double service) {
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end()) return; // forgotten meanwhile
  state& of = found->second;
  if (service > 0) now_ = std::max(now_, of.had);
  of.had += service / of.weight;
}

double fair_shares::turn(std::uint64_t tenant) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? now_ : found->second.had;
}

double fair_shares::weight_of(const std::string& tenant) const {
  const auto found = weights_.find(tenant);
  return found == weights_.end() ? 1.0 : found->second;
}

std::vector<fair_shares::share> fair_shares::tenants() const {
  std::vector<share> made;
  made.reserve(tenants_.size());
  for (const auto& [number, of] : tenants_)
    made.push_back({of.name, of.weight, of.waiting});
  return made;
}

void fair_shares::forget_idle() {
  std::erase_if(tenants_, [&](const auto& each) {
    if (each.second.waiting > 0) return false;
    numbers_.erase(each.second.name);
    return true;
  });
}

} // namespace troupe::scheduling
