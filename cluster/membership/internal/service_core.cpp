#include "cluster/membership/internal/service_core.hpp"

#include "cluster/membership/errc.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {
namespace {

std::shared_ptr<executor> store_thread(const membership_service_options& from) {
  if (from.store) return from.store;
  return std::make_shared<thread_pool>(thread_pool_options{1, 16, "troupe-members"});
}

failure service_stopped() {
  return to_failure({membership_errc::unavailable, "this coordinator stops; ask another one"});
}

} // namespace

service_core::service_core(membership_service_options options)
    : options_(std::move(options)), store_(store_thread(options_)),
      monitor_({options_.renewing.renew_every, options_.lease, options_.renewing.clock_drift,
                options_.phi_threshold}),
      lease_(options_.renewing, options_.seed, options_.clock->now()),
      wanted_state_(options_.self.state), next_look_(options_.clock->now()),
      next_renewals_(options_.clock->now()) {}

// --- requests ------------------------------------------------------------------------------------

template <class Waiting, class Queue>
void service_core::enqueue(Waiting what, Queue& into) {
  std::unique_lock held{guard_};
  what.arrived = options_.clock->now();
  const bool is_full = into.size() >= membership_defaults::most_waiting;
  if (stopping_ || is_full) {
    held.unlock();
    return what.then(tl::unexpected(
        stopping_ ? service_stopped()
                  : to_failure({membership_errc::unavailable,
                                "too many nodes wait for the store here; ask another one"})));
  }
  into.push_back(std::move(what));
  held.unlock();
  wake();
}

void service_core::join(const member_record& node, answer<grant> then) {
  enqueue(waiting_join{node, std::move(then), {}}, joins_);
}

void service_core::renew(const member_key& member, member_state state,
                         answer<std::chrono::milliseconds> then) {
  enqueue(waiting_renewal{member, state, std::move(then), {}}, renewals_);
}

void service_core::advance(const member_key& member, member_state to, answer<void> then) {
  enqueue(waiting_advance{member, to, std::move(then), {}}, advances_);
}

void service_core::set_state(member_state to) {
  {
    const std::lock_guard held{guard_};
    wanted_state_ = std::max(wanted_state_, to);
    if (lease_.now_is() != member_lease::phase::member) return;
    lease_.hurry(options_.clock->now());
  }
  wake();
}

// --- what runs when ------------------------------------------------------------------------------

void service_core::wake() {
  {
    const std::lock_guard held{guard_};
    if (working_ || stopping_) return;
    working_ = true;
  }
  if (store_->post([self = shared_from_this()] { self->work(); })) return;
  // Its queue is full of others' work: the alarm comes back to it.
  const std::lock_guard held{guard_};
  working_ = false;
  idle_.notify_all();
  set_alarm();
}

void service_core::work() {
  for (;;) {
    std::unique_lock held{guard_};
    const job next = stopping_ ? job{} : next_job(options_.clock->now());
    if (!next) {
      working_ = false;
      if (!stopping_) set_alarm();
      idle_.notify_all();
      return;
    }
    held.unlock();
    next();
    line_.run();
  }
}

service_core::job service_core::next_job(time_point now) {
  if (auto lease = next_lease_job(now)) return lease;
  if (now >= next_look_) return [this] { look(); };
  if (auto request = next_request_job()) return request;
  if (!std::exchange(changes_due_, false)) return {};
  return [this] { note("what has changed", take_changes()); };
}

/// Leases come before everything: they do not wait.
service_core::job service_core::next_lease_job(time_point now) {
  using kind = member_lease::request_kind;
  const auto own = lease_.due(now);
  if (own && own->kind == kind::join)
    return [this, own = *own] { note("joining", join_self(own)); };
  if (!own && (renewals_.empty() || now < next_renewals_)) return {};
  next_renewals_ = now + options_.renewals_every;
  return [this, own, members = std::exchange(renewals_, {})]() mutable {
    renew_all(std::move(members), own);
  };
}

service_core::job service_core::next_request_job() {
  if (!advances_.empty()) {
    auto first = std::move(advances_.front());
    advances_.pop_front();
    return [this, first = std::move(first)] { advance_one(first); };
  }
  if (joins_.empty()) return {};
  auto first = std::move(joins_.front());
  joins_.pop_front();
  return [this, first = std::move(first)] { join_one(first); };
}

service_core::time_point service_core::next_moment() const {
  auto next = std::min(next_look_, lease_.next());
  return renewals_.empty() ? next : std::min(next, next_renewals_);
}

void service_core::set_alarm() {
  alarm_.cancel();
  // A look that is due and cannot begin, since the store's executor is full, is tried again.
  const auto when = std::max(next_moment(), options_.clock->now() + std::chrono::milliseconds{1});
  alarm_ = options_.clock->schedule_at(when, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->wake();
  });
}

// --- its own lease -------------------------------------------------------------------------------

/// The lease ends also while the store keeps its thread waiting. Under the lock.
void service_core::watch_own_lease() {
  if (fence_watched_ || lease_.now_is() != member_lease::phase::member || stopping_) return;
  fence_watched_ = true;
  fence_alarm_ = options_.clock->schedule_at(lease_.stop_at(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->look_after_own_lease();
  });
}

void service_core::look_after_own_lease() {
  {
    const std::lock_guard held{guard_};
    fence_watched_ = false;
    if (stopping_) return;
    if (lease_.expire(options_.clock->now())) note_fenced();
    watch_own_lease();
  }
  line_.run();
  wake();
}

/// Under the lock.
void service_core::note_fenced() {
  ++counters_.fenced;
  line_.add([self = shared_from_this()] {
    if (self->options_.callbacks.on_fenced) self->options_.callbacks.on_fenced();
    const std::lock_guard held{self->guard_};
    self->lease_.stopped(self->options_.clock->now());
  });
}

// --- the end -------------------------------------------------------------------------------------

/// Under the lock.
std::deque<service_core::job> service_core::refuse_all() {
  std::deque<job> told;
  const auto refuse = [&](auto& queue) {
    for (auto& each : queue)
      told.push_back([then = std::move(each.then)] { then(tl::unexpected(service_stopped())); });
    queue.clear();
  };
  refuse(joins_);
  refuse(renewals_);
  refuse(advances_);
  return told;
}

void service_core::stop(bool leave) {
  std::unique_lock held{guard_};
  if (std::exchange(stopping_, true)) return;
  alarm_.cancel();
  fence_alarm_.cancel();
  auto refused = refuse_all();
  idle_.wait(held, [this] { return !working_; });
  const bool leaves = leave && lease_.now_is() == member_lease::phase::member;
  const member_key own{options_.self.node, lease_.incarnation()};
  lease_.end();
  held.unlock();
  for (const job& each : refused)
    each();
  if (leaves) note("leaving", options_.table->advance(own, member_state::left));
  line_.close();
  if (!options_.store) store_->stop(runtime::defaults::drain_bound);
}

// --- what is known -------------------------------------------------------------------------------

view_ptr service_core::view() const {
  const std::lock_guard held{guard_};
  return view_;
}

v1::MembershipChanges service_core::changes_since(std::uint64_t version) const {
  const std::lock_guard held{guard_};
  return log_.since(version);
}

bool service_core::holds() const {
  const std::lock_guard held{guard_};
  return lease_.holds(options_.clock->now());
}

std::uint64_t service_core::incarnation() const {
  const std::lock_guard held{guard_};
  return lease_.incarnation();
}

membership_counters service_core::counters() const {
  const std::lock_guard held{guard_};
  return counters_;
}

} // namespace troupe::cluster
