#include "actors/workflow/insight/timeline.hpp"

#include <algorithm>

namespace troupe::workflow {
namespace {

/// Puts phases behind each other, so that they leave no gap and never overlap.
class tiler {
public:
  tiler(duration from, duration end) : at_{from}, end_{std::max(from, end)} {}

  void until(duration to, phase_kind kind, std::uint32_t attempt = 0) {
    to = std::min(to, end_);
    if (to <= at_) return;
    if (!made_.empty() && made_.back().kind == kind && made_.back().attempt == attempt)
      made_.back().to = to;
    else
      made_.push_back({kind, at_, to, attempt});
    at_ = to;
  }
  [[nodiscard]] duration at() const { return at_; }
  [[nodiscard]] std::vector<phase> finish(phase_kind kind, std::uint32_t attempt = 0) {
    until(end_, kind, attempt);
    return std::move(made_);
  }

private:
  duration at_, end_;
  std::vector<phase> made_;
};

phase_kind kind_of(attempt_outcome how) {
  switch (how) {
  case attempt_outcome::failed:
    return phase_kind::failed_attempts;
  case attempt_outcome::superseded:
    return phase_kind::superseded_attempts;
  case attempt_outcome::preempted:
    return phase_kind::preempted_attempts;
  case attempt_outcome::lost:
    return phase_kind::lost_attempts;
  case attempt_outcome::abandoned:
    return phase_kind::abandoned_attempts;
  default:
    return phase_kind::running;
  }
}

/// Of two attempts at a time: whether the instance waited for the first one when the second one had ended.
bool outlives(const attempt_insight& first, const attempt_insight& second) {
  if (second.outcome == attempt_outcome::completed) return false;
  if (first.outcome == attempt_outcome::completed || !first.ended) return true;
  return second.ended && *first.ended >= *second.ended;
}

/// As if there were one at a time: of two the one that the instance waited for in the end, and before it the first alone.
std::vector<attempt_insight> one_at_a_time(const std::vector<attempt_insight>& all) {
  std::vector<attempt_insight> made;
  for (const attempt_insight& each : all) {
    const auto first = std::find_if(made.begin(), made.end(), [&](const attempt_insight& other) {
      return each.beside != 0 && other.attempt == each.beside;
    });
    if (first == made.end()) {
      made.push_back(each);
      continue;
    }
    if (outlives(*first, each)) continue;
    first->ended = std::min(first->ended.value_or(each.scheduled), each.scheduled);
    if (first->started) first->started = std::min(*first->started, *first->ended);
    if (first->answered) first->answered = std::min(*first->answered, *first->ended);
    // It was with its agent all that time, though its answer, that came later or never, was not recorded.
    if (!first->answered && first->started) first->answered = first->ended;
    made.push_back(each);
  }
  return made;
}

/// From when it was wanted to when its end was recorded.
void add_attempt(tiler& into, const attempt_insight& of) {
  const duration ended = *of.ended;
  const phase_kind how = kind_of(of.outcome);
  const duration waited = of.slot_wait + of.resource_wait;
  if (!of.started && waited == duration{} && of.missing.empty())
    return into.until(ended, how, of.attempt); // nothing more is known
  const duration begun = of.started.value_or(ended);
  // What is said of waits is of another clock than the events: it gets no more than there is.
  const duration all = std::max(begun - into.at(), duration{});
  const duration resources = std::min(of.resource_wait, all);
  const duration places = std::min(of.slot_wait, all - resources);
  into.until(begun - resources - places, phase_kind::commit, of.attempt);
  into.until(begun - resources, phase_kind::places, of.attempt);
  into.until(begun, phase_kind::resources, of.attempt);
  into.until(of.answered.value_or(begun), how, of.attempt);
  into.until(ended, phase_kind::engine, of.attempt);
}

} // namespace

std::vector<phase> phases_of(const instance_record& record, const step& from, duration ready,
                             duration end, bool run_closed) {
  tiler made{ready, end};
  const phase_kind held = from.parallelism > 0 ? phase_kind::parallelism : phase_kind::engine;
  for (const attempt_insight& each : one_at_a_time(record.attempts)) {
    if (const auto due = record.due.find(each.attempt); due != record.due.end())
      made.until(due->second, phase_kind::back_off);
    made.until(each.scheduled, held);
    if (!each.ended)
      return made.finish(run_closed ? phase_kind::abandoned_attempts : phase_kind::running,
                         each.attempt);
    add_attempt(made, each);
  }
  if (record.waiting_since) {
    made.until(*record.waiting_since, held);
    return made.finish(from.kind == step_kind::timer ? phase_kind::timers : phase_kind::signals);
  }
  if (record.closed) return made.finish(phase_kind::engine);
  const bool failed = !record.attempts.empty() &&
                      record.attempts.back().outcome == attempt_outcome::failed &&
                      !record.due.contains(record.attempts.back().attempt + 1);
  return made.finish(failed ? phase_kind::back_off : held);
}

} // namespace troupe::workflow
