#include "actors/scheduling/resources/resource_vector.hpp"

#include <algorithm>
#include <array>

namespace troupe::scheduling {
namespace {

struct built_in {
  std::string_view name;
  std::uint64_t resource_vector::*amount;
};

constexpr std::array built_ins{built_in{"cpu", &resource_vector::milli_cpu},
                               built_in{"gpu", &resource_vector::gpu},
                               built_in{"memory", &resource_vector::memory_bytes},
                               built_in{"gpu_memory", &resource_vector::gpu_memory_bytes}};

const built_in* find_built_in(std::string_view name) {
  const auto* const found = std::ranges::find(built_ins, name, &built_in::name);
  return found == built_ins.end() ? nullptr : found;
}

/// Where a custom resource is, or belongs.
template <class Custom>
auto place_of(Custom& custom, std::string_view name) {
  return std::lower_bound(custom.begin(), custom.end(), name,
                          [](const auto& entry, std::string_view wanted) {
                            return std::string_view{entry.first} < wanted;
                          });
}

} // namespace

std::uint64_t amount_of(const resource_vector& of, std::string_view name) {
  if (const built_in* known = find_built_in(name)) return of.*(known->amount);
  const auto place = place_of(of.custom, name);
  return place != of.custom.end() && place->first == name ? place->second : 0;
}

void set_amount(resource_vector& into, std::string_view name, std::uint64_t amount) {
  if (const built_in* known = find_built_in(name)) {
    into.*(known->amount) = amount;
    return;
  }
  const auto place = place_of(into.custom, name);
  const bool there = place != into.custom.end() && place->first == name;
  if (there && amount == 0)
    into.custom.erase(place);
  else if (there)
    place->second = amount;
  else if (amount > 0)
    into.custom.emplace(place, name, amount);
}

std::vector<resource_amount> amounts_of(const resource_vector& of) {
  std::vector<resource_amount> made;
  for (const built_in& each : built_ins)
    if (of.*(each.amount) > 0) made.push_back({std::string{each.name}, of.*(each.amount)});
  for (const auto& [name, amount] : of.custom)
    made.push_back({name, amount});
  return made;
}

bool fits(const resource_vector& demand, const resource_vector& available) {
  return std::ranges::all_of(built_ins,
                             [&](const built_in& each) {
                               return demand.*(each.amount) <= available.*(each.amount);
                             }) &&
         std::ranges::all_of(demand.custom, [&](const auto& entry) {
           return entry.second <= amount_of(available, entry.first);
         });
}

std::optional<resource_vector> sum(const resource_vector& a, const resource_vector& b) {
  resource_vector made = a;
  for (const resource_amount& each : amounts_of(b)) {
    const std::uint64_t before = amount_of(made, each.name);
    if (before > most_resource_amount || each.amount > most_resource_amount - before)
      return std::nullopt;
    set_amount(made, each.name, before + each.amount);
  }
  return made;
}

std::optional<resource_vector> difference(const resource_vector& a, const resource_vector& b) {
  if (!fits(b, a)) return std::nullopt;
  resource_vector made = a;
  for (const resource_amount& each : amounts_of(b))
    set_amount(made, each.name, amount_of(made, each.name) - each.amount);
  return made;
}

} // namespace troupe::scheduling
