#include "actors/workflow/engine_flight.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/reply_check.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <cassert>
#include <exception>
#include <fmt/format.h>
#include <memory>

namespace troupe::workflow {
namespace {

/// At least one millisecond, so that rounding never makes a deadline of none.
std::chrono::milliseconds timeout_until(time_point deadline, time_point now) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - now),
                  std::chrono::milliseconds{1});
}

/// The answer as a history can keep it: a reply of the wrong type, or one that could not be read again, fails the attempt;
/// what a failure says is repaired, since it only tells people.
reply<message_ptr> keepable(reply<message_ptr> answer, const step& from) {
  if (!answer) {
    failure& why = answer.error();
    why.type = text::repair_utf8(why.type).text;
    why.message = text::repair_utf8(why.message).text;
    return answer;
  }
  if (!*answer || (*answer)->GetDescriptor() != from.reply)
    return tl::unexpected(failure{
        "workflow.wrong_reply_type",
        fmt::format("agent {} answered {} instead of {}", from.agent.to_string(),
                    *answer ? (*answer)->GetTypeName() : "nothing", from.reply->full_name()),
        false});
  if (const auto wrong = unkeepable(**answer))
    return tl::unexpected(failure{
        "workflow.invalid_reply",
        fmt::format("agent {}: {}: {}", from.agent.to_string(), from.reply->full_name(), *wrong),
        false});
  return answer;
}

} // namespace

void engine_core::start_attempts() {
  if (failed_ || draining_) return;
  admit();
  while (!failed_ && !draining_ && in_flight_ < around_.options.max_attempts_in_flight) {
    const auto next = take_next();
    if (!next) break;
    // Its run may have failed meanwhile.
    if (!is_stale(*next)) start_attempt(runs_.at(next->run_id), *next);
    admit();
  }
  note_missing();
}

void engine_core::await_place(const std::string& run_id, live_run& run, attempt_id attempt) {
  const time_point now = around_.now();
  const waiting_key key{-run.state.priority_of(attempt.instance), ++last_waiting_};
  const duration bound = run.state.limits_of(attempt.instance).schedule_to_start;
  std::optional<timers::iterator> start_by;
  if (bound > duration{0}) start_by = timers_.emplace(now + bound, start_timer{key});
  if (!run.state.definition_of(attempt.instance).key_limits.empty()) {
    if (park(run_id, run, key, attempt))
      parked_.emplace(key,
                      waiting_attempt{{run_id, std::move(attempt), now, full_time(now)}, start_by});
    else if (start_by)
      timers_.erase(*start_by);
    return;
  }
  const bool demands = !run.state.demand_of(attempt.instance).empty();
  waiting_attempt waits{{run_id, std::move(attempt), now, full_time(now)}, start_by};
  line_up(key, run, waits.wanted);
  (demands ? demanding_ : waiting_).emplace(key, std::move(waits));
  if (demands) fresh_.push_back(key);
}

/// Of a lazy engine: what finds a place starts, the rest waits for one.
void engine_core::start_at_once() {
  while (!failed_ && !draining_ && !at_once_.empty()) {
    const auto [run_id, attempt] = std::move(at_once_.front());
    at_once_.pop_front();
    const auto run = runs_.find(run_id);
    if (run == runs_.end() || !run->second.state.is_current(attempt)) continue;
    if (run->second.state.definition_of(attempt.instance).key_limits.empty() && waiting_.empty() &&
        in_flight_ < around_.options.max_attempts_in_flight &&
        may_overtake(run->second.state.demand_of(attempt.instance)))
      start_now(run_id, run->second, attempt);
    else
      await_place(run_id, run->second, attempt);
  }
}

/// Lets attempts work while the disk does. A run's first commit is waited for: it may be refused, and
/// what was refused must not have had effects. So is it near the end of the lease, when another owner
/// may have the run already.
void engine_core::start_uncommitted() {
  if (draining_ || !waiting_.empty() || uncommitted_ >= around_.options.max_uncommitted ||
      around_.now() >= renew_at_ + around_.history.lease_time() / renewals_per_lease)
    return;
  struct candidate {
    const std::string* run_id;
    live_run* run;
    unsettled* part;
  };
  // Gathered first: what could not be started is recorded, which may make more runs dirty.
  std::vector<candidate> order;
  const auto add = [&](const std::string& run_id, live_run& run, unsettled& part) {
    if (run.committed > 0 && !part.to_start.empty()) order.push_back({&run_id, &run, &part});
  };
  for (handed_over& part : handed_)
    if (live_run* run = run_of(part)) add(part.run_id, *run, part.what);
  for (const std::string& run_id : dirty_) {
    const auto run = runs_.find(run_id);
    add(run->first, run->second, run->second.pending);
  }
  std::stable_sort(order.begin(), order.end(), [](const candidate& a, const candidate& b) {
    return a.run->state.priority() > b.run->state.priority();
  });
  for (const candidate& each : order)
    start_uncommitted(*each.run_id, *each.run, *each.part);
}

void engine_core::start_uncommitted(const std::string& run_id, live_run& run, unsettled& part) {
  const std::size_t run_bound = std::min<std::size_t>(
      run.state.workflow()->max_uncommitted.value_or(around_.options.max_uncommitted),
      around_.options.max_uncommitted);
  std::vector<attempt_id>& to_start = part.to_start;
  std::stable_sort(to_start.begin(), to_start.end(), [&](const attempt_id& a, const attempt_id& b) {
    return run.state.priority_of(a.instance) > run.state.priority_of(b.instance);
  });
  for (std::size_t at = 0; at < to_start.size() && run.uncommitted < run_bound &&
                           uncommitted_ < around_.options.max_uncommitted &&
                           in_flight_ < around_.options.max_attempts_in_flight;) {
    const step& next_step = run.state.definition_of(to_start[at].instance);
    if (!next_step.key_limits.empty() || !may_overtake(next_step.demand)) {
      ++at; // waits for its turn, once it is durable
      continue;
    }
    const attempt_id next = std::move(to_start[at]);
    to_start.erase(to_start.begin() + static_cast<std::ptrdiff_t>(at));
    if (!run.state.is_current(next)) continue;
    ++part.started;
    ++run.uncommitted;
    ++uncommitted_;
    start_now(run_id, run, next);
  }
}

/// One that did not wait.
void engine_core::start_now(const std::string& run_id, live_run& run, const attempt_id& attempt) {
  const time_point now = around_.now();
  start_attempt(run, {run_id, attempt, now, full_time(now)});
}

void engine_core::start_attempt(live_run& run, const started_attempt& wanted) {
  const time_point now = around_.now();
  const attempt_id& attempt = wanted.attempt;
  const instance_id& instance = attempt.instance;
  const auto refuse = [&](failure why) {
    limits_.release(wanted.keys);
    attempt_timing waited;
    add_waits(waited, wanted, now);
    finish_attempt(wanted.run_id, attempt, tl::unexpected(std::move(why)), std::move(waited));
  };
  // Its timer may be due in this very moment.
  if (const duration bound = run.state.limits_of(instance).schedule_to_start;
      bound > duration{0} && now - wanted.scheduled >= bound)
    return refuse(timed_out(instance, timeout_kind::schedule_to_start));
  const time_point deadline = run.state.deadline(attempt, now, around_.options.default_timeout);
  if (deadline <= now) return refuse(timed_out(instance, timeout_kind::schedule_to_close));
  auto request = run.state.request(instance);
  if (!request) return refuse(std::move(request.error()));
  const auto here = take_off(run, wanted, deadline);
  here->timing.started = now;
  here->timing.request_bytes = (*request)->ByteSizeLong();
  add_waits(here->timing, wanted, now);
  const responder then = answer_to(here);
  try {
    around_.start({run.state.definition_of(instance).agent, std::move(*request),
                   timeout_until(deadline, now), run.state.idempotency_key(instance),
                   run.state.priority_of(instance), here->beats,
                   run.state.demand_of(instance).memory_bytes},
                  then);
  } catch (const std::exception& thrown) {
    then(tl::unexpected(failure{"workflow.start_failed", thrown.what(), true}));
  }
}

/// Gives an attempt its place and its timers.
std::shared_ptr<engine_core::flight>
engine_core::take_off(live_run& run, const started_attempt& wanted, time_point deadline) {
  ++in_flight_;
  ++counted_.attempts_begun;
  note_places(around_.now());
  auto made = std::make_shared<flight>();
  made->run_id = wanted.run_id;
  made->attempt = wanted.attempt;
  made->epoch = run.epoch;
  made->due = deadline;
  made->keys = wanted.keys;
  made->tenant = wanted.tenant;
  made->charged = wanted.charged;
  if (shares_.several())
    made->share = dominant_share(run.state.definition_of(made->attempt.instance));
  made->now = around_.now;
  if (const auto& demand = run.state.demand_of(wanted.attempt.instance); !demand.empty()) {
    // Whoever lets an attempt start has seen that its demand is free.
    made->grant =
        ledger_.try_grant(demand, run.state.idempotency_key(wanted.attempt.instance)).value_or(0);
    assert(made->grant != 0);
  }
  const time_limits& limits = run.state.limits_of(wanted.attempt.instance);
  if (run.state.close_time(wanted.attempt.instance) == deadline)
    made->bound_by = timeout_kind::schedule_to_close;
  else if (limits.start_to_close > duration{0})
    made->bound_by = timeout_kind::start_to_close;
  made->deadline = timers_.emplace(deadline, deadline_timer{made});
  made->beats = std::make_shared<pulse>(around_.now, run.state.details_of(wanted.attempt.instance));
  run.pulses.emplace(wanted.attempt.token, made->beats);
  if (limits.heartbeat > duration{0}) {
    made->beat_every = limits.heartbeat;
    made->heartbeat =
        timers_.emplace(made->beats->last() + limits.heartbeat, heartbeat_timer{made});
  }
  return made;
}

/// Brings an attempt's answer back to this thread, once.
responder engine_core::answer_to(std::shared_ptr<flight> here) {
  return [this, post = post_, here = std::move(here)](reply<message_ptr> answer) {
    if (here->answered.test_and_set()) return;
    // Now: what comes is for the engine to account for.
    (*post)([this, here, at = here->now(), answer = std::move(answer)]() mutable {
      // The runtime keeps the same deadline; whichever sees it first, it is one and the same failure.
      if (!answer && answer.error().type == "runtime.deadline_exceeded" &&
          around_.now() >= here->due)
        answer = tl::unexpected(timed_out(here->attempt.instance, here->bound_by));
      land(here, std::move(answer), at);
    });
  };
}

/// Ends an attempt: with its answer or by a timer, whichever is first. What comes later finds no place to leave, and a
/// token that is not the current one.
void engine_core::land(const std::shared_ptr<flight>& here, reply<message_ptr> answer,
                       time_point ended) {
  leave_place(*here);
  here->timing.ran = std::max(ended - here->timing.started, duration{});
  settle_charge(*here);
  const auto run = runs_.find(here->run_id);
  if (run != runs_.end() && run->second.epoch == here->epoch)
    finish_attempt(here->run_id, here->attempt, std::move(answer), here->timing);
}

/// Tells who works on the run's attempts that nobody waits for them.
void engine_core::call_off(live_run& run) {
  for (const auto& [token, told] : std::exchange(run.pulses, {}))
    told->cancel();
}

void engine_core::leave_place(flight& here) {
  if (!std::exchange(here.has_place, false)) return;
  --in_flight_;
  if (full_since_) note_places(around_.now());
  // Whoever works on it may end, too.
  here.beats->cancel();
  if (here.keys != 0) limits_.release(std::exchange(here.keys, 0));
  if (here.grant != 0) ledger_.release(std::exchange(here.grant, 0));
  if (failed_) return; // all timers are gone
  for (auto* armed : {&here.deadline, &here.heartbeat})
    if (const auto place = std::exchange(*armed, std::nullopt)) timers_.erase(*place);
}

/// A result is recorded only where its attempt is still the one in flight: the token decides.
void engine_core::finish_attempt(const std::string& run_id, const attempt_id& attempt,
                                 reply<message_ptr> answer, std::optional<attempt_timing> timing) {
  const auto found = runs_.find(run_id);
  if (failed_ || found == runs_.end() || !found->second.state.is_current(attempt)) return;
  live_run& run = found->second;
  const step& from = run.state.definition_of(attempt.instance);
  message_ptr details;
  if (const auto said = run.pulses.find(attempt.token); said != run.pulses.end()) {
    details = said->second->details();
    said->second->cancel();
    run.pulses.erase(said);
  }
  answer = keepable(std::move(answer), from);
  if (answer && timing && timing->started != time_point{}) learn(run, attempt, *timing);
  if (auto why = too_long(run)) answer = tl::unexpected(std::move(*why));
  const bool given_up =
      from.kind == step_kind::child && !answer && answer.error().type == "workflow.timeout";
  if (answer)
    record(run_id, run, step_completed{attempt, std::move(*answer), std::move(timing)});
  else {
    step_failed failed = run.state.judge(attempt, std::move(answer.error()), around_.now());
    failed.details = std::move(details);
    failed.timing = std::move(timing);
    record(run_id, run, std::move(failed));
  }
  note_progress(run_id, run);
  if (from.kind == step_kind::child) rearm_close_timer(run_id, run, attempt.instance);
  if (!run.state.close_time(attempt.instance)) disarm_close_timer(run, attempt.instance);
  if (given_up) give_child_up(run.state.child_of(attempt.instance), run_id);
}

} // namespace troupe::workflow
