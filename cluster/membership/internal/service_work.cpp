#include "cluster/membership/errc.hpp"
#include "cluster/membership/internal/service_core.hpp"
#include "cluster/membership/member_codec.hpp"
#include "cluster/membership/release.hpp"

#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::cluster {
namespace {

failure no_store(const error& why) {
  return to_failure({membership_errc::unavailable, why.message()});
}

failure too_late() {
  return to_failure({membership_errc::unavailable,
                     "the store took longer than a lease lasts; look at its load and its disk"});
}

failure was_fenced(const member_key& member) {
  return to_failure(
      {membership_errc::fenced,
       "node " + member.node + " is not a member with incarnation " +
           std::to_string(member.incarnation) +
           ": another one has joined, it has left, or its lease was over; join anew"});
}

} // namespace

bool service_core::note(std::string_view what, const error* failed) {
  if (!failed) {
    if (std::exchange(store_is_lost_, false)) spdlog::info("membership: the store answers again");
    return true;
  }
  if (!std::exchange(store_is_lost_, true))
    spdlog::warn("membership: {}: {}; no lease is prolonged until the store answers", what,
                 failed->message());
  const std::lock_guard held{guard_};
  ++counters_.store_failures;
  return false;
}

bool service_core::is_too_old(time_point arrived) const {
  return options_.clock->now() - arrived >= options_.lease;
}

// --- leases --------------------------------------------------------------------------------------

void service_core::renew_all(std::vector<waiting_renewal> members,
                             std::optional<member_lease::request> own) {
  std::vector<member_key> keys;
  keys.reserve(members.size() + 1);
  for (const auto& each : members)
    keys.push_back(each.member);
  if (own) keys.push_back({options_.self.node, own->incarnation});
  const auto done = options_.table->renew(keys, options_.lease);
  note("renewing", done);
  if (own) take_own_renewal(*own, done);
  {
    const std::lock_guard held{guard_};
    ++counters_.renewal_commits;
  }
  for (std::size_t i = 0; i < members.size(); ++i)
    if (done)
      answer_renewal(members[i], (*done)[i]);
    else
      members[i].then(tl::unexpected(no_store(done.error())));
}

void service_core::answer_renewal(const waiting_renewal& of, bool renewed) {
  if (!renewed) return of.then(tl::unexpected(was_fenced(of.member)));
  {
    const std::lock_guard held{guard_};
    ++counters_.renewals;
    const auto known = view_->find(of.member.node);
    if (known && known->key() == of.member && known->state < of.state)
      advances_.push_back({of.member, of.state, [](const reply<void>&) {}, of.arrived});
  }
  of.then(options_.lease);
}

void service_core::take_own_renewal(const member_lease::request& own,
                                    const result<std::vector<bool>>& done) {
  const std::lock_guard held{guard_};
  if (!done) return lease_.failed(own.number, options_.clock->now());
  if (!done->back()) {
    if (lease_.refused(own.number)) note_fenced();
    return;
  }
  lease_.renewed(own.number, options_.lease);
  const member_key key{options_.self.node, own.incarnation};
  const auto known = view_->find(key.node);
  if (known && known->key() == key && known->state < wanted_state_)
    advances_.push_back({key, wanted_state_, [](const reply<void>&) {}, options_.clock->now()});
}

// --- coming and going ----------------------------------------------------------------------------

result<void> service_core::begin() {
  if (auto good = check(options_.self); !good) return good;
  if (auto read = take_changes(); !read) return read;
  if (auto fits = check_neighbours(); !fits) return fits;
  std::optional<member_lease::request> own;
  {
    const std::lock_guard held{guard_};
    own = lease_.due(options_.clock->now());
  }
  if (own)
    if (auto joined = join_self(*own); !joined) return joined;
  if (auto read = take_changes(); !read) return read;
  line_.run();
  wake();
  return {};
}

/// A node of another release must not write what those that are there do not know.
result<void> service_core::check_neighbours() const {
  for (const auto& each : view()->with_role(node_role::coordinator))
    if (each->node != options_.self.node)
      if (auto fits = check_compatible(*each, options_.self); !fits) return fits;
  return {};
}

result<void> service_core::join_self(const member_lease::request& own) {
  const auto joined =
      options_.table->join(options_.self.node, details_bytes(options_.self), options_.lease);
  const std::lock_guard held{guard_};
  if (!joined) {
    lease_.failed(own.number, options_.clock->now());
    return tl::unexpected(joined.error());
  }
  changes_due_ = true;
  if (!lease_.joined(own.number, joined->incarnation, options_.lease, options_.clock->now()))
    return {};
  lease_.hurry(options_.clock->now());
  line_.add([self = shared_from_this(), incarnation = joined->incarnation] {
    if (self->options_.callbacks.on_joined) self->options_.callbacks.on_joined(incarnation);
  });
  watch_own_lease();
  return {};
}

void service_core::join_one(const waiting_join& of) {
  if (is_too_old(of.arrived)) return of.then(tl::unexpected(too_late()));
  const auto joined = options_.table->join(of.node.node, details_bytes(of.node), options_.lease);
  if (!note("taking a node in", joined)) return of.then(tl::unexpected(no_store(joined.error())));
  {
    const std::lock_guard held{guard_};
    ++counters_.joins;
    changes_due_ = true;
  }
  of.then(grant{joined->incarnation, options_.lease});
}

void service_core::advance_one(const waiting_advance& of) {
  const auto done = options_.table->advance(of.member, of.to);
  if (!note("a member's state", done)) return of.then(tl::unexpected(no_store(done.error())));
  {
    const std::lock_guard held{guard_};
    changes_due_ = true;
  }
  if (!*done) return of.then(tl::unexpected(was_fenced(of.member)));
  of.then({});
}

// --- looking -------------------------------------------------------------------------------------

void service_core::look() {
  const auto leases = options_.table->leases();
  const auto now = options_.clock->now();
  {
    const std::lock_guard held{guard_};
    next_look_ = now + options_.look_every;
  }
  if (!note("looking at the members", leases)) return;
  const auto suspicions = monitor_.observe(*leases, now);
  for (const auto& each : monitor_.overdue(now))
    declare(each);
  if (note("what has changed", take_changes())) take_suspicions(suspicions);
}

void service_core::declare(const workflow::member_lease_row& overdue) {
  // Whether this node itself is alive is for the others to say.
  if (overdue.key.node == options_.self.node) return;
  const auto done = options_.table->declare_dead(overdue);
  if (!note("declaring a member dead", done) || !*done) return;
  spdlog::warn("membership: node {}, incarnation {}, is dead: its lease is over", overdue.key.node,
               overdue.key.incarnation);
  const std::lock_guard held{guard_};
  ++counters_.declared_dead;
}

result<void> service_core::take_changes() {
  std::uint64_t known = 0;
  {
    const std::lock_guard held{guard_};
    known = log_.version();
  }
  const auto changes = options_.table->changes_since(known);
  if (!changes) return tl::unexpected(changes.error());
  if (changes->rows.empty() && !changes->complete) return {};
  apply(*changes);
  return {};
}

void service_core::apply(const workflow::member_changes& changes) {
  member_update update{changes.version, changes.complete, {}};
  std::vector<member_event> events;
  const std::lock_guard held{guard_};
  log_.begin(changes.complete);
  for (const workflow::member_row& each : changes.rows) {
    auto read = read_row(each);
    if (!read) {
      spdlog::warn("membership: {}", read.error().message());
      continue;
    }
    log_.add(each.version, encode_member(*read));
    update.members.push_back(std::move(*read));
  }
  log_.finish(changes.version);
  view_ = view_->after(update, events);
  tell_view(std::move(events));
}

void service_core::take_suspicions(const std::vector<member_monitor::suspicion>& of) {
  std::vector<member_event> events;
  const std::lock_guard held{guard_};
  for (const auto& [key, suspected] : of)
    if (key.node != options_.self.node)
      if (auto changed = view_->after(key, suspected, events)) view_ = std::move(changed);
  tell_view(std::move(events));
}

/// Under the lock.
void service_core::tell_view(std::vector<member_event> events) {
  if (events.empty() || !options_.callbacks.on_view) return;
  line_.add([self = shared_from_this(), now = view_, events = std::move(events)] {
    self->options_.callbacks.on_view(now, events);
  });
}

} // namespace troupe::cluster
