#include "actors/scheduling/resources/fair_shares.hpp"

#include <algorithm>
#include <utility>

namespace troupe::scheduling {

std::uint64_t fair_shares::enter(const std::string& tenant) {
  auto found = numbers_.find(tenant);
  if (found == numbers_.end()) {
    if (tenants_.size() >= most_tenants) forget_idle();
    found = numbers_.emplace(tenant, ++last_).first;
    const auto weight = weights_.find(tenant);
    tenants_[last_] = {tenant, weight == weights_.end() ? 1.0 : weight->second, now_, 0};
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

void fair_shares::forget_idle() {
  std::erase_if(tenants_, [&](const auto& each) {
    if (each.second.waiting > 0) return false;
    numbers_.erase(each.second.name);
    return true;
  });
}

} // namespace troupe::scheduling
