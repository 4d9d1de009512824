// What goes wrong, from when to when.
#include "cluster/fabric/errc.hpp"
#include "cluster/testing/internal/call_out.hpp"
#include "cluster/testing/internal/network_core.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster::testing {
namespace {

/// Work of the network itself.
class planned final : public event_target {
public:
  explicit planned(std::function<void()> work) : work_(std::move(work)) {}
  void happen(event_kind, std::uint32_t) override { work_(); }

private:
  const std::function<void()> work_;
};

bool parts(fault_kind kind) {
  return kind == fault_kind::partition || kind == fault_kind::cut;
}

std::uint64_t key_of(const host* from, const host* to) {
  return std::uint64_t{from ? from->number : 0} << 32 | (to ? to->number : 0);
}

} // namespace

void network_core::host_set::add(const host& one) {
  if (one.number >= has_.size()) has_.resize(one.number + 1);
  has_[one.number] = true;
}

bool network_core::host_set::contains(const host* one) const {
  return one->number < has_.size() && has_[one->number];
}

bool network_core::trouble::stands_between(const host* from, const host* to) const {
  const auto towards = [&](const host* a, const host* b) {
    return is_node.contains(a) && (others.empty() ? !is_node.contains(b) : is_other.contains(b));
  };
  return towards(from, to) || (what.kind == fault_kind::partition && towards(to, from));
}

bool network_core::passes(const host* from, const host* to) const {
  return from == to || std::ranges::none_of(cuts_, [&](fault_id each) {
           return troubles_.at(each).stands_between(from, to);
         });
}

std::vector<host*> network_core::hosts_of(const std::vector<std::string>& names) {
  std::vector<host*> found;
  for (const auto& each : names)
    found.push_back(&host_of(each));
  return found;
}

std::uint64_t network_core::begin(const fault& what) {
  leftovers dropped; // end after the lock
  lock_type lock{mutex_};
  const auto which = begin_locked(what, dropped);
  const auto nodes = troubles_.at(which).is_node;
  if (what.kind == fault_kind::crash || what.kind == fault_kind::power_loss)
    changed_.wait(lock,
                  [&] { return runs_here() || !calling_at_ || !nodes.contains(calling_at_); });
  return which;
}

std::uint64_t network_core::begin_locked(const fault& what, leftovers& dropped) {
  const auto which = ++last_fault_;
  auto& added = troubles_[which];
  added = {what, hosts_of(what.nodes), hosts_of(what.others), {}, {}, {}};
  for (const auto* each : added.nodes) {
    added.is_node.add(*each);
    added.lives.push_back(each->lives);
  }
  for (const auto* each : added.others)
    added.is_other.add(*each);
  if (seen_) note("begin", to_string(what), {});
  if (parts(what.kind)) cuts_.insert(which);
  if (what.kind == fault_kind::slow) set_shape(which, added, true);
  apply(added, true, dropped);
  return which;
}

void network_core::end_fault(fault_id which) {
  const lock_type lock{mutex_};
  end_locked(which);
}

void network_core::end_locked(fault_id which) {
  auto found = troubles_.extract(which);
  if (found.empty()) return;
  if (seen_) note("end", to_string(found.mapped().what), {});
  cuts_.erase(which);
  if (found.mapped().what.kind == fault_kind::slow) set_shape(which, found.mapped(), false);
  leftovers none;
  apply(found.mapped(), false, none);
}

void network_core::apply(const trouble& of, bool begins, leftovers& dropped) {
  for (std::size_t i = 0; i < of.nodes.size(); ++i)
    if (begins || of.what.kind != fault_kind::pause || of.lives[i] == of.nodes[i]->lives)
      apply_at(*of.nodes[i], of, begins, dropped);
}

void network_core::apply_at(host& at, const trouble& of, bool begins, leftovers& dropped) {
  const int sign = begins ? 1 : -1;
  switch (of.what.kind) {
  case fault_kind::partition:
  case fault_kind::cut:
    return look_at(at);
  case fault_kind::pause:
    return set_pause(at, sign);
  case fault_kind::crash:
    if (begins) kill(at, dropped);
    return;
  case fault_kind::power_loss:
    at.down = begins;
    return begins ? kill(at, dropped) : look_at(at);
  case fault_kind::refuse:
    at.refused_ppm += sign * of.what.ppm;
    return;
  case fault_kind::skew:
    at.skew += sign * of.what.offset;
    return;
  case fault_kind::drift:
    at.drift_ppm += sign * of.what.ppm;
    if (!at.clock) return;
    at.clock->set_drift(now(), at.drift_ppm);
    return at.clock->expect_first(*this);
  case fault_kind::slow:
    return;
  }
}

void network_core::set_pause(host& at, int change) {
  at.pauses += change;
  look_at(at);
  if (at.pauses > 0) return;
  for (auto& each : std::exchange(at.late, {}))
    push(std::max(now(), each.when), each.kind, each.where, std::move(each.to), each.epoch);
}

/// Ends every process of this machine without a word to it.
void network_core::kill(host& at, leftovers& dropped) {
  ++at.lives;
  at.pauses = 0;
  for (const auto& each : std::exchange(at.processes, {})) {
    each->stopped = each->dead = true;
    if (!each->address.empty()) places_[each->address].who.reset();
    dropped.push_back(std::make_shared<transport::acceptor>(std::exchange(each->accept, nullptr)));
    while (!each->sides.empty())
      vanish(*each->sides.begin()->second, dropped);
  }
  dropped.push_back(std::make_shared<std::vector<event>>(std::exchange(at.late, {})));
  if (const auto clock = std::exchange(at.clock, nullptr))
    dropped.push_back(std::make_shared<node_clock::tasks>(clock->end()));
}

void network_core::vanish(link_side& side, leftovers& dropped) {
  const auto self = side.shared_from_this();
  const auto other = std::exchange(side.other, nullptr);
  dropped.push_back(std::exchange(side.listener, nullptr));
  dropped.push_back(dismiss(side));
  side.is = link_side::stage::closed;
  side.vanished = true;
  side.in.clear();
  if (!other) return;
  if (other->owner)
    look_at(*other);
  else
    discard(*other);
}

void network_core::set_shape(fault_id which, const trouble& of, bool begins) {
  const std::vector<host*> any{nullptr};
  for (const auto* from : of.nodes.empty() ? any : of.nodes)
    for (const auto* to : of.others.empty() ? any : of.others) {
      auto& all = shapes_[key_of(from, to)];
      if (begins)
        all.push_back({which, of.what.shape});
      else
        std::erase_if(all, [&](const auto& each) { return each.by == which; });
      if (all.empty()) shapes_.erase(key_of(from, to));
    }
}

const link_shape& network_core::shape_between(const host* from, const host* to) const {
  const shape_in_force* last = nullptr;
  if (!shapes_.empty())
    for (const auto key :
         {key_of(from, to), key_of(from, nullptr), key_of(nullptr, to), std::uint64_t{0}})
      if (const auto found = shapes_.find(key);
          found != shapes_.end() && (!last || found->second.back().by > last->by))
        last = &found->second.back();
  return last ? last->shape : options_.links;
}

void network_core::play(const fault_plan& plan, std::function<void(const fault&, bool)> told) {
  const lock_type lock{mutex_};
  const auto tell =
      std::make_shared<const std::function<void(const fault&, bool)>>(std::move(told));
  const auto start = now();
  for (const auto& each : plan.faults) {
    const auto which = std::make_shared<fault_id>();
    push(start + each.at, event_kind::task, nullptr,
         std::make_shared<planned>([this, each, which, tell] {
           leftovers dropped;
           *which = begin_locked(each, dropped);
           call_out(nullptr, nullptr, [&] {
             dropped.clear();
             if (*tell) (*tell)(each, true);
           });
         }));
    if (each.lasts.count() == 0) continue;
    push(start + each.at + each.lasts, event_kind::task, nullptr,
         std::make_shared<planned>([this, each, which, tell] {
           end_locked(*which);
           if (*tell) call_out(nullptr, nullptr, [&] { (*tell)(each, false); });
         }));
  }
}

/// Of every link of this machine, both ends: what can pass has changed.
void network_core::look_at(host& at) {
  for (const auto& each : at.processes)
    for (const auto& [number, side] : each->sides)
      look_at(*side);
  for (const auto& [number, side] : at.linked) {
    look_at(*side);
    if (side->other && !side->other->owner) look_at(*side->other); // is here, not accepted yet
  }
}

void network_core::look_at(link_side& side) {
  if (side.is == link_side::stage::closed || side.is == link_side::stage::closing || !side.there)
    return;
  const bool comes = passes(side.there, side.at);
  const bool answered = comes && passes(side.at, side.there) && !side.there->down;
  if (comes && std::exchange(side.held_back, false)) send_again(side);
  if (answered && side.other && side.other->vanished) {
    side.other.reset();
    append(side,
           {parcel::kind::end,
            {},
            {},
            {fabric_errc::closed, "node \"" + side.there->name + "\" died"}},
           now() + shape_between(side.there, side.at).latency.draw(side.random));
  }
  watch(side,
        side.is == link_side::stage::open && (side.doomed || !answered || side.there->pauses > 0));
}

void network_core::watch(link_side& side, bool silent) {
  if (std::exchange(side.silent, silent) == silent) return;
  ++side.silence_epoch;
  if (!silent) return;
  const auto spread = static_cast<std::size_t>(options_.silence.count() / 4 + 1);
  push(now() + options_.silence + std::chrono::nanoseconds{side.random.below(spread)},
       event_kind::silence, side.at, side.shared_from_this(), side.silence_epoch);
}

/// What was held back sets out anew, in its order.
void network_core::send_again(link_side& to) {
  auto earliest = now() + shape_between(to.there, to.at).latency.draw(to.random);
  for (auto& each : to.in)
    earliest = each.arrives = std::max(each.arrives, earliest);
  to.last_arrival = std::max(to.last_arrival, earliest);
  expect_arrival(to);
}

void network_core::doom(link_side& side) {
  side.doomed = true;
  look_at(side);
}

std::shared_ptr<timer> network_core::clock(const std::string& node) {
  const lock_type lock{mutex_};
  auto& at = host_of(node);
  if (!at.clock) {
    // Any time within ten days.
    const auto ahead =
        options_.unrelated_clocks
            ? scheduling::splitmix64(options_.seed ^ (std::uint64_t{at.number} << 32)) %
                  864'000'000'000'000
            : 0;
    at.clock = std::make_shared<node_clock>(weak_from_this(), &at, now(),
                                            now() + std::chrono::nanoseconds{ahead});
    at.clock->set_drift(now(), at.drift_ppm);
  }
  return at.clock;
}

network_counters network_core::counters() const {
  const lock_type lock{mutex_};
  return counters_;
}

void network_core::observe(std::function<void(const network_moment&)> seen) {
  const lock_type lock{mutex_};
  seen_ = std::move(seen);
}

void network_core::note(std::string_view what, std::string_view from, std::string_view to,
                        std::size_t bytes) {
  if (seen_) seen_({now(), what, from, to, bytes});
}

} // namespace troupe::cluster::testing
