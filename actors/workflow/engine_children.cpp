#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/inputs.hpp"
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

/// The definition and the inputs of the run that an instance is.
reply<std::pair<definition_ptr, input_values>>
engine_core::child_of(const std::string& run_id, const live_run& run,
                      const instance_id& instance) const {
  const step& from = run.state.definition_of(instance);
  if (!from.plan) {
    auto inputs = run.state.child_inputs(instance);
    if (!inputs) return tl::unexpected(std::move(inputs.error()));
    return std::pair{from.child, std::move(*inputs)};
  }
  const auto refuse = [&](const std::string& why) {
    constexpr std::size_t most = 2'000;
    return tl::unexpected(failure{"workflow.bad_plan",
                                  fmt::format("step {}[{}] cannot run what was planned: {}",
                                              from.id, instance.index, why.substr(0, most)),
                                  false});
  };
  if (level_of(run_id) >= definition_limits::workflow_depth)
    return refuse(fmt::format("it would be a run within {} others, each planned by the one before",
                              definition_limits::workflow_depth));
  const auto source = run.state.planned(instance);
  if (!source) return tl::unexpected(source.error());
  const auto made = compile_definition(*source, &around_.agents);
  if (!made) return refuse(to_string(made.error()));
  auto inputs = complete_inputs(**made, {});
  if (!inputs) return refuse(inputs.error().message());
  if (const auto fit = check_demands(**made); !fit) return refuse(fit.error().message());
  const auto* gives = (*made)->output ? (*made)->output->type : v1::RunSummary::descriptor();
  if (gives != from.reply)
    return refuse(fmt::format("it gives a {}, and the step a {}; say so with reply_type",
                              gives->full_name(), from.reply->full_name()));
  return std::pair{*made, std::move(*inputs)};
}

/// How many runs a run is in, itself included, as far as they are at work here.
std::size_t engine_core::level_of(const std::string& run_id) const {
  std::size_t level = 0;
  for (auto at = runs_.find(run_id); at != runs_.end() && level < definition_limits::workflow_depth;
       ++level) {
    const auto& parent = at->second.state.parent();
    at = parent ? runs_.find(parent->run_id) : runs_.end();
  }
  return level;
}

/// Makes the run. Both beginnings are pending: they are one commit.
void engine_core::launch_child(const std::string& run_id, live_run& run,
                               const attempt_id& attempt) {
  auto what = child_of(run_id, run, attempt.instance);
  if (!what) return refuse_later(run_id, attempt, std::move(what.error()));
  const std::string child = run.state.child_of(attempt.instance);
  const duration deadline = what->first->deadline;
  run_started start{child,
                    std::move(what->first),
                    std::move(what->second),
                    bounded(run.state.priority_of(attempt.instance)),
                    parent_ref{run_id, attempt.instance, attempt.attempt},
                    deadline,
                    host(),
                    run.state.tenant()};
  live_run& made = runs_[child];
  made.serial = ++last_serial_;
  record(child, made, std::move(start));
  arm_run_timer(child, made);
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
    if (run.state.turning_back()) give_child_up(child, run_id, grace_left(run.state));
    return;
  }
  const auto entry = around_.history.find(child);
  if (!entry && entry.error().code == workflow_errc::run_unknown) {
    if (!run.state.turning_back()) return launch_child(run_id, run, attempt);
    return (void)finish_attempt(
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
  if (run.state.turning_back())
    (void)around_.history.request_cancel(
        {child, fmt::format("run '{}', which started it, has ended", run_id),
         std::chrono::floor<std::chrono::milliseconds>(grace_left(run.state))},
        around_.now());
  const auto taken = resume(child);
  if (taken) {
    if (runs_.at(child).state.parent() == parent_ref{run_id, attempt.instance, attempt.attempt})
      return;
    return (void)finish_attempt(
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
  if (runs_.contains(wanted.run_id))
    return give_child_up(wanted.run_id, run_id, grace_left(runs_.at(run_id).state));
  look_later(run_id, wanted.attempt);
}

/// @param parent the run that started it.
void engine_core::give_child_up(const std::string& child, const std::string& parent,
                                duration grace) {
  const cancel_request wish{child,
                            fmt::format("run '{}', which started it, goes on without it", parent),
                            std::chrono::floor<std::chrono::milliseconds>(grace)};
  if (const auto live = runs_.find(child); live != runs_.end())
    return begin_cancel(child, live->second, wish);
  (void)around_.history.request_cancel(wish, around_.now());
}

/// What is left for the attempts of a run that is to be cancelled, and of those that it started.
duration engine_core::grace_left(const machine& run) const {
  if (!run.cancelling()) return {};
  return std::max(duration{run.cancel_due() - around_.now()}, duration{0});
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
