#pragma once

#include "actors/scheduling/resources/resource_vector.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe::scheduling {

/// Who waits for resources, in order. Decides who may go next.
///
/// The order: tenants by their turn; of one tenant by priority, then workflow by workflow in the order that a policy gives
/// them, then by rank within one, then by arrival. Whoever says no more than a key is in order of priority and arrival. One
/// grant in `patience` of a tenant goes to the one of it that waits longest, whatever the rest says, so none waits for
/// ever.
///
/// The rule: the first in order goes as soon as its whole demand is free. While it is not, somebody behind may go in its
/// place only where that cannot keep it waiting for longer: of each resource that the first demands, the other takes
/// nothing, or leaves what the first demands. So the first waits for those at work when it came to the front and for
/// nobody else, however large its demand and however many small ones come after it. No run times are needed for that: the
/// price is that what is kept for the first lies idle meanwhile.
class waiting_line {
public:
  /// The negated priority, then the number in the order of arrival.
  using key = std::pair<std::int32_t, std::uint64_t>;
  /// Where in the line somebody stands, beyond its key.
  struct place {
    std::uint64_t tenant = 0;
    std::uint64_t workflow = 0;
    /// Of the workflow: smallest first.
    double order = 0;
    /// Within the workflow: largest first.
    double rank = 0;
    /// Which nodes will do, by a number of the caller's; of one node 0.
    std::uint32_t need = 0;
  };
  /// Of so many grants of a tenant one goes to who waits longest.
  static constexpr std::uint32_t patience = 32;

  waiting_line() = default;
  waiting_line(const waiting_line&) = delete; // it points into itself
  waiting_line& operator=(const waiting_line&) = delete;

  void add(key who, const resource_vector& demand, const place& where);
  void add(key who, const resource_vector& demand) { add(who, demand, place{}); }
  /// @returns false where nobody of this key waits.
  bool remove(key who);
  void clear();
  [[nodiscard]] bool empty() const { return members_.empty(); }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  /// Moves all of a workflow; takes time in the number of different demands of it, not in the number of those who wait.
  void reorder(std::uint64_t workflow, double order);
  /// Of a tenant: smallest first; 0 where nothing was said.
  void set_turn(std::uint64_t tenant, double turn);
  /// Somebody is granted what it demands now.
  void count_grant(key who);

  /// Who may be granted its demand out of `free` now; it stays in the line. Takes time in the number of different demands
  /// that wait, not in the number of those who do.
  [[nodiscard]] std::optional<key> next(const resource_vector& free) const;
  /// The first in order, whether its demand is free or not.
  [[nodiscard]] std::optional<key> first() const;
  /// For whom something is kept: the first whose demand is not free.
  [[nodiscard]] std::optional<key> reserved_for(const resource_vector& free) const;
  /// nullptr where nobody of this key waits.
  [[nodiscard]] const resource_vector* demand_of(key who) const;
  /// Calls `look(who, demand, need)` for the first of each tenant, demand and need, in order, until it returns false.
  void visit(const std::function<bool(key, const resource_vector&, std::uint32_t)>& look) const;
  /// 0 where nobody of this key waits.
  [[nodiscard]] std::uint32_t need_of(key who) const;
  /// Whether one comes before the other, of one tenant; both wait.
  [[nodiscard]] bool is_before(key one, key other) const;

private:
  struct group_name {
    std::int32_t negated_priority = 0;
    double order = 0;
    std::uint64_t workflow = 0;
    friend bool operator<(const group_name& a, const group_name& b) {
      return std::tie(a.negated_priority, a.order, a.workflow) <
             std::tie(b.negated_priority, b.order, b.workflow);
    }
  };
  /// The negated rank, then the key.
  using rank_and_key = std::pair<double, key>;
  struct demand_class;
  /// Those of one workflow, one demand and one priority.
  struct group {
    group_name name;
    demand_class* within = nullptr;
    std::set<rank_and_key> members;
  };
  struct front {
    group_name name;
    rank_and_key first;
    demand_class* of = nullptr;
    friend bool operator<(const front& a, const front& b) {
      return std::tie(a.name, a.first) < std::tie(b.name, b.first);
    }
  };
  struct tenant_line;
  /// Those of a tenant with one demand and one need: where it is not free for the first of them, it is for none.
  struct demand_class {
    resource_vector demand;
    std::uint32_t need = 0;
    tenant_line* of = nullptr;
    std::map<group_name, group> groups;
    std::optional<std::set<front>::iterator> shown;
  };
  struct tenant_line {
    double turn = 0;
    std::map<std::pair<resource_vector, std::uint32_t>, demand_class> classes;
    /// The first of each class.
    std::set<front> fronts;
    /// By their numbers.
    std::map<std::uint64_t, key> arrivals;
    /// Since one who waits longest went.
    std::uint32_t grants = 0;
  };
  struct member {
    group* in = nullptr;
    double negated_rank = 0;
  };

  static void show_front(demand_class& of);
  void drop_group(group& emptied);
  /// Calls `look(who, class)` in order until it says to stop.
  template <class Look>
  void in_order(Look&& look) const;

  std::map<std::uint64_t, tenant_line> tenants_;
  /// Those of `tenants_` that have somebody, by turn.
  std::set<std::pair<double, std::uint64_t>> turns_;
  std::map<key, member> members_;
  std::map<std::uint64_t, std::vector<group*>> workflows_;
};

/// Whether granting `demand` out of `free` keeps somebody with demand `first` from starting as soon as it could.
[[nodiscard]] bool delays(const resource_vector& demand, const resource_vector& first,
                          const resource_vector& free);

} // namespace troupe::scheduling
