#include "actors/workflow/insight/timeline.hpp"

#include <algorithm>

namespace troupe::workflow {
namespace {

/// Histories may say anything: so long (73 years) that the sum of two does not overflow.
constexpr duration longest_time{std::int64_t{1} << 61};

} // namespace

duration time_between(time_point from, time_point to) {
  if (to <= from) return {};
  const auto nanos = static_cast<std::uint64_t>(to.time_since_epoch().count()) -
                     static_cast<std::uint64_t>(from.time_since_epoch().count());
  return duration{
      static_cast<std::int64_t>(std::min(nanos, static_cast<std::uint64_t>(longest_time.count())))};
}

/// What each kind of event says; the machine has taken it.
struct timeline::noting {
  timeline& into;
  const event& happened;

  [[nodiscard]] std::vector<attempt_insight>& attempts_of(const instance_id& name) const {
    instance_record& of = into.record_of(name);
    return name.compensation ? of.compensations : of.attempts;
  }
  void begin(const attempt_id& attempt, std::string child = {}) const {
    attempt_insight made;
    made.attempt = attempt.attempt;
    made.scheduled = into.now_;
    made.child_run = std::move(child);
    if (const auto& host = into.hosts_.back()) {
      made.owner = host->owner;
      made.node_class = host->node_class;
    }
    attempts_of(attempt.instance).push_back(std::move(made));
  }
  void end_one(attempt_insight& of, attempt_outcome how) const {
    of.outcome = how;
    of.ended = into.now_;
  }
  /// The last ones may be in flight, at most two.
  attempt_insight* open(const attempt_id& attempt) const {
    auto& attempts = attempts_of(attempt.instance);
    for (auto each = attempts.rbegin(); each != attempts.rend(); ++each)
      if (each->attempt == attempt.attempt)
        return each->outcome == attempt_outcome::open ? &*each : nullptr;
    return nullptr;
  }
  attempt_insight* end(const attempt_id& attempt, attempt_outcome how,
                       const std::optional<attempt_timing>& timing, const failure* why) const {
    attempt_insight* const of = open(attempt);
    if (!of) return nullptr;
    end_one(*of, how);
    if (why) of->why = *why;
    if (timing) note(*of, *timing);
    into.note_closed(attempt.instance);
    return of;
  }
  /// Clocks may have been set between the events and what is said of them.
  void note(attempt_insight& of, const attempt_timing& timing) const {
    of.slot_wait = std::min(timing.slot_wait, longest_time);
    of.resource_wait = std::min(timing.resource_wait, longest_time);
    of.missing = timing.missing;
    of.request_bytes = timing.request_bytes;
    of.node = timing.node;
    if (!timing.node_class.empty()) of.node_class = timing.node_class;
    if (timing.started == time_point{}) return;
    of.started = std::clamp(time_between(into.started_, timing.started), of.scheduled, *of.ended);
    of.answered = *of.started + std::min<duration>(timing.ran, *of.ended - *of.started);
  }

  void operator()(const run_started& what) const {
    into.started_ = happened.time;
    into.hosts_.push_back(what.host);
  }
  void operator()(const step_scheduled& what) const { begin(what.attempt); }
  void operator()(const child_started& what) const { begin(what.attempt, what.run_id); }
  void operator()(const step_completed& what) const {
    end(what.attempt, attempt_outcome::completed, what.timing, nullptr);
    for (attempt_insight& each : attempts_of(what.attempt.instance))
      if (each.outcome == attempt_outcome::open) end_one(each, attempt_outcome::superseded);
  }
  void operator()(const step_speculated& what) const {
    begin(what.attempt);
    attempt_insight& second = attempts_of(what.attempt.instance).back();
    second.beside = what.beside;
    second.beside_ran = std::min(what.ran, longest_time);
    second.allowed = std::min(what.allowed, longest_time);
  }
  void operator()(const step_preempted& what) const {
    if (auto* of = end(what.attempt, attempt_outcome::preempted, what.timing, nullptr))
      of->needed_by = what.needed_by;
  }
  void operator()(const step_lost& what) const {
    end(what.attempt, attempt_outcome::lost, what.timing, nullptr);
  }
  void operator()(const step_failed& what) const {
    end(what.attempt, attempt_outcome::failed, what.timing, &what.why);
  }
  void operator()(const step_retry_due& what) const {
    if (!what.instance.compensation) into.record_of(what.instance).due[what.attempt] = into.now_;
  }
  void operator()(const step_decided& what) const { into.note_closed(what.instance); }
  void operator()(const step_timed_out& what) const { into.note_closed(what.instance); }
  void operator()(const step_waiting& what) const {
    instance_record& of = into.record_of(what.instance);
    of.waiting_since = into.now_;
    of.waiting_until = what.due;
    const step& from = into.state_.definition_of(what.instance);
    if (from.kind == step_kind::signal) into.awaiting_[from.signal].push_back(what.instance);
    into.note_closed(what.instance); // the signal was there already
  }
  void operator()(const timer_fired& what) const { into.note_closed(what.instance); }
  void operator()(const signal_received& what) const { into.give_signal(what.name); }
  void operator()(const run_recovered& what) const {
    into.hosts_.push_back(what.host);
    if (into.hosts_.back() && into.hosts_.back()->owner.empty())
      into.hosts_.back()->owner = what.owner;
    for (auto& of : into.records_)
      for (instance_record& each : of)
        for (auto* attempts : {&each.attempts, &each.compensations})
          for (attempt_insight& one : *attempts)
            if (one.outcome == attempt_outcome::open && one.child_run.empty())
              end_one(one, attempt_outcome::lost);
  }
  void operator()(const run_compensating& what) const {
    into.turned_ = into.now_;
    if (what.why && what.why->where) into.culprit_ = what.why->where->instance;
  }
  void operator()(const run_failed& what) const {
    if (!into.culprit_ && what.why.where) into.culprit_ = what.why.where->instance;
  }
  /// What agents have is waited for, but for what was abandoned.
  void operator()(const run_cancelling&) const {
    const auto& steps = into.state_.workflow()->steps;
    const auto awaited = into.state_.in_flight();
    for (std::size_t step = 0; step < into.records_.size(); ++step)
      for (std::uint32_t i = 0; i < into.records_[step].size(); ++i) {
        const instance_id name{steps[step].id, i};
        for (attempt_insight& each : into.records_[step][i].attempts)
          if (each.outcome == attempt_outcome::open &&
              std::ranges::find_if(awaited, [&](const attempt_id& of) {
                return of.instance == name && of.attempt == each.attempt;
              }) == awaited.end())
            end_one(each, attempt_outcome::lost);
      }
  }
  void operator()(const run_timed_out&) const {}
  void operator()(const run_completed&) const {}
  void operator()(const run_cancelled&) const {}
};

result<void> timeline::add(const event& happened) {
  if (auto applied = state_.apply(happened); !applied)
    return tl::unexpected(std::move(applied.error()));
  if (happened.sequence > 1) now_ = std::max(now_, time_between(started_, happened.time));
  const std::size_t steps = state_.workflow()->steps.size();
  records_.resize(steps);
  std::visit(noting{*this, happened}, happened.what);
  return {};
}

/// The records of a step grow with its instances, which come with the list that it runs over.
instance_record& timeline::record_of(const instance_id& name) {
  auto& of = records_[state_.workflow()->step_index.at(name.step)];
  if (name.index >= of.size()) of.resize(name.index + std::size_t{1});
  return of[name.index];
}

void timeline::note_closed(const instance_id& name) {
  if (name.compensation) return;
  const std::size_t at = state_.workflow()->step_index.at(name.step);
  instance_record& of = record_of(name);
  if (of.closed || !state_.state_of(at).instances[name.index].closed) return;
  of.closed = now_;
  of.closed_by = state_.version();
}

void timeline::give_signal(const std::string& name) {
  auto& waiting = awaiting_[name];
  while (!waiting.empty()) {
    const instance_id first = waiting.front();
    waiting.pop_front();
    if (record_of(first).closed) continue; // it has stopped to wait
    note_closed(first);
    if (record_of(first).closed) return;
    waiting.push_front(first); // the run has turned back: nobody takes signals
    return;
  }
}

} // namespace troupe::workflow
