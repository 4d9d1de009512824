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
  while (!failed_) {
    start_attempts();
    start_uncommitted();
    if (committing_) {
      auto over = around_.commits->poll();
      if (!over) return;
      end_commit(std::move(*over));
    } else if (!dirty_.empty()) {
      begin_commit();
    } else {
      return;
    }
  }
}

void engine_core::drain() {
  draining_ = true;
  while (!failed_ && (committing_ || !dirty_.empty())) {
    if (!committing_) begin_commit();
    end_commit(around_.commits->wait());
  }
}

/// Hands over what is pending in all runs.
void engine_core::begin_commit() {
  std::vector<append_batch> batches;
  batches.reserve(dirty_.size());
  for (const std::string& run_id : std::exchange(dirty_, {})) {
    live_run& run = runs_.at(run_id);
    batches.push_back(batch_of(run_id, run));
    run.committing = std::exchange(run.pending, {});
  }
  committing_ = true;
  around_.commits->begin(std::move(batches));
}

void engine_core::end_commit(finished_commit over) {
  committing_ = false;
  last_commit_took_ = over.took;
  if (!over.outcome && concerns_one_run(over.outcome.error()))
    over.outcome = append_one_by_one(over.batches);
  if (!over.outcome)
    return give_up({workflow_errc::engine_failed,
                    fmt::format("the store refused a commit, nothing goes on: {}",
                                over.outcome.error().message())});
  std::vector<unsettled> durable;
  durable.reserve(over.batches.size());
  for (const append_batch& batch : over.batches) {
    live_run& run = runs_.at(batch.entry.run_id);
    run.committed += run.committing.events.size();
    uncommitted_ -= run.committing.started;
    durable.push_back(std::exchange(run.committing, {}));
  }
  // First of all, so that the disk does not wait for what follows from this commit.
  start_uncommitted();
  if (!dirty_.empty()) begin_commit();
  for (std::size_t i = 0; i < durable.size(); ++i)
    settle(over.batches[i].entry.run_id, durable[i]);
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
  made.events.reserve(run.pending.events.size());
  for (const v1::Event& each : run.pending.events)
    made.events.push_back(each.SerializeAsString());
  return made;
}

/// Finds out which runs the store refuses, drops those (also from `batches`), and commits the others.
result<void> engine_core::append_one_by_one(std::vector<append_batch>& batches) {
  for (auto at = batches.begin(); at != batches.end();) {
    auto appended = around_.history.append({&*at, 1});
    if (!appended && !concerns_one_run(appended.error())) return appended;
    if (appended) {
      ++at;
      continue;
    }
    drop(at->entry.run_id, appended.error());
    at = batches.erase(at);
  }
  return {};
}

/// After a commit: tells who watches, lets attempts start, and lets go of a closed run.
void engine_core::settle(const std::string& run_id, const unsettled& durable) {
  for (const v1::Event& each : durable.events)
    publish(run_id, each);
  for (const on_commit& then : durable.told_on_commit)
    then({});
  live_run& run = runs_.at(run_id);
  for (const attempt_id& attempt : durable.to_start)
    await_place(run_id, run, attempt);
  if (!run.state.closed() || !run.pending.events.empty() || !run.committing.events.empty()) return;
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
  live_run& run = runs_.at(run_id);
  uncommitted_ -= run.uncommitted();
  disarm_close_timers(run);
  tell_submitters(run, why);
  tell_waiters(run_id, tl::unexpected(why));
  dirty_.erase(run_id);
  runs_.erase(run_id);
}

void engine_core::tell_submitters(live_run& run, const error& why) {
  for (unsettled* each : {&run.committing, &run.pending})
    for (const on_commit& then : std::exchange(each->told_on_commit, {}))
      then(tl::unexpected(why));
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
    tell_submitters(run, why);
  }
  for (const auto& [number, each] : std::exchange(waiters_, {}))
    each.then(tl::unexpected(why));
}

} // namespace troupe::workflow
