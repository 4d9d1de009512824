#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"

#include <fmt/format.h>

// Who of those that wait may start: a place is free, and the whole demand.
namespace troupe::workflow {
namespace {

std::string describe_missing(const std::vector<scheduling::shortage>& missing) {
  std::string made;
  for (const scheduling::shortage& each : missing)
    made += fmt::format("{}{}", made.empty() ? "" : "; ", scheduling::to_string(each));
  return made;
}

std::string on_node(const waiting_reason& shown) {
  return shown.node.empty() ? "" : " on node " + shown.node;
}

} // namespace

std::string to_string(const waiting_reason& shown) {
  switch (shown.why) {
  case waiting_reason::cause::commit:
    return "waits for: commit";
  case waiting_reason::cause::slot:
    return fmt::format("waits for: slot: {} of {} taken{}", shown.slots_taken, shown.slots,
                       on_node(shown));
  case waiting_reason::cause::resources:
    return "waits for: resources: " + describe_missing(shown.missing) + on_node(shown);
  case waiting_reason::cause::reserved:
    return fmt::format("waits for: resources kept for {}, which waits in front of it{}",
                       shown.kept_for, on_node(shown));
  case waiting_reason::cause::limit_concurrency:
    return fmt::format("waits for: limit.concurrency of '{}': {} of {} taken, {} wait in front of "
                       "it",
                       shown.key, shown.held, shown.bound, shown.ahead);
  case waiting_reason::cause::uncommitted:
    return fmt::format("waits for: commits: {} of {} effects are not durable yet", shown.held,
                       shown.bound);
  case waiting_reason::cause::no_node:
    return fmt::format("waits for: node: there is none {}", shown.wanted_node);
  case waiting_reason::cause::nodes_away:
    return fmt::format("waits for: node: all {} are suspect or draining: {}", shown.wanted_node,
                       shown.away);
  case waiting_reason::cause::too_large:
    return fmt::format("waits for: node: none {} has as much: {}{}", shown.wanted_node,
                       describe_missing(shown.missing), on_node(shown));
  case waiting_reason::cause::limit_rate:
    return fmt::format("waits for: limit.rate of '{}': {} wait in front of it", shown.key,
                       shown.ahead);
  }
  return "waits";
}

/// Whether each step, and each of the runs that steps are, could start with nobody else at work.
result<void> engine_core::check_demands(const definition& workflow) const {
  if (around_.options.may_grow) return {};
  for (const definition* within : definitions_in(workflow))
    if (auto fit = check_demands_of(*within); !fit) return fit;
  return {};
}

result<void> engine_core::check_demands_of(const definition& workflow) const {
  for (const step& each : workflow.steps) {
    if (each.demand.empty()) continue;
    if (several_) {
      if (auto fit = check_demand_on_several(each); !fit) return fit;
      continue;
    }
    const auto missing = scheduling::never_enough(resources(), each.demand);
    if (missing.empty()) continue;
    const scheduling::shortage& first = missing.front();
    return fail(workflow_errc::demand_too_large,
                fmt::format("step '{}' demands {} {}, and this node has {}, of all: {}; lower the "
                            "step's resources, or "
                            "run it on a node that has more",
                            each.id, first.name,
                            scheduling::format_amount(first.name, first.demand),
                            scheduling::format_amount(first.name, first.capacity),
                            scheduling::format_resources(resources().capacity())));
  }
  return {};
}

bool engine_core::is_stale(const started_attempt& wanted) const {
  const auto run = runs_.find(wanted.run_id);
  return run == runs_.end() || !run->second.state.is_current(wanted.attempt);
}

/// Lets go of those at the front that are not wanted any more: nothing is kept for them.
void engine_core::skip_stale() {
  while (const auto first = line_.reserved_for(resources().free())) {
    const auto found = demanding_.find(*first);
    if (!is_stale(found->second.wanted)) return;
    (void)take(demanding_, found);
  }
}

engine_core::started_attempt engine_core::take(waiting_attempts& from,
                                               waiting_attempts::iterator which) {
  if (which->second.start_by) timers_.erase(*which->second.start_by);
  line_.remove(which->first);
  limits_.remove(which->first);
  // One that is parked is not in the line.
  if (which->second.wanted.tenant != 0) shares_.leave(which->second.wanted.tenant);
  started_attempt made = std::move(which->second.wanted);
  from.erase(which);
  return made;
}

/// Who starts next, where a place is free: the first in order for whom all is there.
std::optional<engine_core::started_attempt> engine_core::take_next() {
  while (!line_.empty()) {
    reorder_runs();
    const auto next = next_in_line();
    if (!next) return std::nullopt;
    waiting_attempts& from = waiting_.contains(next->who) ? waiting_ : demanding_;
    const auto found = from.find(next->who);
    if (hold_back(from, found)) continue;
    line_.count_grant(next->who);
    started_attempt made = claim(from, found);
    made.node = next->on;
    charge(made);
    return made;
  }
  return std::nullopt;
}

std::optional<scheduling::placed> engine_core::next_in_line() {
  if (several_) return next_placed();
  skip_stale();
  const auto next = line_.next(resources().free());
  return next ? std::optional{scheduling::placed{*next, here_}} : std::nullopt;
}

/// Whether an attempt that is not durable yet may go before those that wait: only where it takes none of what they need.
bool engine_core::may_overtake(const scheduling::resource_vector& demand) const {
  return demand.empty() ||
         (demanding_.empty() && (several_ || scheduling::fits(demand, resources().free())));
}

waiting_reason engine_core::reason_of(waiting_key key, const started_attempt& wanted) const {
  waiting_reason made;
  made.instance = wanted.attempt.instance;
  made.attempt = wanted.attempt.attempt;
  made.since = wanted.scheduled;
  made.slots_taken = in_flight_;
  made.slots = around_.options.max_attempts_in_flight;
  if (held_.contains(key)) return describe_uncommitted(wanted, made), made;
  if (describe_limit(key, made)) return made;
  const auto* demand = line_.demand_of(key);
  if (several_) {
    if (!may_begin()) return describe_uncommitted(wanted, made), made;
    return describe_nodes(key, wanted, made), made;
  }
  if (made.slots_taken < made.slots && !may_begin()) describe_uncommitted(wanted, made);
  if (!demand || demand->empty()) return made;
  made.missing = scheduling::shortages(resources(), *demand);
  if (!made.missing.empty()) {
    made.why = waiting_reason::cause::resources;
    return made;
  }
  const auto first = line_.reserved_for(resources().free());
  // Where a place is free, one that is in front would have started; but now and then who waits longest is before all.
  const bool lacks_a_place = places_full() && first && line_.is_before(key, *first);
  if (!first || lacks_a_place ||
      !scheduling::delays(*demand, *line_.demand_of(*first), resources().free()))
    return made;
  const started_attempt& ahead = demanding_.at(*first).wanted;
  if (const auto run = runs_.find(ahead.run_id); run != runs_.end())
    made.kept_for = run->second.state.idempotency_key(ahead.attempt.instance);
  made.why = waiting_reason::cause::reserved;
  return made;
}

std::vector<waiting_reason> engine_core::waiting(const std::string& run_id) const {
  std::map<waiting_key, const started_attempt*> mine;
  for (const waiting_attempts* each : {&waiting_, &demanding_, &parked_, &held_})
    for (const auto& [key, waits] : *each)
      if (waits.wanted.run_id == run_id && !is_stale(waits.wanted))
        mine.emplace(key, &waits.wanted);
  std::vector<waiting_reason> made;
  made.reserve(mine.size());
  for (const auto& [key, wanted] : mine)
    made.push_back(reason_of(key, *wanted));
  const auto add = [&](const unsettled& part) {
    for (const attempt_id& each : part.to_start)
      made.push_back({each.instance, each.attempt, waiting_reason::cause::commit});
  };
  for (const handed_over& part : handed_)
    if (part.run_id == run_id) add(part.what);
  if (const auto run = runs_.find(run_id); run != runs_.end()) add(run->second.pending);
  return made;
}

} // namespace troupe::workflow
