#include "actors/workflow/engine_flight.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/timeouts.hpp"

namespace troupe::workflow {

void engine_core::fire_timers() {
  const time_point now = around_.now();
  while (!failed_ && !timers_.empty() && timers_.begin()->first <= now) {
    const timer due = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    std::visit([this](const auto& each) { fire(each); }, due);
  }
  poll_requests(now);
  renew_lease(now);
}

void engine_core::renew_lease(time_point now) {
  if (failed_ || now < renew_at_) return;
  renew_at_ = now + around_.history.lease_time() / renewals_per_lease;
  // A lock that lasts is met again, earlier, by the next commit.
  if (auto renewed = around_.history.renew(now);
      !renewed && renewed.error().code != workflow_errc::store_busy)
    give_up(renewed.error());
}

time_point engine_core::next_due() const {
  time_point made = timers_.empty() ? renew_at_ : std::min(renew_at_, timers_.begin()->first);
  if (const auto room = limits_.next_wake()) made = std::min(made, *room);
  return made;
}

time_point engine_core::next_wake() const {
  // Nothing is due any more; what waits in the queue is refused.
  if (failed_) return time_point::max();
  return runs_.empty() ? next_due() : std::min(next_due(), poll_at_);
}

void engine_core::fire(const retry_timer& due) {
  const auto run = runs_.find(due.run_id);
  if (run != runs_.end() && run->second.state.awaits_retry(due.instance, due.attempt))
    record(due.run_id, run->second, step_retry_due{due.instance, due.attempt});
}

/// Where an attempt is in flight it is refused from now on; it leaves its place by its own timer, which is due as well.
void engine_core::fire(const close_timer& due) {
  const auto found = runs_.find(due.run_id);
  if (found == runs_.end()) return;
  live_run& run = found->second;
  run.close_timers.erase(due.instance);
  failure why = timed_out(due.instance, timeout_kind::schedule_to_close);
  if (run.state.awaits_attempt(due.instance)) {
    why.retryable = false;
    if (const auto armed = run.wait_timers.find(due.instance); armed != run.wait_timers.end()) {
      timers_.erase(armed->second);
      run.wait_timers.erase(armed);
    }
    return record(due.run_id, run, step_timed_out{due.instance, std::move(why)});
  }
  // Of a run of its own the nearer of its two limits is kept here.
  if (!run.state.is_over(due.instance, around_.now()))
    why = timed_out(due.instance, timeout_kind::start_to_close);
  for (const attempt_id& attempt : run.state.in_flight())
    if (attempt.instance == due.instance)
      (void)finish_attempt(due.run_id, attempt, tl::unexpected(why));
}

void engine_core::fire(const start_timer& due) {
  waiting_attempts& from = place_of(due.waiting);
  const auto found = from.find(due.waiting);
  found->second.start_by.reset();
  const started_attempt late = take(from, found);
  attempt_timing waited;
  add_waits(waited, late, around_.now());
  finish_attempt(late.run_id, late.attempt,
                 tl::unexpected(timed_out(late.attempt.instance, timeout_kind::schedule_to_start)),
                 std::move(waited));
}

void engine_core::fire(const deadline_timer& due) {
  due.late->deadline.reset();
  land(due.late, tl::unexpected(timed_out(due.late->attempt.instance, due.late->bound_by)),
       around_.now());
}

void engine_core::fire(const heartbeat_timer& due) {
  flight& here = *due.quiet;
  here.heartbeat.reset();
  const time_point next = here.beats->last() + here.beat_every;
  if (next > around_.now()) {
    here.heartbeat = timers_.emplace(next, due);
    return;
  }
  land(due.quiet, tl::unexpected(timed_out(here.attempt.instance, timeout_kind::heartbeat)),
       around_.now());
}

void engine_core::fire(const wait_timer& due) {
  const auto found = runs_.find(due.run_id);
  if (found == runs_.end()) return;
  live_run& run = found->second;
  run.wait_timers.erase(due.instance);
  if (!run.state.awaits_timer(due.instance)) return;
  disarm_close_timer(run, due.instance);
  record(due.run_id, run, timer_fired{due.instance});
}

void engine_core::fire(const run_timer& due) {
  const auto found = runs_.find(due.run_id);
  if (found == runs_.end()) return;
  live_run& run = found->second;
  run.end_timer.reset();
  if (run.state.cancelling()) return end_cancelling(due.run_id, run, run.state.cancel_reason());
  if (run.state.due()) record(due.run_id, run, run_timed_out{run_is_late(run.state)});
}

void engine_core::arm_run_timer(const std::string& run_id, live_run& run) {
  if (run.state.cancelling())
    run.end_timer = timers_.emplace(run.state.cancel_due(), run_timer{run_id});
  if (const auto due = run.state.due()) run.end_timer = timers_.emplace(*due, run_timer{run_id});
}

void engine_core::arm_close_timer(const std::string& run_id, live_run& run,
                                  const instance_id& instance, time_point due) {
  if (!run.close_timers.contains(instance))
    run.close_timers.emplace(instance, timers_.emplace(due, close_timer{run_id, instance}));
}

void engine_core::disarm_close_timer(live_run& run, const instance_id& instance) {
  const auto armed = run.close_timers.find(instance);
  if (armed == run.close_timers.end()) return;
  timers_.erase(armed->second);
  run.close_timers.erase(armed);
}

void engine_core::disarm_timers(live_run& run) {
  for (auto* armed : {&run.close_timers, &run.wait_timers})
    for (const auto& [instance, timer] : std::exchange(*armed, {}))
      timers_.erase(timer);
  if (const auto armed = std::exchange(run.end_timer, std::nullopt)) timers_.erase(*armed);
}

} // namespace troupe::workflow
