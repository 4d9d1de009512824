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
  case attempt_outcome::lost:
    return phase_kind::lost_attempts;
  case attempt_outcome::abandoned:
    return phase_kind::abandoned_attempts;
  default:
    return phase_kind::running;
  }
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
  for (const attempt_insight& each : record.attempts) {
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
