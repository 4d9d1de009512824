#include "actors/scheduling/resources/waiting_line.hpp"

#include <algorithm>

namespace troupe::scheduling {

/// Whatever changed in a class, its first is shown among those of its tenant.
void waiting_line::show_front(demand_class& of) {
  if (of.shown) of.of->fronts.erase(*of.shown);
  of.shown.reset();
  if (of.groups.empty()) return;
  const auto& [name, first] = *of.groups.begin();
  of.shown = of.of->fronts.insert({name, *first.members.begin(), &of}).first;
}

void waiting_line::add(key who, const resource_vector& demand, const place& where) {
  tenant_line& of = tenants_[where.tenant];
  if (of.arrivals.empty()) turns_.insert({of.turn, where.tenant});
  of.arrivals.emplace(who.second, who);
  demand_class& within = of.classes[{demand, where.need}];
  if (within.of == nullptr) {
    within.demand = demand;
    within.need = where.need;
    within.of = &of;
  }
  const group_name name{who.first, where.order, where.workflow};
  const auto [found, fresh] = within.groups.try_emplace(name);
  group& in = found->second;
  if (fresh) {
    in.name = name;
    in.within = &within;
    workflows_[where.workflow].push_back(&in);
  }
  in.members.insert({-where.rank, who});
  members_[who] = {&in, -where.rank};
  show_front(within);
}

/// Of a group without members, and of what has nothing else.
void waiting_line::drop_group(group& emptied) {
  const auto of_workflow = workflows_.find(emptied.name.workflow);
  std::erase(of_workflow->second, &emptied);
  if (of_workflow->second.empty()) workflows_.erase(of_workflow);
  emptied.within->groups.erase(emptied.name);
}

bool waiting_line::remove(key who) {
  const auto found = members_.find(who);
  if (found == members_.end()) return false;
  const auto [in, negated_rank] = found->second;
  members_.erase(found);
  demand_class& within = *in->within;
  tenant_line& of = *within.of;
  of.arrivals.erase(who.second);
  in->members.erase({negated_rank, who});
  if (in->members.empty()) drop_group(*in);
  show_front(within);
  if (within.groups.empty()) of.classes.erase(std::pair{within.demand, within.need});
  if (!of.arrivals.empty()) return true;
  const auto tenant = std::find_if(turns_.begin(), turns_.end(), [&](const auto& each) {
    return &tenants_.at(each.second) == &of;
  });
  const std::uint64_t number = tenant->second;
  turns_.erase(tenant);
  // What a tenant has had is kept by whoever gives the turns.
  tenants_.erase(number);
  return true;
}

void waiting_line::clear() {
  members_.clear();
  workflows_.clear();
  turns_.clear();
  tenants_.clear();
}

void waiting_line::reorder(std::uint64_t workflow, double order) {
  const auto of = workflows_.find(workflow);
  if (of == workflows_.end()) return;
  for (group* const each : of->second) {
    if (each->name.order == order) continue;
    demand_class& within = *each->within;
    if (within.shown) within.of->fronts.erase(*within.shown);
    within.shown.reset();
    // The group stays where it is in memory.
    auto node = within.groups.extract(each->name);
    node.key().order = order;
    node.mapped().name.order = order;
    within.groups.insert(std::move(node));
    show_front(within);
  }
}

void waiting_line::set_turn(std::uint64_t tenant, double turn) {
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end() || found->second.turn == turn) return;
  turns_.erase({found->second.turn, tenant});
  found->second.turn = turn;
  turns_.insert({turn, tenant});
}

void waiting_line::count_grant(key who) {
  const auto found = members_.find(who);
  if (found == members_.end()) return;
  tenant_line& of = *found->second.in->within->of;
  if (of.arrivals.begin()->second == who)
    of.grants = 0;
  else
    ++of.grants;
}

template <class Look>
void waiting_line::in_order(Look&& look) const {
  for (const auto& [turn, number] : turns_) {
    const tenant_line& of = tenants_.at(number);
    if (of.grants + 1 >= patience) {
      const key longest = of.arrivals.begin()->second;
      if (!look(longest, *members_.at(longest).in->within)) return;
    }
    for (const front& each : of.fronts)
      if (!look(each.first.second, *each.of)) return;
  }
}

std::optional<waiting_line::key> waiting_line::next(const resource_vector& free) const {
  const resource_vector* first = nullptr;
  std::optional<key> found;
  in_order([&](key who, const demand_class& of) {
    const bool free_now = fits(of.demand, free);
    if (free_now && (!first || !delays(of.demand, *first, free))) found = who;
    if (!free_now && !first) first = &of.demand;
    return !found;
  });
  return found;
}

std::optional<waiting_line::key> waiting_line::first() const {
  std::optional<key> found;
  in_order([&](key who, const demand_class&) {
    found = who;
    return false;
  });
  return found;
}

std::optional<waiting_line::key> waiting_line::reserved_for(const resource_vector& free) const {
  std::optional<key> found;
  in_order([&](key who, const demand_class& of) {
    if (!fits(of.demand, free)) found = who;
    return !found;
  });
  return found;
}

void waiting_line::visit(
    const std::function<bool(key, const resource_vector&, std::uint32_t)>& look) const {
  in_order([&](key who, const demand_class& of) { return look(who, of.demand, of.need); });
}

const resource_vector* waiting_line::demand_of(key who) const {
  const auto found = members_.find(who);
  return found == members_.end() ? nullptr : &found->second.in->within->demand;
}

std::uint32_t waiting_line::need_of(key who) const {
  const auto found = members_.find(who);
  return found == members_.end() ? 0 : found->second.in->within->need;
}

bool waiting_line::is_before(key one, key other) const {
  const member& a = members_.at(one);
  const member& b = members_.at(other);
  if (a.in->name < b.in->name || b.in->name < a.in->name) return a.in->name < b.in->name;
  return std::pair{a.negated_rank, one} < std::pair{b.negated_rank, other};
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
