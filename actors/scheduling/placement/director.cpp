#include "actors/scheduling/placement/director.hpp"

#include "actors/scheduling/resources/waiting_line.hpp"

#include <array>
#include <limits>

namespace troupe::scheduling {
namespace {

const resource_vector nothing_demanded;

/// What is left of what is demanded, as a part of what the node has.
double left_over(const pool_node& on, const resource_vector& demand) {
  const auto part = [](std::uint64_t wanted, std::uint64_t free, std::uint64_t all) {
    return wanted == 0 || all == 0 ? 0.0
                                   : static_cast<double>(free - wanted) / static_cast<double>(all);
  };
  const resource_vector& free = on.books.free();
  const resource_vector& all = on.books.capacity();
  double made = part(demand.milli_cpu, free.milli_cpu, all.milli_cpu) +
                part(demand.gpu, free.gpu, all.gpu) +
                part(demand.memory_bytes, free.memory_bytes, all.memory_bytes) +
                part(demand.gpu_memory_bytes, free.gpu_memory_bytes, all.gpu_memory_bytes);
  for (const auto& [name, amount] : demand.custom)
    made += part(amount, amount_of(free, name), amount_of(all, name));
  return made;
}

class node_picker {
public:
  node_picker(node_pool& pool, const placement_request& wanted, const kept_room* kept)
      : pool_(pool), wanted_(wanted), demand_(wanted.demand ? *wanted.demand : nothing_demanded),
        kept_(kept) {}

  std::optional<node_number> pick() {
    if (const std::string& name = pool_.name_in(wanted_.need); !name.empty()) return named(name);
    switch (strategy_of(wanted_)) {
    case placement_strategy::prefer_local:
      if (const auto here = local()) return here;
      return first_by_load();
    case placement_strategy::spread:
      return best([&](const pool_node& one) { return begun_on(one); });
    case placement_strategy::best_fit:
      if (demand_.empty()) return first_by_load();
      return best([&](const pool_node& one) { return left_over(one, demand_); });
    case placement_strategy::by_cost:
      return first_done();
    default:
      return first_by_load();
    }
  }

private:
  [[nodiscard]] bool takes(const pool_node& one) const {
    if (!one.is_open() || one.number == wanted_.avoid) return false;
    if (demand_.empty()) return true;
    return fits(demand_, one.books.free()) && !(kept_ && kept_->node == one.number &&
                                                delays(demand_, *kept_->demand, one.books.free()));
  }
  std::optional<node_number> named(const std::string& name) const {
    const pool_node* one = pool_.find(name);
    if (!one || !pool_.meets(*one, wanted_.need) || !takes(*one)) return std::nullopt;
    return one->number;
  }
  std::optional<node_number> local() const {
    const pool_node* one = wanted_.local ? pool_.find(*wanted_.local) : nullptr;
    if (!one || !pool_.meets(*one, wanted_.need) || !takes(*one)) return std::nullopt;
    return one->number;
  }
  [[nodiscard]] double begun_on(const pool_node& one) const {
    if (!wanted_.begun) return 0;
    const auto found = wanted_.begun->find(one.number);
    return found == wanted_.begun->end() ? 0 : found->second;
  }
  [[nodiscard]] double seconds_on(const node_group& in) const {
    if (!wanted_.seconds) return 0;
    const auto known = wanted_.seconds->find(in.node_class());
    return known == wanted_.seconds->end() ? 0 : known->second;
  }

  std::optional<node_number> first_by_load() {
    for (node_group* group : pool_.groups_for(wanted_.need))
      look(*group, group->by_load(), true, [](const pool_node& one) { return one.load(); });
    return chosen();
  }
  std::optional<node_number> first_done() {
    for (node_group* group : pool_.groups_for(wanted_.need)) {
      const double seconds = seconds_on(*group);
      look(*group, group->by_work(), wanted_.transfer == nullptr, [&](const pool_node& one) {
        return one.backlog_seconds() + seconds +
               (wanted_.transfer ? (*wanted_.transfer)(one.is) : 0.0);
      });
    }
    return chosen();
  }
  template <class Rating>
  std::optional<node_number> best(Rating&& rating) {
    for (node_group* group : pool_.groups_for(wanted_.need))
      look(*group, group->by_load(), false, rating);
    return chosen();
  }

  /// @param first_is_best of a group: the order is by the rating.
  template <class Rating>
  void look(node_group& in, const node_group::order& from, bool first_is_best, Rating&& rating) {
    if (!in.may_fit(demand_)) return;
    bool found = false;
    for (const node_group::entry& each : from) {
      if (!takes(*each.of)) continue;
      found = true;
      offer(*each.of, rating(*each.of));
      if (first_is_best) break;
    }
    if (!found && !demand_.empty()) in.note_full();
  }
  void offer(const pool_node& one, double rating) {
    const std::tuple rated{rating, one.load(), one.number};
    if (best_ && *best_ <= rated) return;
    best_ = rated;
  }
  [[nodiscard]] std::optional<node_number> chosen() const {
    return best_ ? std::optional{std::get<2>(*best_)} : std::nullopt;
  }

  node_pool& pool_;
  const placement_request& wanted_;
  const resource_vector& demand_;
  const kept_room* kept_;
  /// The smallest rating is the best, then the load, then the number.
  std::optional<std::tuple<double, double, node_number>> best_;
};

} // namespace

placement_strategy strategy_of(const placement_request& wanted) {
  if (wanted.strategy != placement_strategy::automatic) return wanted.strategy;
  if (wanted.seconds) return placement_strategy::by_cost;
  return wanted.demand && !wanted.demand->empty() ? placement_strategy::best_fit
                                                  : placement_strategy::least_loaded;
}

std::optional<node_number> pick_node(node_pool& pool, const placement_request& wanted,
                                     const kept_room* kept) {
  return node_picker{pool, wanted, kept}.pick();
}

} // namespace troupe::scheduling
