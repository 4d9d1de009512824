#include "actors/scheduling/resources/ledger.hpp"

#include "actors/scheduling/resources/resource_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace troupe::scheduling {

ledger::ledger(resource_vector capacity) : capacity_(std::move(capacity)), free_(capacity_) {}

std::optional<ledger::grant_id> ledger::try_grant(const resource_vector& demand,
                                                  std::string holder) {
  auto left = difference(free_, demand);
  if (!left) return std::nullopt;
  grants_.emplace_hint(grants_.end(), ++last_, grant{std::move(holder), demand});
  free_ = std::move(*left);
  return last_;
}

bool ledger::release(grant_id given) {
  const auto found = grants_.find(given);
  if (found == grants_.end()) return false;
  // What was taken off the capacity fits into it again.
  free_ = sum(free_, found->second.demand).value_or(capacity_);
  grants_.erase(found);
  return true;
}

void ledger::clear() {
  grants_.clear();
  free_ = capacity_;
}

namespace {

std::vector<shortage> compare(const ledger& of, const resource_vector& demand,
                              const resource_vector& available) {
  std::vector<shortage> made;
  for (const resource_amount& each : amounts_of(demand))
    if (each.amount > amount_of(available, each.name))
      made.push_back({each.name, each.amount, amount_of(of.free(), each.name),
                      amount_of(of.capacity(), each.name)});
  return made;
}

} // namespace

std::vector<shortage> shortages(const ledger& of, const resource_vector& demand) {
  auto made = compare(of, demand, of.free());
  for (shortage& each : made)
    for (const auto& [id, given] : of.grants())
      if (each.holders.size() < most_named_holders && amount_of(given.demand, each.name) > 0)
        each.holders.push_back(given.holder);
  return made;
}

std::vector<shortage> never_enough(const ledger& of, const resource_vector& demand) {
  return compare(of, demand, of.capacity());
}

std::string to_string(const shortage& shown) {
  return fmt::format("{} {} of {} taken by {} ({} demanded)", shown.name,
                     format_amount(shown.name, shown.capacity - shown.free),
                     format_amount(shown.name, shown.capacity),
                     shown.holders.empty() ? "nobody"
                                           : fmt::format("{}", fmt::join(shown.holders, ", ")),
                     format_amount(shown.name, shown.demand));
}

} // namespace troupe::scheduling
