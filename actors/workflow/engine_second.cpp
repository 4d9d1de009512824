#include "actors/scheduling/learning/cost_learner.hpp"
#include "actors/workflow/engine_flight.hpp"
#include "actors/workflow/engine_policy.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

// Second attempts beside those that take long. Such an attempt takes nothing from others: it begins only where nobody waits,
// and where that has changed until it is durable, it waits until nobody does.
namespace troupe::workflow {
namespace {

/// Before so many attempts of a step were measured, what is usual for it is not known.
constexpr double enough_measured = 5;
/// What is shorter is not worth a second attempt, however long it takes in comparison.
constexpr std::chrono::milliseconds shortest_lateness{100};

duration as_duration(double seconds) {
  constexpr auto longest = std::chrono::duration<double>{std::chrono::hours{24 * 365}};
  return std::chrono::duration_cast<duration>(
      std::min(std::chrono::duration<double>{seconds}, longest));
}

} // namespace

/// How long an attempt may run before it counts as late; nothing where that is not known.
std::optional<duration> engine_core::time_before_late(const live_run& run,
                                                      const flight& here) const {
  const step& of = run.state.definition_of(here.attempt.instance);
  if (here.attempt.instance.compensation || !of.speculate || around_.options.speculation.share <= 0)
    return std::nullopt;
  if (of.speculate->after > duration{0}) return of.speculate->after;
  if (!around_.options.costs) return std::nullopt;
  const auto known =
      around_.options.costs->estimate(cost_key_of(*run.state.workflow(), of, class_of(here.timing)),
                                      here.timing.request_bytes, declared_seconds(of));
  const bool declared = known.source == scheduling::estimate_source::declared;
  if (!declared &&
      (known.source != scheduling::estimate_source::step || known.weight < enough_measured))
    return std::nullopt;
  return std::max<duration>(as_duration(of.speculate->factor * known.p95_seconds),
                            shortest_lateness);
}

void engine_core::watch_for_lateness(live_run& run, const std::shared_ptr<flight>& here) {
  const auto allowed = time_before_late(run, *here);
  if (!allowed || here->timing.started + *allowed >= here->due) return;
  here->allowed = *allowed;
  here->straggles = timers_.emplace(here->timing.started + *allowed, straggler_timer{here});
}

void engine_core::fire(const straggler_timer& due) {
  due.late->straggles.reset();
  late_.push_back(due.late);
}

/// Of those that wait to start, one whose other attempt has ended is an attempt as any: the step waits for it.
void engine_core::line_up_seconds() {
  for (auto& [run_id, attempt] : std::exchange(seconds_, {})) {
    const auto run = runs_.find(run_id);
    if (run == runs_.end() || !run->second.state.is_current(attempt)) continue;
    if (run->second.state.other_of(attempt))
      seconds_.emplace_back(run_id, attempt);
    else
      await_place(run_id, run->second, attempt);
  }
}

void engine_core::start_seconds() {
  for (auto& [run_id, attempt] : std::exchange(seconds_, {})) {
    const auto found = runs_.find(run_id);
    if (failed_ || found == runs_.end() || !found->second.state.is_current(attempt)) continue;
    live_run& run = found->second;
    const auto other = run.state.other_of(attempt);
    const auto beside = other ? run.pulses.find(other->token) : run.pulses.end();
    const auto on =
        idle_node(run, attempt, beside == run.pulses.end() ? nullptr : beside->second.get());
    const auto keys = on ? try_keys(run, attempt, true) : std::nullopt;
    if (!keys) {
      seconds_.emplace_back(run_id, attempt);
      continue;
    }
    const time_point now = around_.now();
    started_attempt wanted{run_id, attempt, now, full_time(now)};
    wanted.keys = *keys;
    wanted.node = *on;
    start_attempt(run, std::move(wanted), now);
  }
}

/// One after the other, each once the one before has its place: so none is recorded for which there is no room.
void engine_core::begin_seconds() {
  const auto is_settled = [&](const std::shared_ptr<flight>& each) {
    const auto run = runs_.find(each->run_id);
    return run == runs_.end() || run->second.epoch != each->epoch ||
           !run->second.state.may_have_second(each->attempt);
  };
  std::erase_if(late_, is_settled);
  while (!failed_ && seconds_unsettled_ == 0 && seconds_.empty()) {
    const auto next = std::ranges::find_if(late_, [&](const std::shared_ptr<flight>& each) {
      live_run& run = runs_.at(each->run_id);
      return has_budget(run) && idle_node(run, each->attempt, each->beats.get()) &&
             try_keys(run, each->attempt, false);
    });
    if (next == late_.end()) return;
    const auto late = *next;
    late_.erase(next);
    begin_second(runs_.at(late->run_id), *late);
  }
}

void engine_core::begin_second(live_run& run, const flight& late) {
  const duration ran = std::max(around_.now() - late.timing.started, duration{});
  step_speculated begun = run.state.second_of(late.attempt, ran, late.allowed);
  const attempt_id attempt = begun.attempt;
  const std::string run_id = late.run_id;
  record(run_id, run, std::move(begun));
  if (failed_) return;
  if (lazy_) return (void)seconds_.emplace_back(run_id, attempt);
  auto& seconds = run.pending.seconds;
  if (!seconds) seconds = std::make_unique<std::vector<attempt_id>>();
  seconds->push_back(attempt);
  ++seconds_unsettled_;
}

/// They are durable, or lost.
void engine_core::forget_seconds(const unsettled& part) {
  if (part.seconds) seconds_unsettled_ -= part.seconds->size();
}

bool engine_core::has_budget(const live_run& run) const {
  const speculation_budget& budget = around_.options.speculation;
  const auto most = std::max(
      std::size_t{1}, static_cast<std::size_t>(budget.share * static_cast<double>(in_flight_)));
  return run.state.second_attempts() < budget.per_run &&
         seconds_in_flight_ + seconds_.size() + seconds_unsettled_ < most;
}

/// Whether a place, and all that the attempt's step demands, are free and nobody waits for anything; attempts that start as soon
/// as they are durable have their places already.
/// @param beside the attempt that takes long: another node is taken, where there is another one that would do.
/// @returns where.
std::optional<scheduling::node_number>
engine_core::idle_node(const live_run& run, const attempt_id& attempt, const pulse* beside) {
  const bool somebody_waits = several_ ? first_that_could_start().has_value() : !line_.empty();
  if (places_full() || at_bound(run) || somebody_waits || !parked_.empty() || !at_once_.empty())
    return std::nullopt;
  std::size_t promised = in_flight_;
  for (const handed_over& part : handed_)
    promised += part.what.to_start.size();
  for (const std::string& dirty : dirty_)
    if (const auto found = runs_.find(dirty); found != runs_.end())
      promised += found->second.pending.to_start.size();
  const scheduling::resource_vector& demand = run.state.demand_of(attempt.instance);
  if (!several_)
    return promised < around_.options.max_attempts_in_flight &&
                   scheduling::fits(demand, resources().free())
               ? std::optional{here_}
               : std::nullopt;
  if (promised >= pool_.places()) return std::nullopt;
  auto wanted = request_for(run, attempt.instance);
  if (beside && pool_.could_hold(wanted.need, demand, beside->node)) wanted.avoid = beside->node;
  return scheduling::pick_node(pool_, wanted);
}

/// The keys of an attempt that does not wait for them. Nobody else may wait for any.
/// @param take else it is only looked whether there is room.
/// @returns what it holds then, 0 where it has no keys or takes none; nothing where there is no room.
std::optional<scheduling::key_limits::hold_id>
engine_core::try_keys(const live_run& run, const attempt_id& attempt, bool take) {
  if (run.state.definition_of(attempt.instance).key_limits.empty()) return 0;
  auto keys = run.state.limit_keys(attempt.instance);
  const waiting_key key{0, ++last_waiting_};
  const time_point now = around_.now();
  if (!keys || !limits_.add(key, limits_of(run, attempt, std::move(*keys)), now))
    return std::nullopt;
  const auto admitted = limits_.update(now).admitted;
  if (std::ranges::find(admitted, key) == admitted.end()) {
    limits_.remove(key);
    return std::nullopt;
  }
  if (take) return limits_.grant(key, now);
  limits_.remove(key);
  return 0;
}

} // namespace troupe::workflow
