#include "actors/scheduling/placement/node_pool.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace troupe::scheduling {
namespace {

/// An upper bound of what anybody means, so that sums of places stay exact.
constexpr std::size_t most_places = 1'000'000'000;

/// Which part of a demand is missing on a node: the largest of its resources.
double missing_part(const pool_node& of, const resource_vector& demand) {
  double made = of.in_flight < of.is.places ? 0 : 0.5;
  for (const auto& [name, amount] : amounts_of(demand)) {
    const auto free = amount_of(of.books.free(), name);
    if (amount > free)
      made = std::max(made, static_cast<double>(amount - free) / static_cast<double>(amount));
  }
  return made;
}

/// When those at work have ended of whom the demand needs what they hold.
double free_at(const pool_node& of, const resource_vector& demand) {
  resource_vector free = of.books.free();
  if (fits(demand, free)) return 0;
  std::vector<std::pair<double, ledger::grant_id>> ends;
  for (const auto& [id, given] : of.books.grants()) {
    const auto known = of.ends.find(id);
    ends.emplace_back(known == of.ends.end() ? 0 : known->second, id);
  }
  std::ranges::sort(ends);
  for (const auto& [end, id] : ends) {
    free = sum(free, of.books.grants().at(id).demand).value_or(of.books.capacity());
    if (fits(demand, free)) return end;
  }
  return ends.empty() ? 0 : ends.back().first;
}

} // namespace

node_pool::~node_pool() = default;

node_number node_pool::add(node_description made) {
  made.places = std::min(made.places, most_places);
  const node_number number = last_++;
  auto fresh = std::make_unique<pool_node>();
  fresh->number = number;
  fresh->is = std::move(made);
  fresh->books = ledger{fresh->is.resources};
  pool_node& one = *nodes_.emplace(number, std::move(fresh)).first->second;
  names_[one.is.name] = &one;
  if (first_ == nullptr) first_ = &one;
  count_capacity();
  join_group(one);
  return number;
}

void node_pool::update(node_number number, node_description now) {
  pool_node& one = *nodes_.at(number);
  leave_group(one);
  now.name = one.is.name;
  now.incarnation = one.is.incarnation;
  now.places = std::min(now.places, most_places);
  if (one.books.grants().empty())
    one.books = ledger{now.resources};
  else
    now.resources = one.is.resources;
  one.is = std::move(now);
  count_capacity();
  join_group(one);
}

void node_pool::set_state(node_number number, node_state state) {
  pool_node& one = *nodes_.at(number);
  if (one.is.state == state) return;
  leave_group(one);
  one.is.state = state;
  join_group(one);
}

void node_pool::remove(node_number number) {
  const auto found = nodes_.find(number);
  if (found == nodes_.end()) return;
  pool_node& one = *found->second;
  leave_group(one);
  names_.erase(one.is.name);
  nodes_.erase(found);
  if (first_ == &one) first_ = nodes_.empty() ? nullptr : nodes_.begin()->second.get();
  count_capacity();
}

void node_pool::join_group(pool_node& one) {
  ++version_;
  const auto alike = std::ranges::find_if(groups_, [&](const auto& each) {
    return each->class_ == one.is.node_class && each->offers_ == one.is.offers;
  });
  if (alike != groups_.end()) {
    one.in = alike->get();
  } else {
    one.in = groups_.emplace_back(std::make_unique<node_group>()).get();
    one.in->class_ = one.is.node_class;
    one.in->offers_ = one.is.offers;
  }
  one.in->members_.emplace(one.number, &one);
  count(one, true);
  // The only one so far was not moved.
  for (const auto& [number, each] : one.in->members_)
    if (one.in->members_.size() == 2 || each == &one) one.in->show(*each);
}

void node_pool::leave_group(pool_node& one) {
  ++version_;
  count(one, false);
  node_group& from = *std::exchange(one.in, nullptr);
  from.hide(one);
  from.members_.erase(one.number);
  if (from.members_.empty())
    std::erase_if(groups_, [&](const auto& each) { return each.get() == &from; });
}

/// Of the places; a node that has more at work than it may has none.
void node_pool::count(const pool_node& one, bool in) {
  if (one.is.state != node_state::active) return;
  const std::size_t free = one.is.places - std::min(one.is.places, one.in_flight);
  places_ = in ? places_ + one.is.places : places_ - one.is.places;
  free_places_ = in ? free_places_ + free : free_places_ - free;
}

void node_pool::count_capacity() {
  capacity_ = {};
  for (const auto& [number, each] : nodes_)
    capacity_ = sum(capacity_, each->books.capacity()).value_or(capacity_);
}

const pool_node* node_pool::find(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second;
}

pool_node* node_pool::node_at(node_number number) {
  if (first_ != nullptr && first_->number == number) return first_;
  const auto found = nodes_.find(number);
  return found == nodes_.end() ? nullptr : found->second.get();
}

const pool_node* node_pool::find(node_number number) const {
  if (first_ != nullptr && first_->number == number) return first_;
  const auto found = nodes_.find(number);
  return found == nodes_.end() ? nullptr : found->second.get();
}

std::vector<std::string> node_pool::classes() const {
  std::set<std::string> made;
  for (const auto& each : groups_)
    made.insert(each->class_);
  return {made.begin(), made.end()};
}

ledger::grant_id node_pool::start(node_number on, const resource_vector& demand, std::string holder,
                                  double expected_seconds, double expected_end) {
  pool_node& one = *node_at(on);
  if (one.is.state == node_state::active && one.in_flight < one.is.places) --free_places_;
  ++one.in_flight;
  one.work_seconds += expected_seconds;
  ledger::grant_id held = 0;
  if (!demand.empty()) {
    held = one.books.try_grant(demand, std::move(holder)).value_or(0);
    assert(held != 0);
    one.ends.emplace(held, expected_end);
  }
  one.in->show(one);
  return held;
}

void node_pool::finish(node_number on, ledger::grant_id held, double expected_seconds) {
  pool_node* const found = node_at(on);
  if (found == nullptr) return;
  pool_node& one = *found;
  --one.in_flight;
  // What was added in another order may leave a rest.
  one.work_seconds = one.in_flight == 0 ? 0 : std::max(0.0, one.work_seconds - expected_seconds);
  if (one.is.state == node_state::active && one.in_flight < one.is.places) ++free_places_;
  if (held != 0) {
    one.books.release(held);
    one.ends.erase(held);
    one.in->raise_bound(one.books.free());
  }
  one.in->show(one);
}

void node_pool::clear_work() {
  for (const auto& [number, each] : nodes_) {
    count(*each, false);
    each->in_flight = 0;
    each->work_seconds = 0;
    each->ends.clear();
    each->books.clear();
    count(*each, true);
    each->in->raise_bound(each->books.free());
    each->in->show(*each);
  }
}

need_number node_pool::need_of(std::string_view type, std::string_view key, std::string_view node,
                               std::string_view node_class) {
  std::string name;
  name.reserve(type.size() + key.size() + node.size() + node_class.size() + 3);
  for (const std::string_view part : {type, key, node, node_class}) {
    name += part;
    name += '\0';
  }
  const auto [found, fresh] =
      need_numbers_.try_emplace(std::move(name), static_cast<need_number>(needs_.size()));
  if (fresh)
    needs_.push_back(
        {std::string{type}, std::string{key}, std::string{node}, std::string{node_class}, 0, {}});
  return found->second;
}

void node_pool::forget_needs() {
  needs_.assign(1, need{});
  need_numbers_.clear();
}

std::span<node_group* const> node_pool::groups_for(need_number number) {
  need& of = needs_[number];
  if (std::exchange(of.version, version_) == version_) return of.groups;
  of.groups.clear();
  for (const auto& each : groups_)
    if (each->offers_.has(of.type, of.key) &&
        (of.node_class.empty() || of.node_class == each->class_))
      of.groups.push_back(each.get());
  return of.groups;
}

bool node_pool::meets(const pool_node& one, need_number number) const {
  const need& of = needs_[number];
  return is_as(one, of.type, of.key, of.node, of.node_class);
}

bool node_pool::is_as(const pool_node& one, std::string_view type, std::string_view key,
                      std::string_view node, std::string_view node_class) {
  return one.is.offers.has(type, key) && (node.empty() || node == one.is.name) &&
         (node_class.empty() || node_class == one.is.node_class);
}

bool node_pool::could_hold(need_number number, const resource_vector& demand,
                           std::optional<node_number> except) const {
  return std::ranges::any_of(nodes_, [&](const auto& each) {
    const pool_node& one = *each.second;
    return one.is.state == node_state::active && one.is.places > 0 && one.number != except &&
           fits(demand, one.books.capacity()) && meets(one, number);
  });
}

const pool_node* node_pool::soonest(need_number number, const resource_vector& demand) const {
  const pool_node* made = nullptr;
  std::tuple<double, double> best;
  for (const auto& [id, each] : nodes_) {
    if (each->is.state != node_state::active || each->is.places == 0 ||
        !fits(demand, each->books.capacity()) || !meets(*each, number))
      continue;
    const std::tuple now{free_at(*each, demand), each->load()};
    if (made && best <= now) continue;
    made = each.get();
    best = now;
  }
  return made;
}

const pool_node* node_pool::nearest(need_number number, const resource_vector& demand) const {
  const pool_node* made = nullptr;
  double best = 0;
  for (const auto& [id, each] : nodes_) {
    if (each->is.state != node_state::active || !meets(*each, number)) continue;
    const double missing =
        missing_part(*each, demand) + (fits(demand, each->books.capacity()) ? 0 : 1);
    if (made && best <= missing) continue;
    made = each.get();
    best = missing;
  }
  return made;
}

} // namespace troupe::scheduling
