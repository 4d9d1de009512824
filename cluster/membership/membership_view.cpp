#include "cluster/membership/membership_view.hpp"

#include <algorithm>

namespace troupe::cluster {
namespace {

const auto name_of = [](const member_ptr& of) -> std::string_view { return of->node; };

using event_kind = member_event::kind;

} // namespace

member_ptr membership_view::find(std::string_view node) const {
  const auto found = std::ranges::lower_bound(members_, node, {}, name_of);
  return found != members_.end() && (*found)->node == node ? *found : nullptr;
}

bool membership_view::is_current(const member_key& key) const {
  const auto found = find(key.node);
  return found && found->incarnation == key.incarnation;
}

bool membership_view::is_suspected(std::string_view node) const {
  return suspected_.contains(node);
}

std::vector<member_ptr> membership_view::with_role(node_role role) const {
  std::vector<member_ptr> found;
  for (const member_ptr& each : members_)
    if (each->roles.contains(role) && each->state <= member_state::active) found.push_back(each);
  // Clang 14 cannot read that of std::ranges.
  std::stable_partition(found.begin(), found.end(),
                        [this](const auto& each) { return !is_suspected(each->node); });
  return found;
}

void membership_view::drop(std::string_view node, event_kind why,
                           std::vector<member_event>& events) {
  const auto found = std::ranges::lower_bound(members_, node, {}, name_of);
  if (found == members_.end() || (*found)->node != node) return;
  events.push_back({why, *found});
  if (const auto doubt = suspected_.find(node); doubt != suspected_.end()) suspected_.erase(doubt);
  members_.erase(found);
}

void membership_view::put(const member_record& of, std::vector<member_event>& events) {
  const auto before = find(of.node);
  if (before && before->incarnation > of.incarnation) return;
  if (before && before->incarnation < of.incarnation) drop(of.node, event_kind::lost, events);
  if (is_gone(of.state))
    return drop(of.node, of.state == member_state::left ? event_kind::left : event_kind::lost,
                events);
  const auto place = std::ranges::lower_bound(members_, of.node, {}, name_of);
  const bool is_there = place != members_.end() && (*place)->node == of.node;
  if (is_there && **place == of) return;
  auto made = std::make_shared<const member_record>(of);
  events.push_back({is_there ? event_kind::changed : event_kind::joined, made});
  if (is_there)
    *place = std::move(made);
  else
    members_.insert(place, std::move(made));
}

view_ptr membership_view::after(const member_update& update,
                                std::vector<member_event>& events) const {
  auto made = std::make_shared<membership_view>(*this);
  made->version_ = update.version;
  if (update.complete) {
    std::set<std::string_view> there;
    for (const auto& each : update.members)
      there.insert(each.node);
    for (const member_ptr& each : members_)
      if (!there.contains(each->node)) made->drop(each->node, event_kind::lost, events);
  }
  for (const auto& each : update.members)
    made->put(each, events);
  return made;
}

view_ptr membership_view::after(const member_key& key, bool suspected,
                                std::vector<member_event>& events) const {
  if (!is_current(key) || is_suspected(key.node) == suspected) return nullptr;
  auto made = std::make_shared<membership_view>(*this);
  if (suspected)
    made->suspected_.insert(key.node);
  else
    made->suspected_.erase(key.node);
  events.push_back({suspected ? event_kind::suspected : event_kind::trusted, find(key.node)});
  return made;
}

} // namespace troupe::cluster
