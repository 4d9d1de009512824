#include "actors/workflow/engine_core.hpp"

#include <algorithm>
#include <utility>

// Attempts whose steps have limits: they come to the others that wait once all their keys have room, and take from the keys
// when they start, together with their place and what they demand.
namespace troupe::workflow {
namespace {

/// Of several limits of one key, what bounds more.
void merge(std::vector<scheduling::key_limit>& into, scheduling::key_limit&& next) {
  const auto found = std::ranges::find(into, next.key, &scheduling::key_limit::key);
  if (found == into.end()) return into.push_back(std::move(next));
  if (next.concurrency > 0)
    found->concurrency =
        found->concurrency == 0 ? next.concurrency : std::min(found->concurrency, next.concurrency);
  if (next.interval > found->interval) {
    found->interval = next.interval;
    found->burst = next.burst;
  }
}

} // namespace

std::vector<scheduling::key_limit> engine_core::limits_of(const live_run& run,
                                                          const attempt_id& attempt,
                                                          std::vector<std::string> keys) {
  const auto& limits = run.state.definition_of(attempt.instance).key_limits;
  std::vector<scheduling::key_limit> wanted;
  for (std::size_t i = 0; i < limits.size(); ++i)
    merge(wanted, {std::move(keys[i]), limits[i].concurrency, limits[i].interval, limits[i].burst});
  return wanted;
}

/// @returns whether the attempt waits; where not, its failure is on its way.
bool engine_core::park(const std::string& run_id, const live_run& run, waiting_key key,
                       const attempt_id& attempt) {
  auto keys = run.state.limit_keys(attempt.instance);
  if (!keys) return refuse_later(run_id, attempt, std::move(keys.error())), false;
  if (limits_.add(key, limits_of(run, attempt, std::move(*keys)), around_.now())) return true;
  refuse_later(run_id, attempt,
               {"workflow.too_many_limit_keys",
                "this node remembers as many keys of limits as it may; use fewer different keys, "
                "or try again later",
                true});
  return false;
}

/// Lets those go to the others that have room at all their keys, and takes back who was overtaken.
void engine_core::admit() {
  for (;;) {
    const auto changed = limits_.update(around_.now());
    if (changed.admitted.empty() && changed.displaced.empty()) return;
    for (const waiting_key& key : changed.displaced) {
      line_.remove(key);
      auto waits = place_of(key).extract(key);
      shares_.leave(std::exchange(waits.mapped().wanted.tenant, 0));
      parked_.insert(std::move(waits));
    }
    for (const waiting_key& key : changed.admitted)
      unpark(key);
  }
}

void engine_core::unpark(waiting_key key) {
  const auto found = parked_.find(key);
  const started_attempt& wanted = found->second.wanted;
  // Its run may have failed meanwhile.
  if (is_stale(wanted)) return (void)take(parked_, found);
  live_run& run = runs_.at(wanted.run_id);
  join_line(run, parked_.extract(found));
}

/// Puts one that waited elsewhere among those that may start.
void engine_core::join_line(live_run& run, waiting_attempts::node_type waits) {
  const waiting_key key = waits.key();
  started_attempt& wanted = waits.mapped().wanted;
  const bool demands = !run.state.demand_of(wanted.attempt.instance).empty();
  line_up(key, run, wanted);
  (demands ? demanding_ : waiting_).insert(std::move(waits));
  if (demands) fresh_.push_back(key);
}

/// Takes one that is to start, with what it holds of its keys from now on.
engine_core::started_attempt engine_core::claim(waiting_attempts& from,
                                                waiting_attempts::iterator which) {
  const auto held = is_stale(which->second.wanted) ? 0 : limits_.grant(which->first, around_.now());
  started_attempt made = take(from, which);
  made.keys = held;
  return made;
}

/// Where one that waits is.
engine_core::waiting_attempts& engine_core::place_of(waiting_key key) {
  if (waiting_.contains(key)) return waiting_;
  if (demanding_.contains(key)) return demanding_;
  return held_.contains(key) ? held_ : parked_;
}

bool engine_core::describe_limit(waiting_key key, waiting_reason& into) const {
  auto why = limits_.obstacle_of(key, around_.now());
  if (!why) return false;
  into.why = why->concurrency ? waiting_reason::cause::limit_concurrency
                              : waiting_reason::cause::limit_rate;
  into.key = std::move(why->key);
  into.held = why->held;
  into.bound = why->bound;
  into.ahead = why->ahead;
  into.room_at = why->at;
  return true;
}

} // namespace troupe::workflow
