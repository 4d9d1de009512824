#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/reply_check.hpp"
#include "kernels/text/utf8.hpp"

#include <atomic>
#include <exception>
#include <fmt/format.h>
#include <memory>

namespace troupe::workflow {
namespace {

failure timed_out(std::string message) {
  return {"workflow.timeout", std::move(message), true};
}

std::string name_of(const instance_id& instance) {
  return fmt::format("{}[{}]", instance.step, instance.index);
}

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
  while (!failed_ && !draining_ && !waiting_.empty() &&
         in_flight_ < around_.options.max_attempts_in_flight) {
    const started_attempt next = std::move(waiting_.front());
    waiting_.pop_front();
    const auto run = runs_.find(next.run_id);
    // Its run may have failed meanwhile.
    if (run != runs_.end() && run->second.state.is_current(next.attempt))
      start_attempt(run->second, next);
  }
}

/// Lets attempts work while the disk does. A run's first commit is waited for: it may be refused, and
/// what was refused must not have had effects. So is it near the end of the lease, when another owner
/// may have the run already.
void engine_core::start_uncommitted() {
  if (draining_ || !waiting_.empty() || around_.options.max_uncommitted == 0 ||
      around_.now() >= renew_at_ + around_.history.lease_time() / renewals_per_lease)
    return;
  // A copy: what could not be started is recorded, which may make more runs dirty.
  for (const std::string& run_id : std::vector(dirty_.begin(), dirty_.end()))
    if (const auto run = runs_.find(run_id); run != runs_.end() && run->second.committed > 0)
      start_uncommitted(run_id, run->second);
}

void engine_core::start_uncommitted(const std::string& run_id, live_run& run) {
  const std::size_t run_bound = std::min<std::size_t>(
      run.state.workflow()->max_uncommitted.value_or(around_.options.max_uncommitted),
      around_.options.max_uncommitted);
  std::vector<attempt_id>& to_start = run.pending.to_start;
  while (!to_start.empty() && run.uncommitted() < run_bound &&
         uncommitted_ < around_.options.max_uncommitted &&
         in_flight_ < around_.options.max_attempts_in_flight) {
    const attempt_id next = std::move(to_start.front());
    to_start.erase(to_start.begin());
    if (!run.state.is_current(next)) continue;
    ++run.pending.started;
    ++uncommitted_;
    start_attempt(run, {run_id, next, around_.now()});
  }
}

void engine_core::start_attempt(live_run& run, const started_attempt& wanted) {
  const time_point now = around_.now();
  const attempt_id& attempt = wanted.attempt;
  const step& from =
      run.state.workflow()->steps[run.state.workflow()->step_index.at(attempt.instance.step)];
  if (const duration bound = from.limits.schedule_to_start;
      bound > duration{0} && now - wanted.scheduled > bound)
    return finish_attempt(wanted.run_id, attempt,
                          tl::unexpected(timed_out(name_of(attempt.instance) +
                                                   " was not started within schedule_to_start")));
  const time_point deadline = run.state.deadline(attempt, now, around_.options.default_timeout);
  if (deadline <= now)
    return finish_attempt(wanted.run_id, attempt,
                          tl::unexpected(timed_out(name_of(attempt.instance) +
                                                   " was not closed within schedule_to_close")));
  auto request = run.state.request(attempt.instance);
  if (!request)
    return finish_attempt(wanted.run_id, attempt, tl::unexpected(std::move(request.error())));
  ++in_flight_;
  const responder then = answer_to(run, wanted);
  try {
    around_.start({from.agent, std::move(*request), timeout_until(deadline, now),
                   run.state.idempotency_key(attempt.instance)},
                  then);
  } catch (const std::exception& thrown) {
    then(tl::unexpected(failure{"workflow.start_failed", thrown.what(), true}));
  }
}

/// Brings an attempt's answer back to this thread, once.
responder engine_core::answer_to(const live_run& run, const started_attempt& wanted) {
  struct flight {
    flight(std::string run, attempt_id which, std::uint64_t under)
        : run_id(std::move(run)), attempt(std::move(which)), epoch(under) {}
    std::string run_id;
    attempt_id attempt;
    std::uint64_t epoch;
    std::atomic_flag answered;
  };
  auto here = std::make_shared<flight>(wanted.run_id, wanted.attempt, run.epoch);
  return [this, post = around_.post, here = std::move(here)](reply<message_ptr> answer) {
    if (here->answered.test_and_set()) return;
    post([this, here, answer = std::move(answer)]() mutable {
      --in_flight_;
      // A run that was lost and taken over again gives its tokens out anew.
      const auto now = runs_.find(here->run_id);
      if (now != runs_.end() && now->second.epoch == here->epoch)
        finish_attempt(here->run_id, here->attempt, std::move(answer));
    });
  };
}

/// A result is recorded only where its attempt is still the one in flight: the token decides.
void engine_core::finish_attempt(const std::string& run_id, const attempt_id& attempt,
                                 reply<message_ptr> answer) {
  const auto found = runs_.find(run_id);
  if (failed_ || found == runs_.end() || !found->second.state.is_current(attempt)) return;
  live_run& run = found->second;
  const step& from =
      run.state.workflow()->steps[run.state.workflow()->step_index.at(attempt.instance.step)];
  answer = keepable(std::move(answer), from);
  if (answer)
    record(run_id, run, step_completed{attempt, std::move(*answer)});
  else
    record(run_id, run, run.state.judge(attempt, std::move(answer.error()), around_.now()));
}

} // namespace troupe::workflow
