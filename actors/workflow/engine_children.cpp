#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/run_id.hpp"

#include <algorithm>
#include <fmt/format.h>

// Steps that are runs of their own. The id of such a run follows from its parent's, the step, the index and the attempt, so
// that it is one run however often it is started. Its start is recorded in both histories at once; its end first in its own
// and then, once that is durable, in its parent's. Whoever takes the parent over looks for it in the store: it is not
// there (then it is started), open (then it is taken over, too) or closed (then its parent is told).
namespace troupe::workflow {
namespace {

std::int32_t bounded(std::int32_t priority) {
  return std::clamp(priority, -highest_priority, highest_priority);
}

/// What the end of a run is to the step that started it.
reply<message_ptr> outcome_of(const machine& ended) {
  const auto summary = ended.summary();
  if (ended.status() == v1::RUN_STATUS_COMPLETED) return ended.output();
  if (ended.status() == v1::RUN_STATUS_CANCELLED)
    return tl::unexpected(
        failure{"workflow.child_cancelled",
                fmt::format("run '{}' was cancelled{}{}", ended.run_id(),
                            summary.cancel_reason().empty() ? "" : ": ", summary.cancel_reason()),
                false});
  return tl::unexpected(failure{"workflow.child_failed",
                                fmt::format("run '{}' failed: {} [{}]", ended.run_id(),
                                            summary.failure().message(), summary.failure().type()),
                                true});
}

} // namespace

void engine_core::begin_child(const std::string& run_id, live_run& run, const attempt_id& attempt) {
  const std::string child =
      child_run_id(run_id, attempt.instance.step, attempt.instance.index, attempt.attempt);
  record(run_id, run, child_started{attempt, child});
  rearm_close_timer(run_id, run, attempt.instance);
  if (run.state.children_started() > definition_limits::children)
    return refuse_later(run_id, attempt,
                        {"workflow.too_many_children",
                         fmt::format("run '{}' has started {} runs, which is the most that it may; "
                                     "let each of them do more",
                                     run_id, definition_limits::children),
                         false});
  // One that had another owner may have started it, and lost its own commit.
  if (run.epoch > 1) return look_later(run_id, attempt);
  launch_child(run_id, run, attempt);
}

/// Makes the run. Both beginnings are pending: they are one commit.
void engine_core::launch_child(const std::string& run_id, live_run& run,
                               const attempt_id& attempt) {
  auto inputs = run.state.child_inputs(attempt.instance);
  if (!inputs) return refuse_later(run_id, attempt, std::move(inputs.error()));
  const std::string child = run.state.child_of(attempt.instance);
  run_started start{child,
                    run.state.definition_of(attempt.instance).child,
                    std::move(*inputs),
                    bounded(run.state.priority_of(attempt.instance)),
                    parent_ref{run_id, attempt.instance, attempt.attempt},
                    host(),
                    run.state.tenant()};
  live_run& made = runs_[child];
  made.serial = ++last_serial_;
  record(child, made, std::move(start));
}

// What is recorded may want more of the same run: what would record something else has to wait until that is done.

void engine_core::look_later(const std::string& run_id, const attempt_id& attempt) {
  (*post_)([this, run_id, attempt] { look_at_child(run_id, attempt); });
}

void engine_core::refuse_later(const std::string& run_id, const attempt_id& attempt, failure why) {
  (*post_)([this, run_id, attempt, why = std::move(why)] {
    finish_attempt(run_id, attempt, tl::unexpected(why));
  });
}

/// Goes on with an attempt whose run may be anywhere.
void engine_core::look_at_child(const std::string& run_id, const attempt_id& attempt) {
  const auto found = runs_.find(run_id);
  if (failed_ || found == runs_.end() || !found->second.state.is_current(attempt)) return;
  live_run& run = found->second;
  const std::string child = run.state.child_of(attempt.instance);
  if (const auto live = runs_.find(child); live != runs_.end()) {
    if (run.state.compensating()) give_child_up(child, run_id);
    return;
  }
  const auto entry = around_.history.find(child);
  if (!entry && entry.error().code == workflow_errc::run_unknown) {
    if (!run.state.compensating()) return launch_child(run_id, run, attempt);
    return finish_attempt(
        run_id, attempt,
        tl::unexpected(failure{"workflow.child_cancelled",
                               fmt::format("run '{}' never began", child), false}));
  }
  if (!entry) return await_or_lose(run_id, attempt, entry.error());
  if (entry->closed == time_point{}) return take_child_over(run_id, run, attempt, child);
  const auto ended = load(child);
  if (!ended) return await_or_lose(run_id, attempt, ended.error());
  finish_attempt(run_id, attempt, outcome_of(*ended));
}

/// The next look may find more where the run is at work elsewhere, or the store was busy.
void engine_core::await_or_lose(const std::string& run_id, const attempt_id& attempt,
                                const error& why) {
  if (why.code == workflow_errc::run_owned || why.code == workflow_errc::store_busy)
    return (void)children_elsewhere_.emplace_back(run_id, attempt);
  finish_attempt(run_id, attempt,
                 tl::unexpected(failure{"workflow.child_lost", why.message(), false}));
}

void engine_core::take_child_over(const std::string& run_id, live_run& run,
                                  const attempt_id& attempt, const std::string& child) {
  if (run.state.compensating())
    (void)around_.history.request_cancel(
        {child, fmt::format("run '{}', which started it, has ended", run_id)}, around_.now());
  const auto taken = resume(child);
  if (taken) {
    if (runs_.at(child).state.parent() == parent_ref{run_id, attempt.instance, attempt.attempt})
      return;
    return finish_attempt(
        run_id, attempt,
        tl::unexpected(failure{
            "workflow.child_exists",
            fmt::format("there is a run '{}' that this step did not start", child), false}));
  }
  // Closed just now.
  if (taken.error().code == workflow_errc::run_cancelled ||
      taken.error().code == workflow_errc::run_closed)
    return look_later(run_id, attempt);
  await_or_lose(run_id, attempt, taken.error());
}

/// A run that ends takes along those that it has started.
void engine_core::cancel_open_child(const std::string& run_id, const cancel_child& wanted) {
  if (runs_.contains(wanted.run_id)) return give_child_up(wanted.run_id, run_id);
  look_later(run_id, wanted.attempt);
}

/// @param parent the run that started it.
void engine_core::give_child_up(const std::string& child, const std::string& parent) {
  const std::string reason = fmt::format("run '{}', which started it, goes on without it", parent);
  if (const auto live = runs_.find(child); live != runs_.end())
    return begin_cancel(child, live->second, reason);
  (void)around_.history.request_cancel({child, reason}, around_.now());
}

/// After the end of a run is durable.
void engine_core::tell_parent(const machine& child) {
  const parent_ref& from = *child.parent();
  const auto found = runs_.find(from.run_id);
  if (found == runs_.end()) return; // its owner looks for it
  const auto attempt = found->second.state.attempt_of(from.instance);
  if (attempt && attempt->attempt == from.attempt)
    finish_attempt(from.run_id, *attempt, outcome_of(child));
}

void engine_core::rearm_close_timer(const std::string& run_id, live_run& run,
                                    const instance_id& instance) {
  disarm_close_timer(run, instance);
  if (const auto due = run.state.close_time(instance)) arm_close_timer(run_id, run, instance, *due);
}

void engine_core::poll_children() {
  for (const auto& [run_id, attempt] : std::exchange(children_elsewhere_, {}))
    look_at_child(run_id, attempt);
}

} // namespace troupe::workflow
