#include "actors/workflow/engine_core.hpp"

#include "actors/scheduling/online/online_policy.hpp"
#include "actors/workflow/engine_policy.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_bytes.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/run_id.hpp"
#include "actors/workflow/timeouts.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

tl::unexpected<error> closed_already(const std::string& run_id, std::int32_t status) {
  if (status == v1::RUN_STATUS_CANCELLED)
    return fail(workflow_errc::run_cancelled,
                fmt::format("'{}' is not gone on with; submit it anew", run_id));
  return fail(workflow_errc::run_closed,
              fmt::format("run '{}' is completed or failed; submit it anew", run_id));
}

result<v1::Event> parse(const std::string& run_id, std::uint64_t sequence,
                        const std::string& bytes) {
  v1::Event made;
  if (made.ParseFromString(bytes) && made.sequence() == sequence) return made;
  return fail(workflow_errc::history_unreadable,
              fmt::format("run '{}', event {}: malformed", run_id, sequence));
}

/// What a person reads about a failed run: which step it was, then why.
run_failure explain(const std::optional<attempt_id>& from, failure why, const machine& run) {
  if (!from) return {std::move(why), std::nullopt};
  const attempt_id& attempt = *from;
  const bool fans_out = run.definition_of(attempt.instance).each.has_value();
  why.message = fmt::format("step {}{} failed at attempt {}: {}", attempt.instance.step,
                            fans_out ? fmt::format("[{}]", attempt.instance.index) : "",
                            attempt.attempt, why.message);
  return {std::move(why), attempt};
}

/// The same of a run that has undone what it did: that was said when it began to, but not what could not be undone.
run_failure explain(const fail_run& wanted, const machine& run) {
  if (!run.compensating()) return explain(wanted.attempt, wanted.why, run);
  run_failure made{wanted.why, wanted.attempt};
  if (const auto failed = run.compensation_failures(); !failed.empty())
    made.why.message += "; " + failed;
  return made;
}

bool is_open(std::int32_t status) {
  return status == v1::RUN_STATUS_RUNNING || status == v1::RUN_STATUS_COMPENSATING;
}

} // namespace

engine_records::live_run::live_run() = default;
engine_records::live_run::~live_run() = default;

engine_core::engine_core(engine_environment around)
    : around_(std::move(around)), lazy_(!around_.history.waits()),
      shares_(around_.options.tenant_weights) {
  const engine_options& options = around_.options;
  scheduling::node_description here{options.node_name, options.node_incarnation, options.node_class,
                                    options.resources, options.max_attempts_in_flight};
  here.offers = options.local_agents.value_or(scheduling::agent_offer{true, {}});
  (void)pool_.add(std::move(here));
  several_ = options.local_agents.has_value();
  // Whoever made the options has seen that there is such a policy.
  if (const auto known = scheduling::find_online_policy(around_.options.policy))
    policy_ = (*known)->order();
  began_ = around_.now();
  if (!around_.commits) around_.commits = std::make_shared<inline_committer>(around_.history);
  post_ = std::make_shared<const std::function<void(std::function<void()>)>>(around_.post);
  renew_at_ = around_.now() + around_.history.lease_time() / renewals_per_lease;
  poll_at_ = around_.now();
}

result<void> engine_core::resume(const std::string& run_id) {
  if (failed_) return tl::unexpected(*failed_);
  if (runs_.contains(run_id)) return {};
  const auto entry = around_.history.find(run_id);
  if (!entry) return tl::unexpected(entry.error());
  if (!is_open(entry->status)) return closed_already(run_id, entry->status);
  const auto epoch = around_.history.claim(run_id, around_.now());
  if (!epoch) return tl::unexpected(epoch.error());
  const auto unwanted = around_.history.cancel_requests();
  if (!unwanted) return (void)around_.history.release(run_id), tl::unexpected(unwanted.error());
  return go_on(run_id, *epoch, *unwanted);
}

/// With a run that this owner has claimed: only now nobody else can append to it.
result<void> engine_core::go_on(const std::string& run_id, std::uint64_t epoch,
                                std::span<const cancel_request> unwanted) {
  const cancel_request* wish = wish_of(run_id, unwanted);
  if (wish) {
    const auto work = unfinished_work_of(run_id);
    if (!work) return (void)around_.history.release(run_id), tl::unexpected(work.error());
    if (wish->force || (!work->must_be_undone && work->children.empty())) {
      auto closed = close_cancelled(*wish, epoch);
      if (!closed) return closed;
      return closed_already(run_id, v1::RUN_STATUS_CANCELLED);
    }
  }
  auto taken = take_over(run_id, epoch);
  // Another owner may be able to do what this one is not: it should not wait for this one's end.
  if (!taken) return (void)around_.history.release(run_id), taken;
  if (wish) begin_cancel(run_id, runs_.at(run_id), *wish);
  return taken;
}

result<void> engine_core::take_over(const std::string& run_id, std::uint64_t epoch) {
  std::uint64_t history_bytes = 0;
  auto state = load(run_id, &history_bytes);
  if (!state) return tl::unexpected(std::move(state.error()));
  if (state->closed()) return closed_already(run_id, state->status());
  if (auto known = check_agents(*state->workflow()); !known) return known;
  if (auto fit = check_demands(*state->workflow()); !fit) return fit;
  live_run& run = runs_[run_id];
  run.state = std::move(*state);
  run.epoch = epoch;
  run.serial = ++last_serial_;
  run.committed = run.handed = run.state.version();
  run.history_bytes = history_bytes;
  for (const auto& [instance, due] : run.state.close_times())
    arm_close_timer(run_id, run, instance, due);
  // Nothing more is begun of a run whose time was over while nobody had it.
  if (const auto due = run.state.due(); due && *due <= around_.now()) {
    record(run_id, run, run_timed_out{run_is_late(run.state)});
  } else {
    record(run_id, run, run_recovered{around_.history.owner(), host()});
    if (!failed_) arm_run_timer(run_id, run);
  }
  // What it was sent meanwhile.
  poll_at_ = around_.now();
  return {};
}

result<recovery> engine_core::recover() {
  if (failed_) return tl::unexpected(*failed_);
  run_filter unfinished;
  unfinished.statuses = {v1::RUN_STATUS_RUNNING, v1::RUN_STATUS_COMPENSATING};
  unfinished.limit = 1'000'000;
  const auto entries = around_.history.list(unfinished);
  if (!entries) return tl::unexpected(entries.error());
  std::vector<std::string> unfinished_ids;
  for (const run_entry& entry : *entries)
    if (!runs_.contains(entry.run_id)) unfinished_ids.push_back(entry.run_id);
  recovery made;
  for (std::size_t at = 0; at < unfinished_ids.size(); at += claims_at_once) {
    // What the last ones recorded need not be kept until all are read.
    if (at > 0) commit();
    if (failed_) return tl::unexpected(*failed_);
    const auto many = std::span{unfinished_ids}.subspan(at);
    if (auto done = recover_some(many.first(std::min(many.size(), claims_at_once)), made); !done)
      return tl::unexpected(std::move(done.error()));
  }
  return made;
}

/// So many that the store is not locked for long, and the lease is kept through all of them.
result<void> engine_core::recover_some(std::span<const std::string> run_ids, recovery& into) {
  renew_lease(around_.now());
  const auto epochs = around_.history.claim_all(run_ids, around_.now());
  if (!epochs) return tl::unexpected(epochs.error());
  const auto unwanted = around_.history.cancel_requests();
  if (!unwanted) return tl::unexpected(unwanted.error());
  for (std::size_t i = 0; i < run_ids.size(); ++i) {
    const auto& epoch = (*epochs)[i];
    auto resumed = epoch ? go_on(run_ids[i], *epoch, *unwanted) : tl::unexpected(epoch.error());
    if (resumed)
      into.runs.push_back(run_ids[i]);
    else
      into.refused.emplace_back(run_ids[i], std::move(resumed.error()));
  }
  return {};
}

result<void> engine_core::check_agents(const definition& workflow) const {
  const auto known = [this](const step& each) {
    return each.kind != step_kind::agent || around_.agents.find(each.agent.type);
  };
  const auto missing = [](const step& each) {
    return fail(workflow_errc::agent_missing,
                fmt::format("step '{}' needs agent type '{}'; register it, then resume the run",
                            each.id, each.agent.type));
  };
  for (const definition* within : definitions_in(workflow))
    for (const step& each : within->steps) {
      if (!known(each)) return missing(each);
      if (each.compensate && !known(*each.compensate)) return missing(*each.compensate);
    }
  return {};
}

result<std::vector<v1::Event>> engine_core::history(const std::string& run_id) {
  if (lazy_) want_all_committed(), commit();
  const auto stored = around_.history.read(run_id);
  if (!stored) return tl::unexpected(stored.error());
  std::vector<v1::Event> made;
  made.reserve(stored->size());
  for (const std::string& bytes : *stored) {
    auto parsed = parse(run_id, made.size() + 1, bytes);
    if (!parsed) return tl::unexpected(std::move(parsed.error()));
    made.push_back(std::move(*parsed));
  }
  return made;
}

/// @param size_bytes where it is given, what all events have together.
result<machine> engine_core::load(const std::string& run_id, std::uint64_t* size_bytes) {
  const auto events = history(run_id);
  if (!events) return tl::unexpected(events.error());
  machine made;
  for (const v1::Event& stored : *events) {
    if (size_bytes) *size_bytes += stored.ByteSizeLong();
    const auto happened = decode(stored, definitions_);
    if (!happened)
      return fail(happened.error().code,
                  fmt::format("run '{}', {}", run_id, happened.error().context));
    if (const auto applied = made.apply(*happened); !applied)
      return fail(applied.error().code,
                  fmt::format("run '{}', {}", run_id, applied.error().context));
  }
  return made;
}

result<v1::RunSummary> engine_core::summary(const std::string& run_id) {
  // What is in memory may be ahead of what the store took.
  if (failed_) return tl::unexpected(*failed_);
  if (const auto run = runs_.find(run_id); run != runs_.end()) return run->second.state.summary();
  const auto state = load(run_id);
  if (!state) return tl::unexpected(state.error());
  return state->summary();
}

result<std::vector<run_entry>> engine_core::list(const run_filter& filter) {
  if (lazy_) want_all_committed(), commit();
  return around_.history.list(filter);
}

std::uint64_t engine_core::when_ended(const std::string& run_id, on_end then) {
  if (failed_) return then(tl::unexpected(*failed_)), 0;
  if (runs_.contains(run_id)) {
    waiters_.emplace(run_id, waiter{++last_waiter_, std::move(then)});
    return last_waiter_;
  }
  const auto state = load(run_id);
  if (!state)
    then(tl::unexpected(state.error()));
  else if (is_open(state->status()))
    then(fail(workflow_errc::run_owned,
              fmt::format("run '{}' is not at work here; resume it first", run_id)));
  else
    then(run_end{*state});
  return 0;
}

std::uint64_t engine_core::when_closed(const std::string& run_id, on_close then) {
  return when_ended(
      run_id, [then = std::move(then)](const result<run_end>& how) { then(summary_of(how)); });
}

void engine_core::forget(std::uint64_t number) {
  std::erase_if(waiters_, [&](const auto& each) { return each.second.number == number; });
}

// --- recording -----------------------------------------------------------------------------------

void engine_core::record(const std::string& run_id, live_run& run, decltype(event::what) what) {
  const event happened{run.state.version() + 1, around_.now(), std::move(what)};
  const auto wanted = run.state.apply(happened);
  if (!wanted)
    return give_up(
        wanted.error()); // a fault of this engine: it recorded what the machine did not ask for
  count_event(happened, counted_);
  if (run.state.closed()) call_off(run);
  run.pending.events.add([&](std::string& bytes) { append_bytes(bytes, happened); });
  if (!lazy_ || run.state.closed() || !subscribers_.empty() ||
      run.pending.events.size() >= most_gathered || !run.pending.told_on_commit.empty())
    want_commit(run_id, run);
  for (const command& each : *wanted)
    carry_out(run_id, run, each);
}

void engine_core::carry_out(const std::string& run_id, live_run& run, const command& wanted) {
  if (const auto* attempt = std::get_if<schedule_attempt>(&wanted)) {
    record(run_id, run, step_scheduled{attempt->attempt});
    if (lazy_)
      at_once_.emplace_back(run_id, attempt->attempt);
    else
      run.pending.to_start.push_back(attempt->attempt);
    if (const auto due = attempt->attempt.attempt == 1
                             ? run.state.close_time(attempt->attempt.instance)
                             : std::nullopt)
      arm_close_timer(run_id, run, attempt->attempt.instance, *due);
  } else if (const auto* wait = std::get_if<start_retry_timer>(&wanted)) {
    timers_.emplace(wait->due, retry_timer{run_id, wait->instance, wait->attempt});
  } else if (const auto* begin = std::get_if<start_waiting>(&wanted)) {
    begin_waiting(run_id, run, *begin);
  } else if (const auto* timer = std::get_if<start_wait_timer>(&wanted)) {
    run.wait_timers.insert_or_assign(
        timer->instance, timers_.emplace(timer->due, wait_timer{run_id, timer->instance}));
  } else if (const auto* open = std::get_if<decide_instance>(&wanted)) {
    record(run_id, run, run.state.decide(open->instance));
  } else if (const auto* failing = std::get_if<fail_run>(&wanted)) {
    record(run_id, run, run_failed{explain(*failing, run.state)});
  } else if (const auto* turning = std::get_if<start_compensating>(&wanted)) {
    std::optional<run_failure> why;
    if (turning->why) why = explain(turning->attempt, *turning->why, run.state);
    turn_back(run_id, run, {std::move(why), turning->cancel_reason});
  } else if (const auto* child = std::get_if<start_child>(&wanted)) {
    begin_child(run_id, run, child->attempt);
  } else if (const auto* awaited = std::get_if<await_child>(&wanted)) {
    look_later(run_id, awaited->attempt);
  } else if (const auto* unwanted = std::get_if<cancel_child>(&wanted)) {
    cancel_open_child(run_id, *unwanted);
  } else if (const auto* undone = std::get_if<cancel_run>(&wanted)) {
    record(run_id, run, run_cancelled{undone->reason});
  } else {
    record(run_id, run, run_completed{});
  }
}

} // namespace troupe::workflow
