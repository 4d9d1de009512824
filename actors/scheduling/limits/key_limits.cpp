#include "actors/scheduling/limits/key_limits.hpp"

#include <algorithm>
#include <utility>

namespace troupe::scheduling {

bool key_limits::add(who waiting, const std::vector<key_limit>& wanted, time_point now) {
  if (keys_.size() + wanted.size() > std::min(sweep_at_, bound_)) {
    forget_idle(now);
    sweep_at_ = std::max<std::size_t>(1'024, 2 * keys_.size());
  }
  std::size_t fresh = 0;
  for (const key_limit& each : wanted)
    fresh += keys_.contains(each.key) ? 0 : 1;
  if (keys_.size() + fresh > bound_) return false;
  waiter made;
  for (const key_limit& each : wanted) {
    const key_place place = &*keys_.try_emplace(each.key).first;
    made.demands.push_back({place, each.concurrency, each.interval, std::max(each.burst, 1u)});
    auto& queue = place->second.queue;
    const bool first = queue.empty() || waiting < *queue.begin();
    if (first && !queue.empty())
      if (waiter& front = waiting_.at(*queue.begin()); std::exchange(front.admitted, false))
        displaced_.push_back(*queue.begin());
    queue.insert(waiting);
    if (first) mark(place);
  }
  waiting_.emplace(waiting, std::move(made));
  return true;
}

bool key_limits::remove(who waiting) {
  const auto found = waiting_.find(waiting);
  if (found == waiting_.end()) return false;
  leave_queues(waiting, found->second);
  waiting_.erase(found);
  std::erase(displaced_, waiting);
  return true;
}

void key_limits::leave_queues(who waiting, const waiter& gone) {
  for (const demand& each : gone.demands) {
    auto& queue = each.of->second.queue;
    const bool first = *queue.begin() == waiting;
    queue.erase(waiting);
    if (first) mark(each.of);
  }
}

void key_limits::mark(key_place which) {
  if (!std::exchange(which->second.changed, true)) changed_.push_back(which);
}

/// When the rate has room. The bucket is never further from full than it can be, whatever the clock did.
key_limits::time_point key_limits::room_at(const demand& wanted, time_point now) {
  if (wanted.interval.count() == 0) return now;
  key_state& of = wanted.of->second;
  of.full = std::min(of.full, now + of.longest);
  return of.full - (wanted.burst - 1) * wanted.interval;
}

bool key_limits::has_slot(const demand& wanted) {
  return wanted.concurrency == 0 || wanted.of->second.held < wanted.concurrency;
}

/// Sets what wakes it where only time is missing.
bool key_limits::may_go(who waiting, const waiter& wanted, time_point now) {
  bool good = true;
  for (const demand& each : wanted.demands) {
    if (*each.of->second.queue.begin() != waiting || !has_slot(each)) {
      good = false;
      continue;
    }
    if (const time_point room = room_at(each, now); room > now) {
      wake_at(each.of, room);
      good = false;
    }
  }
  return good;
}

void key_limits::wake_at(key_place which, time_point moment) {
  auto& wake = which->second.wake;
  if (wake) wakes_.erase({*wake, which});
  wake = moment;
  wakes_.emplace(moment, which);
}

void key_limits::look_at(key_place which, time_point now, std::vector<who>& admitted) {
  key_state& of = which->second;
  of.changed = false;
  if (of.queue.empty()) return;
  const who first = *of.queue.begin();
  waiter& wanted = waiting_.at(first);
  if (wanted.admitted || !may_go(first, wanted, now)) return;
  wanted.admitted = true;
  admitted.push_back(first);
}

key_limits::changes key_limits::update(time_point now) {
  changes made;
  if (changed_.empty() && displaced_.empty() && (wakes_.empty() || wakes_.begin()->first > now))
    return made;
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    const key_place which = wakes_.begin()->second;
    wakes_.erase(wakes_.begin());
    which->second.wake.reset();
    mark(which);
  }
  made.displaced = std::exchange(displaced_, {});
  for (const key_place which : std::exchange(changed_, {}))
    look_at(which, now, made.admitted);
  return made;
}

std::optional<key_limits::time_point> key_limits::next_wake() const {
  if (wakes_.empty()) return std::nullopt;
  return wakes_.begin()->first;
}

key_limits::hold_id key_limits::grant(who admitted, time_point now) {
  const auto found = waiting_.find(admitted);
  if (found == waiting_.end() || !found->second.admitted) return 0;
  const waiter gone = std::move(found->second);
  waiting_.erase(found);
  leave_queues(admitted, gone);
  std::vector<key_place> held;
  for (const demand& each : gone.demands) {
    key_state& of = each.of->second;
    if (each.concurrency > 0) ++of.held, held.push_back(each.of);
    if (each.interval.count() == 0) continue;
    of.full = std::max(of.full, now) + each.interval;
    of.longest = std::max(of.longest, each.burst * each.interval);
  }
  holds_.emplace(++last_hold_, std::move(held));
  return last_hold_;
}

bool key_limits::release(hold_id given) {
  const auto found = holds_.find(given);
  if (found == holds_.end()) return false;
  for (const key_place each : found->second)
    --each->second.held, mark(each);
  holds_.erase(found);
  return true;
}

std::optional<key_limits::obstacle> key_limits::obstacle_of(who waiting, time_point now) const {
  const auto found = waiting_.find(waiting);
  if (found == waiting_.end() || found->second.admitted) return std::nullopt;
  for (const demand& each : found->second.demands) {
    const key_state& of = each.of->second;
    const auto ahead =
        static_cast<std::size_t>(std::distance(of.queue.begin(), of.queue.find(waiting)));
    const time_point room = room_at(each, now);
    const bool slot = has_slot(each);
    if (ahead == 0 && slot && room <= now) continue;
    obstacle made{each.of->first, !slot || each.interval.count() == 0,
                  of.held,        each.concurrency,
                  ahead,          std::nullopt};
    if (!made.concurrency) made.at = room;
    return made;
  }
  return std::nullopt;
}

std::vector<key_limits::usage> key_limits::busiest(std::size_t most, std::size_t looked_at,
                                                   time_point now) const {
  std::vector<const key_map::value_type*> found;
  for (const auto& each : keys_) {
    if (looked_at-- == 0) break;
    if (each.second.held > 0 || !each.second.queue.empty()) found.push_back(&each);
  }
  const auto busy = [](const auto* of) { return of->second.held + of->second.queue.size(); };
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(found.size(), most));
  std::partial_sort(found.begin(), end, found.end(), [&](const auto* a, const auto* b) {
    return busy(a) != busy(b) ? busy(a) > busy(b) : a->first < b->first;
  });
  std::vector<usage> made;
  for (auto each = found.begin(); each != end; ++each) {
    const key_state& of = (*each)->second;
    made.push_back({(*each)->first, of.held, of.queue.size(), {}});
    if (of.full > now) made.back().full = std::min(of.full, now + of.longest);
  }
  return made;
}

bool key_limits::is_idle(const key_state& of, time_point now) {
  return of.queue.empty() && of.held == 0 && !of.changed && !of.wake &&
         std::min(of.full, now + of.longest) <= now;
}

void key_limits::forget_idle(time_point now) {
  // A key whose queue emptied is marked, and waits for nobody.
  std::erase_if(changed_, [](key_place which) {
    if (!which->second.queue.empty()) return false;
    which->second.changed = false;
    return true;
  });
  for (auto& each : keys_)
    if (each.second.queue.empty() && each.second.wake)
      wakes_.erase({*std::exchange(each.second.wake, std::nullopt), &each});
  std::erase_if(keys_, [&](const auto& each) { return is_idle(each.second, now); });
}

void key_limits::clear() {
  wakes_.clear();
  changed_.clear();
  displaced_.clear();
  holds_.clear();
  waiting_.clear();
  keys_.clear();
}

} // namespace troupe::scheduling
