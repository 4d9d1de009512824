#include "cluster/membership/internal/client_core.hpp"

#include "actors/runtime/typed_agent.hpp"
#include "cluster/membership/errc.hpp"
#include "cluster/membership/member_codec.hpp"

#include <algorithm>
#include <google/protobuf/util/time_util.h>
#include <spdlog/spdlog.h>
#include <utility>

namespace troupe::cluster {
namespace {

using request_kind = member_lease::request_kind;

/// Nothing where a coordinator grants what cannot be; that is no lease at all.
std::chrono::milliseconds lease_in(const google::protobuf::Duration& from) {
  constexpr std::int64_t longest_seconds = 3'600;
  if (from.seconds() < 0 || from.seconds() > longest_seconds || from.nanos() < 0) return {};
  return std::chrono::milliseconds{from.seconds() * 1'000 + from.nanos() / 1'000'000};
}

} // namespace

client_core::client_core(membership_client_options options)
    : options_(std::move(options)), lease_(options_.rules, options_.seed, options_.clock->now()),
      wanted_state_(options_.self.state), coordinators_(options_.coordinators),
      at_(coordinators_.empty() ? 0 : options_.seed % coordinators_.size()) {}

result<void> client_core::begin() {
  if (auto good = check(options_.self); !good) return good;
  if (coordinators_.empty())
    return fail(membership_errc::bad_record, "no coordinator to join at; name at least one");
  step();
  return {};
}

// --- asking --------------------------------------------------------------------------------------

void client_core::step() {
  std::optional<outgoing> what;
  {
    const std::lock_guard held{guard_};
    if (stopped_) return;
    if (lease_.expire(options_.clock->now())) note_fenced();
    what = prepare();
    set_alarm();
  }
  line_.run();
  if (what) send(*what);
}

/// Under the lock.
std::optional<client_core::outgoing> client_core::prepare() {
  const auto due = lease_.due(options_.clock->now());
  if (!due) return std::nullopt;
  // The one that was asked keeps its answer for so long that another one may be quicker.
  if (unanswered_ != 0) try_next();
  unanswered_ = due->number;
  outgoing made{coordinators_[at_], nullptr, *due};
  if (due->kind == request_kind::join) {
    v1::JoinRequest join;
    join.set_node(options_.self.node);
    *join.mutable_details() = encode_details(options_.self);
    made.message = share(std::move(join));
  } else {
    v1::RenewRequest renew;
    renew.set_node(options_.self.node);
    renew.set_incarnation(due->incarnation);
    renew.set_state(static_cast<v1::MemberState>(wanted_state_));
    renew.set_known_version(view_->version());
    made.message = share(std::move(renew));
  }
  return made;
}

void client_core::send(const outgoing& what) {
  options_.ask(what.coordinator, what.message, options_.rules.renew_every,
               [weak = weak_from_this(), of = what.of](reply<message_ptr> answer) {
                 if (const auto self = weak.lock()) self->take(of, std::move(answer));
               });
}

/// Under the lock.
void client_core::set_alarm() {
  alarm_.cancel();
  const auto next = lease_.next();
  if (stopped_ || next == member_lease::time_point::max()) return;
  alarm_ = options_.clock->schedule_at(next, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->step();
  });
}

/// Under the lock.
void client_core::try_next() {
  at_ = (at_ + 1) % coordinators_.size();
}

// --- answers -------------------------------------------------------------------------------------

void client_core::take(const member_lease::request& of, reply<message_ptr> answer) {
  {
    const std::lock_guard held{guard_};
    if (stopped_) return;
    if (unanswered_ == of.number) unanswered_ = 0;
    if (!answer)
      take_failure(of, answer.error());
    else if (const auto* join = dynamic_cast<const v1::JoinReply*>(answer->get()))
      take_join(of, *join);
    else if (const auto* renewal = dynamic_cast<const v1::RenewReply*>(answer->get()))
      take_renewal(of, *renewal);
    else
      take_failure(of, {"runtime.wrong_reply_type", "this is no answer to a member", false});
  }
  step();
}

/// Under the lock, as the others.
void client_core::take_join(const member_lease::request& of, const v1::JoinReply& answer) {
  if (!lease_.joined(of.number, answer.incarnation(), lease_in(answer.lease()),
                     options_.clock->now()))
    return;
  refusal_.clear();
  // What it has come to, and who the others are, comes with the first renewal.
  lease_.hurry(options_.clock->now());
  line_.add([self = shared_from_this(), incarnation = answer.incarnation()] {
    if (self->options_.callbacks.on_joined) self->options_.callbacks.on_joined(incarnation);
  });
}

void client_core::take_renewal(const member_lease::request& of, const v1::RenewReply& answer) {
  lease_.renewed(of.number, lease_in(answer.lease()));
  take_changes(answer.changes());
}

void client_core::take_failure(const member_lease::request& of, const failure& why) {
  if (why.type == fenced_failure && of.kind == request_kind::renew) {
    if (of.incarnation == lease_.incarnation() && lease_.refused(of.number)) note_fenced();
    return;
  }
  lease_.failed(of.number, options_.clock->now());
  try_next();
  const bool is_refused = why.type == incompatible_failure || why.type == not_trusted_failure ||
                          why.type == bad_request_failure;
  if (!is_refused || std::exchange(refusal_, why.message) == why.message) return;
  spdlog::warn("membership: refused: {}", why.message);
  line_.add([self = shared_from_this(), why] {
    if (self->options_.callbacks.on_refused) self->options_.callbacks.on_refused(why);
  });
}

void client_core::take_changes(const v1::MembershipChanges& changes) {
  if (changes.version() <= view_->version()) return;
  member_update update{changes.version(), changes.complete(), {}};
  for (const auto& each : changes.members()) {
    auto read = decode_member(each);
    // Of a later release, perhaps: it is not for this node to work with it.
    if (read)
      update.members.push_back(std::move(*read));
    else
      spdlog::warn("membership: a member that cannot be read: {}", read.error().message());
  }
  std::vector<member_event> events;
  view_ = view_->after(update, events);
  find_coordinators();
  if (events.empty()) return;
  line_.add([self = shared_from_this(), now = view_, events = std::move(events)] {
    if (self->options_.callbacks.on_view) self->options_.callbacks.on_view(now, events);
  });
}

/// Those of the view, and those that were named: they may be back where all others have gone.
void client_core::find_coordinators() {
  const std::string current = coordinators_[at_];
  coordinators_.clear();
  for (const auto& each : view_->with_role(node_role::coordinator))
    coordinators_.push_back(each->node);
  for (const auto& each : options_.coordinators)
    if (std::ranges::find(coordinators_, each) == coordinators_.end())
      coordinators_.push_back(each);
  const auto found = std::ranges::find(coordinators_, current);
  at_ = found == coordinators_.end() ? 0 : static_cast<std::size_t>(found - coordinators_.begin());
}

/// Under the lock.
void client_core::note_fenced() {
  unanswered_ = 0;
  line_.add([self = shared_from_this()] {
    if (self->options_.callbacks.on_fenced) self->options_.callbacks.on_fenced();
    if (self->options_.rejoin_by_itself) self->rejoin();
  });
}

// --- what the node wants -------------------------------------------------------------------------

void client_core::rejoin() {
  {
    const std::lock_guard held{guard_};
    lease_.stopped(options_.clock->now());
    set_alarm();
  }
}

void client_core::set_state(member_state to) {
  {
    const std::lock_guard held{guard_};
    wanted_state_ = std::max(wanted_state_, std::min(to, member_state::draining));
    if (lease_.now_is() != member_lease::phase::member) return;
    lease_.hurry(options_.clock->now());
  }
  step();
}

void client_core::leave(std::function<void(reply<void>)> then) {
  v1::LeaveRequest leaving;
  std::string coordinator;
  {
    const std::lock_guard held{guard_};
    const bool is_member = lease_.now_is() == member_lease::phase::member;
    leaving.set_node(options_.self.node);
    leaving.set_incarnation(lease_.incarnation());
    coordinator = coordinators_[at_];
    lease_.end();
    alarm_.cancel();
    if (!is_member) coordinator.clear();
  }
  if (coordinator.empty()) return then({});
  options_.ask(coordinator, share(std::move(leaving)), options_.rules.renew_every,
               [then = std::move(then)](const reply<message_ptr>& answer) {
                 if (!answer) return then(tl::unexpected(answer.error()));
                 then({});
               });
}

bool client_core::holds() const {
  const std::lock_guard held{guard_};
  return lease_.holds(options_.clock->now());
}

std::uint64_t client_core::incarnation() const {
  const std::lock_guard held{guard_};
  return lease_.incarnation();
}

view_ptr client_core::view() const {
  const std::lock_guard held{guard_};
  return view_;
}

void client_core::stop() {
  {
    const std::lock_guard held{guard_};
    stopped_ = true;
    lease_.end();
    alarm_.cancel();
  }
  line_.close();
}

} // namespace troupe::cluster
