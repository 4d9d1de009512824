#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"

#include <exception>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace troupe::workflow {
namespace {

/// Whether a refused append is about one run, and the others can go on.
bool concerns_one_run(const error& why) {
  return why.code == workflow_errc::run_exists || why.code == workflow_errc::version_conflict ||
         why.code == workflow_errc::ownership_lost || why.code == workflow_errc::run_unknown;
}

} // namespace

void engine_core::commit() {
  while (!failed_ && !dirty_.empty()) {
    start_uncommitted();
    auto appended = append_pending();
    if (!appended && concerns_one_run(appended.error())) appended = append_one_by_one();
    if (!appended) {
      give_up({workflow_errc::engine_failed,
               fmt::format("the store refused a commit, nothing goes on: {}",
                           appended.error().message())});
      return;
    }
    for (const std::string& run_id : std::exchange(dirty_, {}))
      settle(run_id);
    start_attempts();
  }
  if (!failed_) start_attempts();
}

append_batch engine_core::batch_of(const std::string& run_id, const live_run& run) const {
  const v1::RunStatus status = run.state.status();
  append_batch made;
  made.entry.run_id = run_id;
  made.entry.workflow = run.state.workflow()->name;
  made.entry.workflow_version = run.state.workflow()->version;
  made.entry.status = status;
  made.entry.started = run.state.started();
  if (run.state.closed()) made.entry.closed = run.state.closed_time();
  made.expected_version = run.committed;
  made.epoch = run.epoch;
  for (const v1::Event& each : run.pending)
    made.events.push_back(each.SerializeAsString());
  return made;
}

result<void> engine_core::append_pending() {
  std::vector<append_batch> batches;
  for (const std::string& run_id : dirty_)
    batches.push_back(batch_of(run_id, runs_.at(run_id)));
  return around_.history.append(batches);
}

/// Finds out which runs the store refuses, drops those, and commits the others.
result<void> engine_core::append_one_by_one() {
  for (auto at = dirty_.begin(); at != dirty_.end();) {
    const append_batch batch = batch_of(*at, runs_.at(*at));
    auto appended = around_.history.append({&batch, 1});
    if (!appended && !concerns_one_run(appended.error())) return appended;
    if (appended) {
      ++at;
      continue;
    }
    const std::string run_id = *at;
    at = dirty_.erase(at);
    drop(run_id, appended.error());
  }
  return {};
}

/// After a commit: tells who watches, lets attempts start, and lets go of a closed run.
void engine_core::settle(const std::string& run_id) {
  live_run& run = runs_.at(run_id);
  const auto events = std::exchange(run.pending, {});
  run.committed += events.size();
  uncommitted_ -= std::exchange(run.uncommitted, 0);
  for (const v1::Event& each : events)
    publish(run_id, each);
  for (const on_commit& then : std::exchange(run.told_on_commit, {}))
    then({});
  for (attempt_id& attempt : std::exchange(run.to_start, {}))
    await_place(run_id, run, std::move(attempt));
  if (!run.state.closed()) return;
  disarm_close_timers(run);
  tell_waiters(run_id, run.state.summary());
  runs_.erase(run_id);
}

/// What a host's callback throws must not end its process.
void engine_core::publish(const std::string& run_id, const v1::Event& committed) {
  std::erase_if(subscribers_, [&](const event_callback& subscriber) {
    try {
      subscriber(run_id, committed);
      return false;
    } catch (const std::exception& thrown) {
      spdlog::error("a subscriber threw at event {} of run {} and is not called again: {}",
                    committed.sequence(), run_id, thrown.what());
    } catch (...) {
      spdlog::error("a subscriber threw at event {} of run {} and is not called again",
                    committed.sequence(), run_id);
    }
    return true;
  });
}

void engine_core::drop(const std::string& run_id, const error& why) {
  uncommitted_ -= runs_.at(run_id).uncommitted;
  disarm_close_timers(runs_.at(run_id));
  for (const on_commit& then : std::exchange(runs_.at(run_id).told_on_commit, {}))
    then(tl::unexpected(why));
  tell_waiters(run_id, tl::unexpected(why));
  runs_.erase(run_id);
}

void engine_core::tell_waiters(const std::string& run_id, const result<v1::RunSummary>& outcome) {
  for (auto at = waiters_.begin(); at != waiters_.end();) {
    if (at->second.run_id != run_id) {
      ++at;
      continue;
    }
    const on_close then = std::move(at->second.then);
    at = waiters_.erase(at);
    then(outcome);
  }
}

void engine_core::give_up(const error& why) {
  if (failed_) return;
  failed_ = why;
  dirty_.clear();
  timers_.clear();
  waiting_.clear();
  for (auto& [run_id, run] : runs_) {
    run.close_timers.clear();
    for (const on_commit& then : std::exchange(run.told_on_commit, {}))
      then(tl::unexpected(why));
  }
  for (const auto& [number, each] : std::exchange(waiters_, {}))
    each.then(tl::unexpected(why));
}

} // namespace troupe::workflow
