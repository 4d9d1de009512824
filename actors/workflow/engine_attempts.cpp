#include "actors/workflow/engine_flight.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/reply_check.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
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
  line_up_seconds();
  admit();
  while (!failed_ && !draining_ && !places_full()) {
    const auto next = take_next();
    if (!next) break;
    // Its run may have failed meanwhile.
    if (!is_stale(*next)) start_attempt(runs_.at(next->run_id), *next, around_.now());
    admit();
  }
  note_missing();
  ask_for_places();
  begin_seconds();
  start_seconds();
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
    auto [run_id, attempt] = std::move(at_once_.front());
    at_once_.pop_front();
    const auto run = runs_.find(run_id);
    if (run == runs_.end() || !run->second.state.is_current(attempt)) continue;
    const step& wanted = run->second.state.definition_of(attempt.instance);
    const auto on = wanted.key_limits.empty() && waiting_.empty() && !places_full() &&
                            may_overtake(wanted.demand)
                        ? node_for(run->second, attempt.instance)
                        : std::nullopt;
    if (on)
      start_now(std::move(run_id), run->second, std::move(attempt), *on);
    else
      await_place(run_id, run->second, std::move(attempt));
  }
}

/// Lets attempts work while the disk does. A run's first commit is waited for: it may be refused, and
/// what was refused must not have had effects. So is it near the end of the lease, when another owner
/// may have the run already.
void engine_core::start_ahead() {
  if (draining_ || !waiting_.empty() || ahead_ >= around_.options.max_started_ahead ||
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
    start_ahead(*each.run_id, *each.run, *each.part);
}

void engine_core::start_ahead(const std::string& run_id, live_run& run, unsettled& part) {
  const std::size_t most = around_.options.max_started_ahead;
  const std::size_t run_bound =
      std::min<std::size_t>(run.state.workflow()->max_uncommitted.value_or(most), most);
  std::vector<attempt_id>& to_start = part.to_start;
  std::stable_sort(to_start.begin(), to_start.end(), [&](const attempt_id& a, const attempt_id& b) {
    return run.state.priority_of(a.instance) > run.state.priority_of(b.instance);
  });
  for (std::size_t at = 0; at < to_start.size() && run.ahead < run_bound && ahead_ < most &&
                           !places_full() && !at_bound(run);) {
    const step& next_step = run.state.definition_of(to_start[at].instance);
    const auto on = next_step.key_limits.empty() && may_overtake(next_step.demand)
                        ? node_for(run, to_start[at].instance)
                        : std::nullopt;
    if (!on) {
      ++at; // waits for its turn, once it is durable
      continue;
    }
    attempt_id next = std::move(to_start[at]);
    to_start.erase(to_start.begin() + static_cast<std::ptrdiff_t>(at));
    if (!run.state.is_current(next)) continue;
    ++part.started_ahead;
    ++run.ahead;
    ++ahead_;
    start_now(run_id, run, std::move(next), *on);
  }
}

/// One that did not wait.
void engine_core::start_now(std::string run_id, live_run& run, attempt_id attempt,
                            scheduling::node_number on) {
  const time_point now = around_.now();
  started_attempt wanted{std::move(run_id), std::move(attempt), now, full_time(now)};
  wanted.node = on;
  start_attempt(run, std::move(wanted), now);
}

/// @param now looked up once for all of it: a look at the clock takes as long as much of the rest.
void engine_core::start_attempt(live_run& run, started_attempt wanted, time_point now) {
  const attempt_id& attempt = wanted.attempt;
  const instance_id& instance = attempt.instance;
  const step& of = run.state.definition_of(instance);
  const auto refuse = [&](failure why) {
    limits_.release(wanted.keys);
    attempt_timing waited;
    add_waits(waited, wanted, now);
    finish_attempt(wanted.run_id, attempt, tl::unexpected(std::move(why)), std::move(waited));
  };
  // Its timer may be due in this very moment.
  if (const duration bound = of.limits.schedule_to_start;
      bound > duration{0} && now - wanted.scheduled >= bound)
    return refuse(timed_out(instance, timeout_kind::schedule_to_start));
  const time_point deadline = run.state.deadline(attempt, now, around_.options.default_timeout);
  if (deadline <= now) return refuse(timed_out(instance, timeout_kind::schedule_to_close));
  auto request = run.state.request(instance);
  if (!request) return refuse(std::move(request.error()));
  attempt_timing timing;
  timing.started = now;
  timing.request_bytes = (*request)->ByteSizeLong();
  add_waits(timing, wanted, now);
  const scheduling::node_description& on = pool_.find(wanted.node)->is;
  timing.node = on.name;
  const bool remote = wanted.node != here_;
  if (remote) timing.node_class = on.node_class;
  const auto here = take_off(run, std::move(wanted), deadline, now);
  here->timing = std::move(timing);
  watch_for_lateness(run, here);
  const instance_id& started = here->attempt.instance;
  try {
    around_.start({of.agent, std::move(*request), timeout_until(deadline, now),
                   run.state.idempotency_key(started), run.state.priority() + of.priority,
                   here->beats, of.demand.memory_bytes, remote ? on.name : std::string{},
                   remote ? on.incarnation : 0},
                  answer_to(here));
  } catch (const std::exception& thrown) {
    answer_to(here)(tl::unexpected(failure{"workflow.start_failed", thrown.what(), true}));
  }
}

/// Gives an attempt its place and its timers.
std::shared_ptr<engine_core::flight> engine_core::take_off(live_run& run, started_attempt wanted,
                                                           time_point deadline, time_point now) {
  ++in_flight_;
  ++counted_.attempts_begun;
  auto made = std::make_shared<flight>();
  count_begun(run, *made);
  note_places(now);
  made->run_id = std::move(wanted.run_id);
  made->attempt = std::move(wanted.attempt);
  const instance_id& instance = made->attempt.instance;
  const step& of = run.state.definition_of(instance);
  made->epoch = run.epoch;
  made->due = deadline;
  made->keys = wanted.keys;
  made->tenant = wanted.tenant;
  made->charged = wanted.charged;
  if (shares_.several()) made->share = dominant_share(of);
  made->now = around_.now;
  made->node = wanted.node;
  board(run, made, of, now);
  if (made->second = run.state.other_of(made->attempt).has_value(); made->second)
    ++seconds_in_flight_;
  made->priority = run.state.priority_of(instance);
  if (run.state.may_be_preempted(made->attempt)) preemptible_.push_back(made);
  if (run.state.close_time(instance) == deadline)
    made->bound_by = timeout_kind::schedule_to_close;
  else if (of.limits.start_to_close > duration{0})
    made->bound_by = timeout_kind::start_to_close;
  made->deadline = timers_.emplace(deadline, deadline_timer{made});
  made->beats = std::make_shared<pulse>(around_.now, now, run.state.details_of(instance),
                                        made->attempt.attempt);
  made->beats->node = made->node;
  run.pulses.emplace(made->attempt.token, made->beats);
  if (of.limits.heartbeat > duration{0}) {
    made->beat_every = of.limits.heartbeat;
    made->heartbeat = timers_.emplace(now + of.limits.heartbeat, heartbeat_timer{made});
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
  const auto found = runs_.find(here->run_id);
  live_run* run =
      found != runs_.end() && found->second.epoch == here->epoch ? &found->second : nullptr;
  const bool recorded = run && finish_attempt(here->run_id, here->attempt, std::move(answer),
                                              std::move(here->timing));
  count_ended(*here, run, recorded);
}

/// Tells who works on the run's attempts that nobody waits for them.
void engine_core::call_off(live_run& run) {
  for (const auto& [token, told] : std::exchange(run.pulses, {}))
    told->cancel();
}

/// The same of one attempt.
void engine_core::call_off(live_run& run, const attempt_id& attempt) {
  const auto told = run.pulses.find(attempt.token);
  if (told == run.pulses.end()) return;
  told->second->cancel();
  run.pulses.erase(told);
}

void engine_core::leave_place(flight& here) {
  if (!std::exchange(here.has_place, false)) return;
  --in_flight_;
  if (!failed_) pool_.finish(here.node, std::exchange(here.grant, 0), here.expected);
  if (here.remote != 0)
    if (const auto its = elsewhere_.find(here.node); its != elsewhere_.end())
      its->second.erase(here.remote);
  if (here.second) --seconds_in_flight_;
  const auto is_here = [&](const std::shared_ptr<flight>& each) { return each.get() == &here; };
  std::erase_if(preemptible_, is_here);
  std::erase_if(late_, is_here);
  if (full_since_) note_places(around_.now());
  // Whoever works on it may end, too.
  here.beats->cancel();
  if (here.keys != 0) limits_.release(std::exchange(here.keys, 0));
  if (failed_) return; // all timers are gone
  for (auto* armed : {&here.deadline, &here.heartbeat, &here.straggles})
    if (const auto place = std::exchange(*armed, std::nullopt)) timers_.erase(*place);
}

/// A result is recorded only where its attempt is still the one in flight: the token decides.
/// @returns whether it was.
bool engine_core::finish_attempt(const std::string& run_id, const attempt_id& attempt,
                                 reply<message_ptr> answer, std::optional<attempt_timing> timing) {
  const auto found = runs_.find(run_id);
  if (failed_ || found == runs_.end() || !found->second.state.is_current(attempt)) return false;
  live_run& run = found->second;
  const step& from = run.state.definition_of(attempt.instance);
  const auto other = run.state.other_of(attempt);
  std::shared_ptr<pulse> said;
  if (const auto found_pulse = run.pulses.find(attempt.token); found_pulse != run.pulses.end()) {
    said = std::move(found_pulse->second);
    said->cancel();
    run.pulses.erase(found_pulse);
  }
  answer = keepable(std::move(answer), from);
  if (answer && timing && timing->started != time_point{}) learn(run, attempt, *timing);
  if (auto why = too_long(run)) answer = tl::unexpected(std::move(*why));
  const bool given_up =
      from.kind == step_kind::child && !answer && answer.error().type == "workflow.timeout";
  if (answer)
    record(run_id, run, step_completed{attempt, std::move(*answer), std::move(timing)});
  else if (said && gives_its_place(run, attempt, *said, answer.error()))
    record(run_id, run,
           step_preempted{attempt, said->details(), said->needed_by(), std::move(timing)});
  else {
    step_failed failed = run.state.judge(attempt, std::move(answer.error()), around_.now());
    if (said) failed.details = said->details();
    failed.timing = std::move(timing);
    record(run_id, run, std::move(failed));
  }
  // The first of two that completes ends both.
  if (other && !run.state.is_current(*other)) call_off(run, *other);
  note_progress(run_id, run);
  if (from.kind == step_kind::child) rearm_close_timer(run_id, run, attempt.instance);
  if (!run.state.close_time(attempt.instance)) disarm_close_timer(run, attempt.instance);
  if (given_up) give_child_up(run.state.child_of(attempt.instance), run_id);
  return true;
}

} // namespace troupe::workflow
