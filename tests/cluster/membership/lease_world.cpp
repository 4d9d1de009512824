#include "tests/cluster/membership/lease_world.hpp"

#include "tests/support/results.hpp"

#include <algorithm>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using cluster::member_lease;
using workflow::member_key;
using workflow::member_lease_row;

std::string name_of(std::size_t member) {
  return "m" + std::to_string(member);
}

double rate_of(int drift) {
  return 1.0 + drift / 10'000.0;
}

} // namespace

lease_world::lease_world(const setting& of)
    : setting_(of),
      chance_(of.seed % 2'147'483'646 + 1), table_clock_{rate_of(of.table_drift), 0us},
      table_(workflow::make_memory_members({.now = [this] {
        return std::chrono::system_clock::time_point{
            std::chrono::duration_cast<std::chrono::system_clock::duration>(
                at(table_clock_).time_since_epoch())};
      }})) {
  for (std::size_t i = 0; i < members; ++i) {
    const drifting clock{rate_of(of.member_drift.at(i)), 1h * (i + 1)};
    members_.push_back({clock, member_lease{of.rules, of.seed + i, at(clock)}});
    after(1ms * i, [this, i] { member_step(i); });
  }
  for (std::size_t i = 0; i < coordinators; ++i) {
    coordinators_.push_back({{rate_of(of.coordinator_drift.at(i)), 24h * (i + 1)},
                             cluster::member_monitor{of.watching}});
    after(7ms * i, [this, i] { look(i); });
  }
}

void lease_world::after(time wait, std::function<void()> what) {
  events_.push({now_ + std::max(wait, time{1}), ++order_, std::move(what)});
}

void lease_world::run(time until) {
  while (!events_.empty() && events_.top().when <= until) {
    auto next = events_.top();
    events_.pop();
    now_ = next.when;
    next.what();
    check();
  }
  now_ = until;
}

std::chrono::steady_clock::time_point lease_world::at(const drifting& clock) const {
  const auto passed = static_cast<std::int64_t>(static_cast<double>(now_.count()) * clock.rate);
  return std::chrono::steady_clock::time_point{clock.offset + time{passed}};
}

std::size_t lease_world::below(std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>{0, bound - 1}(chance_);
}

bool lease_world::is_on(fault_kind kind, std::uint32_t who) const {
  return pause_left(kind, who) > 0us;
}

lease_world::time lease_world::pause_left(fault_kind kind, std::uint32_t who) const {
  time left{};
  for (const fault& each : setting_.faults) {
    const time from = 1ms * each.at_ms, until = from + 1ms * each.for_ms;
    if (each.kind == kind && each.who == who && from <= now_ && now_ < until)
      left = std::max(left, until - now_);
  }
  return left;
}

// --- members -------------------------------------------------------------------------------------

void lease_world::member_step(std::size_t who) {
  node& of = members_.at(who);
  if (of.killed) return;
  if (const auto pause = pause_left(fault_kind::pause_member, static_cast<std::uint32_t>(who));
      pause > 0us)
    return after(pause, [this, who] { member_step(who); });
  const auto local = at(of.clock);
  if (of.lease.expire(local)) ++fencings_;
  of.lease.stopped(local);
  if (const auto due = of.lease.due(local)) {
    const std::size_t coordinator = of.asks++ / 2 % coordinators;
    transmit(who, coordinator,
             [this, who, coordinator, due = *due] { arrive(who, coordinator, due); });
    // The one that asks waits for so long.
    after(400ms, [this, who, number = due->number] {
      members_.at(who).lease.failed(number, at(members_.at(who).clock));
    });
  }
  after(5ms + 1us * below(10'000), [this, who] { member_step(who); });
}

/// A message between a member and a coordinator: late, lost, or twice.
void lease_world::transmit(std::size_t member, std::size_t coordinator,
                           const std::function<void()>& deliver) {
  const auto pair = static_cast<std::uint32_t>(member * coordinators + coordinator);
  if (is_on(fault_kind::partition, pair)) return;
  if (is_on(fault_kind::lossy, pair) && below(2) == 0) return;
  const time slowest = is_on(fault_kind::slow, pair) ? 3s : 20ms;
  after(1us * below(static_cast<std::size_t>(slowest.count())), deliver);
  if (is_on(fault_kind::doubling, pair) && below(2) == 0) after(1us * below(5'000'000), deliver);
}

/// At the coordinator, which takes its time, and the table.
void lease_world::arrive(std::size_t member, std::size_t coordinator, member_lease::request of) {
  const auto who = static_cast<std::uint32_t>(coordinator);
  if (const auto pause = pause_left(fault_kind::pause_coordinator, who); pause > 0us)
    return after(pause, [this, member, coordinator, of] { arrive(member, coordinator, of); });
  if (is_on(fault_kind::store_away, 0)) return;
  const auto lease = setting_.watching.lease;
  if (of.kind == member_lease::request_kind::join) {
    ++joins_;
    const auto joined = must(table_->join(name_of(member), "", lease));
    return answer(member, coordinator, [this, member, of, joined, lease] {
      node& there = members_.at(member);
      there.lease.joined(of.number, joined.incarnation, lease, at(there.clock));
    });
  }
  const std::array keys{member_key{name_of(member), of.incarnation}};
  const bool renewed = must(table_->renew(keys, lease)).front();
  answer(member, coordinator, [this, member, of, renewed, lease] {
    node& there = members_.at(member);
    if (renewed)
      there.lease.renewed(of.number, lease);
    else if (there.lease.refused(of.number))
      ++fencings_;
  });
}

/// After up to 100 ms, which a commit may take.
void lease_world::answer(std::size_t member, std::size_t coordinator, std::function<void()> take) {
  const auto deliver = [this, member, take = std::move(take)] {
    const auto who = static_cast<std::uint32_t>(member);
    if (members_.at(member).killed) return;
    if (const auto pause = pause_left(fault_kind::pause_member, who); pause > 0us)
      return after(pause, take);
    take();
  };
  after(1us * below(100'000),
        [this, member, coordinator, deliver] { transmit(member, coordinator, deliver); });
}

// --- coordinators --------------------------------------------------------------------------------

/// Looks at the table; may be paused between each step and the next.
void lease_world::look(std::size_t coordinator) {
  const auto who = static_cast<std::uint32_t>(coordinator);
  if (const auto pause = pause_left(fault_kind::pause_coordinator, who); pause > 0us)
    return after(pause, [this, coordinator] { look(coordinator); });
  after(250ms, [this, coordinator] { look(coordinator); });
  if (is_on(fault_kind::store_away, 0)) return;
  after(1us * below(10'000),
        [this, coordinator, seen = must(table_->leases())] { observe(coordinator, seen); });
}

void lease_world::observe(std::size_t coordinator, const std::vector<member_lease_row>& seen) {
  const auto who = static_cast<std::uint32_t>(coordinator);
  if (const auto pause = pause_left(fault_kind::pause_coordinator, who); pause > 0us)
    return after(pause, [this, coordinator, seen] { observe(coordinator, seen); });
  watcher& of = coordinators_.at(coordinator);
  const auto local = at(of.clock);
  of.monitor.observe(seen, local);
  after(1us * below(10'000), [this, coordinator, overdue = of.monitor.overdue(local)] {
    declare(coordinator, overdue);
  });
}

void lease_world::declare(std::size_t coordinator, std::vector<member_lease_row> overdue) {
  const auto who = static_cast<std::uint32_t>(coordinator);
  if (const auto pause = pause_left(fault_kind::pause_coordinator, who); pause > 0us)
    return after(pause, [this, coordinator, overdue] { declare(coordinator, overdue); });
  if (is_on(fault_kind::store_away, 0)) return;
  for (const auto& each : overdue)
    if (must(table_->declare_dead(each))) dead_.insert(each.key);
}

// --- what must be --------------------------------------------------------------------------------

bool lease_world::holds(std::size_t member) const {
  const node& of = members_.at(member);
  return !of.killed && of.lease.holds(at(of.clock));
}

bool lease_world::is_dead(std::size_t member) const {
  return dead_.contains({name_of(member), members_.at(member).lease.incarnation()});
}

void lease_world::check() {
  for (std::size_t i = 0; i < members; ++i)
    if (holds(i) && is_dead(i)) ++violations_;
}

} // namespace troupe::test
