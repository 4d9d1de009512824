#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"

#include <algorithm>
#include <exception>
#include <fmt/format.h>
#include <google/protobuf/arena.h>
#include <spdlog/spdlog.h>

namespace troupe::workflow {

void engine_core::commit() {
  while (!failed_) {
    do {
      start_at_once();
      start_attempts();
    } while (!failed_ && !draining_ && !at_once_.empty());
    start_ahead();
    hand_over();
    const auto over = around_.commits->poll();
    if (!over) return;
    end_commit(*over);
  }
}

void engine_core::drain() {
  draining_ = true;
  for (auto& [run_id, run] : runs_)
    call_off(run);
  want_all_committed();
  for (hand_over(); !failed_ && !handed_.empty(); hand_over())
    end_commit(around_.commits->wait());
}

void engine_core::want_commit(const std::string& run_id, live_run& run) {
  if (!std::exchange(run.dirty, true)) dirty_.push_back(run_id);
}

void engine_core::want_all_committed() {
  for (auto& [run_id, run] : runs_)
    if (!run.pending.events.empty()) want_commit(run_id, run);
}

/// Gives the committer what is pending in the runs that are to be committed.
void engine_core::hand_over() {
  if (dirty_.empty()) return;
  std::vector<append_batch> batches;
  batches.reserve(dirty_.size());
  for (const std::string& run_id : std::exchange(dirty_, {})) {
    live_run& run = runs_.at(run_id);
    run.dirty = false;
    batches.push_back(batch_of(run_id, run));
    run.handed += batches.back().events.size();
    run.history_bytes += batches.back().events.size_bytes();
    handed_.push_back({run_id, run.serial, std::exchange(run.pending, {})});
  }
  around_.commits->add(std::move(batches));
}

void engine_core::end_commit(const finished_commit& over) {
  last_commit_took_ = over.took;
  if (!over.outcome)
    return give_up({workflow_errc::engine_failed,
                    fmt::format("the store refused a commit, nothing goes on: {}",
                                over.outcome.error().message())});
  const auto durable = take_back(over);
  // First of all, so that the disk does not wait for what follows from this commit.
  start_ahead();
  hand_over();
  for (const auto& [part, events] : durable)
    if (live_run* run = run_of(part)) settle(part.run_id, *run, part.what, *events);
  for (const auto& [part, events] : durable)
    if (live_run* run = run_of(part)) close(part.run_id, *run);
}

/// @returns what is durable now, with its events; drops the runs that the store refused.
std::vector<std::pair<engine_core::handed_over, const event_list*>>
engine_core::take_back(const finished_commit& over) {
  std::vector<std::pair<handed_over, const event_list*>> durable;
  durable.reserve(over.batches.size());
  auto refused = over.refused.begin();
  for (std::size_t i = 0; i < over.batches.size(); ++i) {
    handed_over part = std::move(handed_.front());
    handed_.pop_front();
    forget_seconds(part.what);
    live_run* run = run_of(part);
    count_durable(part.what, run);
    if (refused != over.refused.end() && refused->first == i) {
      const error& why = (refused++)->second;
      tell_submitters(part.what, why);
      if (run) drop(part.run_id, why);
      continue;
    }
    if (!run) continue;
    run->committed += over.batches[i].events.size();
    durable.emplace_back(std::move(part), &over.batches[i].events);
  }
  return durable;
}

/// The run that a part is of, where it was not dropped.
engine_core::live_run* engine_core::run_of(const handed_over& part) {
  const auto found = runs_.find(part.run_id);
  return found != runs_.end() && found->second.serial == part.serial ? &found->second : nullptr;
}

/// The last part of a run that is not durable; only where there is one.
engine_core::unsettled& engine_core::last_unsettled(const std::string& run_id, live_run& run) {
  if (!run.pending.events.empty()) {
    want_commit(run_id, run);
    return run.pending;
  }
  const auto last = std::find_if(handed_.rbegin(), handed_.rend(), [&](const handed_over& part) {
    return part.run_id == run_id && part.serial == run.serial;
  });
  return last->what;
}

/// With its pending events, which the committer has from now on.
append_batch engine_core::batch_of(const std::string& run_id, live_run& run) {
  const v1::RunStatus status = run.state.status();
  append_batch made;
  made.entry.run_id = run_id;
  made.entry.workflow = run.state.workflow()->name;
  made.entry.workflow_version = run.state.workflow()->version;
  made.entry.status = status;
  made.entry.started = run.state.started();
  if (run.state.closed()) made.entry.closed = run.state.closed_time();
  if (run.handed == 0) made.entry.tags = run.state.tags();
  made.expected_version = run.handed;
  made.epoch = run.epoch;
  made.events = std::exchange(run.pending.events, {});
  return made;
}

/// After a commit: tells who watches, and lets attempts start.
void engine_core::settle(const std::string& run_id, live_run& run, const unsettled& durable,
                         const event_list& events) {
  publish(run_id, events);
  for (const on_commit& then : durable.told_on_commit)
    then({});
  for (const attempt_id& attempt : durable.to_start)
    await_place(run_id, run, attempt);
  if (!durable.seconds) return;
  for (const attempt_id& attempt : *durable.seconds)
    seconds_.emplace_back(run_id, attempt);
}

/// Lets go of a run that is closed, once that is durable.
void engine_core::close(const std::string& run_id, live_run& run) {
  if (!run.state.closed() || run.committed < run.state.version()) return;
  forget_held(run);
  disarm_timers(run);
  tell_waiters(run_id, run_end{run.state});
  if (run.state.parent()) tell_parent(run.state);
  runs_.erase(run_id);
}

void engine_core::publish(const std::string& run_id, const event_list& committed) {
  if (subscribers_.empty()) return;
  google::protobuf::Arena arena;
  for (const std::string_view bytes : committed) {
    auto* each = google::protobuf::Arena::CreateMessage<v1::Event>(&arena);
    // It cannot fail: these are bytes of this engine's own.
    if (each->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) publish(run_id, *each);
  }
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
  count_durable(run.pending, nullptr);
  forget_held(run);
  forget_seconds(run.pending);
  disarm_timers(run);
  call_off(run);
  tell_submitters(run.pending, why);
  tell_waiters(run_id, tl::unexpected(why));
  // Who has it now, or who has its id, is in the store.
  if (const auto& from = run.state.parent())
    if (const auto parent = runs_.find(from->run_id); parent != runs_.end())
      if (const auto attempt = parent->second.state.attempt_of(from->instance))
        children_elsewhere_.emplace_back(from->run_id, *attempt);
  std::erase(dirty_, run_id);
  runs_.erase(run_id);
}

void engine_core::tell_submitters(unsettled& lost, const error& why) {
  for (const on_commit& then : std::exchange(lost.told_on_commit, {}))
    then(tl::unexpected(why));
}

void engine_core::tell_waiters(const std::string& run_id, const result<run_end>& how) {
  auto [first, last] = waiters_.equal_range(run_id);
  std::vector<waiter> told;
  for (auto at = first; at != last; ++at)
    told.push_back(std::move(at->second));
  waiters_.erase(first, last);
  std::ranges::sort(told, {}, &waiter::number);
  for (const waiter& each : told)
    each.then(how);
}

void engine_core::give_up(const error& why) {
  if (failed_) return;
  failed_ = why;
  dirty_.clear();
  timers_.clear();
  waiting_.clear();
  demanding_.clear();
  parked_.clear();
  held_.clear();
  held_by_run_.clear();
  limits_.clear();
  line_.clear();
  fresh_.clear();
  late_.clear();
  seconds_.clear();
  preemptible_.clear();
  moved_.clear();
  pool_.clear_work();
  placing_.clear();
  elsewhere_.clear();
  for (auto& [run_id, run] : runs_) {
    call_off(run);
    run.close_timers.clear();
    run.wait_timers.clear();
    run.end_timer.reset();
    tell_submitters(run.pending, why);
  }
  for (handed_over& part : handed_)
    tell_submitters(part.what, why);
  for (const auto& [run_id, each] : std::exchange(waiters_, {}))
    each.then(tl::unexpected(why));
}

} // namespace troupe::workflow
