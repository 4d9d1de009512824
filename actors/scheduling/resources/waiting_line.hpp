#pragma once

#include "actors/scheduling/resources/resource_vector.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace troupe::scheduling {

/// Who waits for resources, in order: lower keys first. Decides who may go next.
///
/// The rule: the first in order goes as soon as its whole demand is free. While it is not, somebody behind may go in its
/// place only where that cannot keep it waiting for longer: of each resource that the first demands, the other takes
/// nothing, or leaves what the first demands. So the first waits for those at work when it came to the front and for
/// nobody else, however large its demand and however many small ones come after it; since one after another comes to the
/// front, of equal priority none waits for ever. No run times are needed, and none are guessed: the price is that what is
/// kept for the first lies idle meanwhile.
class waiting_line {
public:
  /// The negated priority, then the number in the order of arrival.
  using key = std::pair<std::int32_t, std::uint64_t>;

  void add(key who, const resource_vector& demand);
  /// @returns false where nobody of this key waits.
  bool remove(key who);
  void clear();
  [[nodiscard]] bool empty() const { return classes_.empty(); }
  [[nodiscard]] std::size_t size() const { return demands_.size(); }

  /// Who may be granted its demand out of `free` now; it stays in the line. Takes time in the number of different demands
  /// that wait, not in the number of those who do.
  [[nodiscard]] std::optional<key> next(const resource_vector& free) const;
  /// For whom something is kept: the first whose demand is not free.
  [[nodiscard]] std::optional<key> reserved_for(const resource_vector& free) const;
  /// nullptr where nobody of this key waits.
  [[nodiscard]] const resource_vector* demand_of(key who) const;

private:
  /// Those with one demand: where it is not free for the first of them, it is for none.
  using demand_classes = std::map<resource_vector, std::set<key>>;

  demand_classes classes_;
  /// The first of each class.
  std::map<key, demand_classes::const_iterator> fronts_;
  std::map<key, demand_classes::iterator> demands_;
};

/// Whether granting `demand` out of `free` keeps somebody with demand `first` from starting as soon as it could.
[[nodiscard]] bool delays(const resource_vector& demand, const resource_vector& first,
                          const resource_vector& free);

} // namespace troupe::scheduling
