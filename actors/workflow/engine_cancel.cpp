#include "actors/workflow/engine_flight.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_bytes.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

namespace troupe::workflow {
namespace {

constexpr std::size_t longest_reason = 1'000;

constexpr std::chrono::hours longest_grace{24};

result<void> check_options(const cancel_options& how) {
  const std::string& reason = how.reason;
  if (how.grace.count() < 0 || how.grace > longest_grace)
    return fail(workflow_errc::bad_input, "the grace is negative or longer than a day; give a "
                                          "time from 0 to 24h");
  if (!reason.empty() && static_cast<unsigned char>(reason.front()) < ' ')
    return fail(workflow_errc::bad_input,
                "the reason begins with a control character; begin it with a word");
  if (reason.size() > longest_reason)
    return fail(workflow_errc::bad_input,
                fmt::format("the reason has {} bytes, it may have {}; shorten it", reason.size(),
                            longest_reason));
  if (!text::is_valid_utf8(reason))
    return fail(workflow_errc::bad_input, "the reason is not UTF-8; write it in UTF-8");
  return {};
}

/// Looks through a history for what a run has not ended or undone. Events are looked at as they are stored: to end a run
/// that has done nothing, neither agents nor message types need be known.
class work_finder {
public:
  /// @param first the run's first event.
  explicit work_finder(const std::string& first) {
    v1::Event start;
    if (!start.ParseFromString(first)) return;
    for (const v1::StepDefinition& each : start.run_started().definition().steps()) {
      if (each.has_compensate()) undoable_.insert(each.id());
      starts_runs_ = starts_runs_ || !each.workflow().empty();
    }
  }
  /// Whether there can be any such thing: else no other event need be read.
  [[nodiscard]] bool has_to_look() const { return starts_runs_ || !undoable_.empty(); }
  void look(const std::string& stored) {
    v1::Event event;
    if (!event.ParseFromString(stored)) return;
    // What completes without an event of its own has waited.
    must_be_undone_ = must_be_undone_ || event.has_run_compensating() ||
                      undoable_.contains(event.step_completed().attempt().step()) ||
                      undoable_.contains(event.step_waiting().step());
    if (event.has_child_started())
      open_[key(event.child_started().attempt())] = event.child_started().run_id();
    if (event.has_step_completed()) open_.erase(key(event.step_completed().attempt()));
    if (event.has_step_failed()) open_.erase(key(event.step_failed().attempt()));
  }
  [[nodiscard]] bool must_be_undone() const { return must_be_undone_; }
  [[nodiscard]] std::vector<std::string> open_children() const {
    std::vector<std::string> made;
    for (const auto& [place, run] : open_)
      made.push_back(run);
    return made;
  }

private:
  static instance_id key(const v1::AttemptRef& attempt) {
    return {attempt.step(), attempt.index(), attempt.compensation()};
  }

  std::set<std::string> undoable_;
  bool starts_runs_ = false;
  bool must_be_undone_ = false;
  std::map<instance_id, std::string> open_;
};

} // namespace

void engine_core::cancel(const std::string& run_id, const cancel_options& how, on_cancel then) {
  if (failed_) return then(tl::unexpected(*failed_));
  if (auto good = check_options(how); !good) return then(tl::unexpected(std::move(good.error())));
  const cancel_request wish{run_id, how.reason, how.grace, how.force};
  const auto found = runs_.find(run_id);
  if (found == runs_.end()) return then(cancel_elsewhere(wish));
  live_run& run = found->second;
  if (run.state.closed())
    return then(fail(run.state.status() == v1::RUN_STATUS_CANCELLED ? workflow_errc::run_cancelled
                                                                    : workflow_errc::run_closed,
                     fmt::format("run '{}' has ended, there is nothing to cancel", run_id)));
  begin_cancel(run_id, run, wish);
  if (failed_) return then(tl::unexpected(*failed_));
  const auto what = run.state.closed()         ? cancellation::done
                    : run.state.compensating() ? cancellation::compensating
                                               : cancellation::cancelling;
  if (run.committed == run.state.version()) return then(what);
  last_unsettled(run_id, run)
      .told_on_commit.push_back([then = std::move(then), what](result<void> done) {
        if (done)
          then(what);
        else
          then(tl::unexpected(std::move(done.error())));
      });
}

/// Ends a run that is at work here, once agents have answered, and lets it undo first what it has done.
void engine_core::begin_cancel(const std::string& run_id, live_run& run,
                               const cancel_request& wish) {
  if (run.state.closed()) return;
  if (wish.force) return force_cancel(run_id, run, wish.reason);
  if (run.state.compensating()) return;
  if (run.state.cancelling()) return hasten_cancel(run_id, run, around_.now() + wish.grace);
  if (wish.grace.count() > 0) return await_attempts(run_id, run, wish);
  end_cancelling(run_id, run, wish.reason);
}

/// Only what agents have is waited for: an attempt that waits for its place has done nothing.
void engine_core::await_attempts(const std::string& run_id, live_run& run,
                                 const cancel_request& wish) {
  std::vector<std::uint64_t> awaited;
  for (const attempt_id& attempt : run.state.in_flight())
    if (run.pulses.contains(attempt.token)) awaited.push_back(attempt.token);
  if (awaited.empty() && run.state.open_children().empty())
    return end_cancelling(run_id, run, wish.reason);
  const time_point due = around_.now() + wish.grace;
  disarm_timers(run);
  run.end_timer = timers_.emplace(due, run_timer{run_id});
  for (const auto& [token, told] : run.pulses)
    told->ask_to_end();
  record(run_id, run, run_cancelling{wish.reason, due, std::move(awaited)});
}

void engine_core::hasten_cancel(const std::string& run_id, live_run& run, time_point due) {
  if (due <= around_.now()) return end_cancelling(run_id, run, run.state.cancel_reason());
  if (!run.end_timer || (*run.end_timer)->first <= due) return;
  timers_.erase(*run.end_timer);
  run.end_timer = timers_.emplace(due, run_timer{run_id});
}

/// Nothing is waited for any more.
void engine_core::end_cancelling(const std::string& run_id, live_run& run,
                                 const std::string& reason) {
  if (!run.state.must_compensate()) return record(run_id, run, run_cancelled{reason});
  turn_back(run_id, run, {std::nullopt, reason});
}

void engine_core::force_cancel(const std::string& run_id, live_run& run,
                               const std::string& reason) {
  const auto children = run.state.open_children();
  disarm_timers(run);
  record(run_id, run,
         run_cancelled{run.state.turning_back() && !run.state.cancel_reason().empty()
                           ? run.state.cancel_reason()
                           : reason,
                       true});
  for (const std::string& child : children) {
    const cancel_request wish{
        child, fmt::format("run '{}', which started it, was cancelled by force", run_id), {}, true};
    if (const auto live = runs_.find(child); live != runs_.end())
      begin_cancel(child, live->second, wish);
    else
      (void)cancel_elsewhere(wish);
  }
}

/// From now on nothing is awaited of the run's steps.
void engine_core::turn_back(const std::string& run_id, live_run& run, run_compensating why) {
  disarm_timers(run);
  call_off(run);
  record(run_id, run, std::move(why));
}

result<engine_core::unfinished_work> engine_core::unfinished_work_of(const std::string& run_id) {
  const auto stored = around_.history.read(run_id);
  if (!stored) return tl::unexpected(stored.error());
  if (stored->empty()) return unfinished_work{};
  work_finder finder{stored->front()};
  if (!finder.has_to_look()) return unfinished_work{};
  for (const std::string& event : *stored)
    finder.look(event);
  return unfinished_work{finder.must_be_undone(), finder.open_children()};
}

/// @returns whether all of them are closed now.
result<bool> engine_core::cancel_children_elsewhere(const std::string& run_id,
                                                    const std::vector<std::string>& children,
                                                    bool force) {
  bool closed = true;
  for (const std::string& child : children) {
    // At work here, though its parent is not.
    if (const auto live = runs_.find(child); live != runs_.end()) {
      if (force)
        force_cancel(child, live->second, fmt::format("run '{}' was cancelled by force", run_id));
      else
        give_child_up(child, run_id);
      closed = false;
      continue;
    }
    const auto done = cancel_elsewhere(
        {child, fmt::format("run '{}', which started it, was cancelled", run_id), {}, force});
    if (done)
      closed = closed && *done == cancellation::done;
    else if (done.error().code != workflow_errc::run_closed &&
             done.error().code != workflow_errc::run_cancelled &&
             done.error().code != workflow_errc::run_unknown)
      return tl::unexpected(done.error());
  }
  return closed;
}

/// Of a run that is not at work here: first the wish, which outlasts whoever is killed now; then, where nobody has the run,
/// its end. What it has done is undone by who has its agents: its next owner.
result<cancellation> engine_core::cancel_elsewhere(const cancel_request& wanted) {
  if (auto asked = around_.history.request_cancel(wanted, around_.now()); !asked) {
    const auto entry = around_.history.find(wanted.run_id);
    if (entry && entry->status == v1::RUN_STATUS_COMPENSATING) return cancellation::compensating;
    return tl::unexpected(why_closed(wanted.run_id, std::move(asked.error())));
  }
  const auto epoch = around_.history.claim(wanted.run_id, around_.now());
  if (!epoch && epoch.error().code == workflow_errc::run_owned) return cancellation::requested;
  if (!epoch) return tl::unexpected(why_closed(wanted.run_id, epoch.error()));
  // Of several wishes the first counts.
  const auto wishes = around_.history.cancel_requests();
  if (!wishes) return tl::unexpected(wishes.error());
  const cancel_request* first = wish_of(wanted.run_id, *wishes);
  const auto work = unfinished_work_of(wanted.run_id);
  const bool force = first ? first->force : wanted.force;
  auto ended = work && (force || !work->must_be_undone)
                   ? cancel_children_elsewhere(wanted.run_id, work->children, force)
                   : result<bool>{false};
  if (!work || !ended || (!*ended && !force)) {
    (void)around_.history.release(wanted.run_id);
    if (!work) return tl::unexpected(work.error());
    if (!ended) return tl::unexpected(std::move(ended.error()));
    return cancellation::compensating;
  }
  if (auto closed = close_cancelled(first ? *first : wanted, *epoch); !closed)
    return tl::unexpected(why_closed(wanted.run_id, std::move(closed.error())));
  return cancellation::done;
}

/// Its owner may have closed the run at any moment, also because this was wanted before: that is another answer than that
/// it ended by itself.
error engine_core::why_closed(const std::string& run_id, error found) const {
  const auto entry = around_.history.find(run_id);
  if (found.code != workflow_errc::run_closed || !entry ||
      entry->status != v1::RUN_STATUS_CANCELLED)
    return found;
  return {workflow_errc::run_cancelled, fmt::format("'{}', there is nothing left to do", run_id)};
}

/// Closes a run that this owner has claimed, without applying its history: that may need agents and message types which are
/// not known here.
result<void> engine_core::close_cancelled(const cancel_request& wanted, std::uint64_t epoch) {
  append_batch batch;
  const auto entry = around_.history.find(wanted.run_id);
  if (!entry) return tl::unexpected(entry.error());
  if (entry->status != v1::RUN_STATUS_RUNNING &&
      !(wanted.force && entry->status == v1::RUN_STATUS_COMPENSATING))
    return fail(workflow_errc::run_closed,
                fmt::format("run '{}' ended before it could be cancelled", wanted.run_id));
  const event happened{entry->version + 1, around_.now(),
                       run_cancelled{wanted.reason, wanted.force}};
  batch.entry = *entry;
  batch.entry.status = v1::RUN_STATUS_CANCELLED;
  batch.entry.closed = happened.time;
  batch.expected_version = entry->version;
  batch.epoch = epoch;
  batch.events.add([&](std::string& bytes) { append_bytes(bytes, happened); });
  if (auto appended = around_.history.append({&batch, 1}); !appended)
    return (void)around_.history.release(wanted.run_id), appended;
  publish(wanted.run_id, batch.events);
  return {};
}

const cancel_request* engine_core::wish_of(const std::string& run_id,
                                           std::span<const cancel_request> among) {
  const auto found = std::ranges::find(among, run_id, &cancel_request::run_id);
  return found == among.end() ? nullptr : &*found;
}

/// Looks what somebody outside wants of this engine's runs.
void engine_core::poll_requests(time_point now) {
  if (failed_ || runs_.empty() || now < poll_at_) return;
  poll_at_ = now + request_poll_interval;
  // A run that waits need not keep its events twice.
  if (lazy_) want_all_committed();
  poll_cancels();
  poll_signals();
  poll_children();
}

void engine_core::poll_cancels() {
  // Where it cannot be read now, the next look finds it, or a commit says why nothing goes on.
  const auto wanted = around_.history.cancel_requests();
  if (!wanted) return;
  for (const cancel_request& each : *wanted)
    if (const auto run = runs_.find(each.run_id); run != runs_.end())
      begin_cancel(each.run_id, run->second, each);
}

} // namespace troupe::workflow
