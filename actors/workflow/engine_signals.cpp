#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/message_types.hpp"
#include "actors/workflow/run_id.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/any.pb.h>
#include <spdlog/spdlog.h>

namespace troupe::workflow {
namespace {

/// More than this a run is not told.
constexpr std::size_t most_signals = 10'000;

tl::unexpected<error> bad(std::string why) {
  return fail(workflow_errc::bad_signal, std::move(why));
}

/// A sender's id is unique in its run only, the store's among all.
std::string kept_id(const std::string& run_id, const std::string& id) {
  return run_id + '/' + id;
}

std::string sent_id(const signal_request& kept) {
  const std::string prefix = kept.run_id + '/';
  return kept.id.starts_with(prefix) ? kept.id.substr(prefix.size()) : kept.id;
}

/// The payload of a kept signal; nullptr where it is of another type.
message_ptr unpack(const signal_request& kept, const google::protobuf::Descriptor* type) {
  google::protobuf::Any packed;
  if (!type || !packed.ParseFromString(kept.payload)) return nullptr;
  auto made = make_message(*type);
  return packed.UnpackTo(made.get()) ? message_ptr{std::move(made)} : nullptr;
}

std::vector<std::string> signals_of(const definition& workflow) {
  std::vector<std::string> made;
  for (const step& each : workflow.steps)
    if (each.kind == step_kind::signal &&
        std::find(made.begin(), made.end(), each.signal) == made.end())
      made.push_back(each.signal);
  return made;
}

tl::unexpected<error> unknown_signal(const run_signal& sent, const definition& workflow,
                                     const std::string& run_id) {
  const auto known = signals_of(workflow);
  return bad(fmt::format("no step of run '{}' awaits a signal '{}'; {}", run_id,
                         sent.name.substr(0, 140),
                         known.empty() ? "its workflow awaits none"
                                       : fmt::format("it awaits {}", fmt::join(known, ", "))));
}

tl::unexpected<error> ended(const std::string& run_id, std::int32_t status) {
  return fail(
      status == v1::RUN_STATUS_CANCELLED ? workflow_errc::run_cancelled : workflow_errc::run_closed,
      fmt::format("run '{}' has ended{}, it can be told nothing", run_id,
                  status == v1::RUN_STATUS_COMPENSATING ? " and undoes what it has done" : ""));
}

} // namespace

void engine_core::begin_waiting(const std::string& run_id, live_run& run,
                                const start_waiting& wanted) {
  std::optional<time_point> due;
  if (wanted.wait) due = around_.now() + *wanted.wait;
  record(run_id, run, step_waiting{wanted.instance, due});
  if (const auto close = run.state.close_time(wanted.instance))
    arm_close_timer(run_id, run, wanted.instance, *close);
}

void engine_core::signal(const std::string& run_id, const run_signal& sent, on_signal then) {
  if (failed_) return then(tl::unexpected(*failed_));
  run_signal whole = sent;
  if (whole.id.empty()) whole.id = make_run_id(around_.now());
  if (!is_run_id(whole.id))
    return then(bad("the id of a signal has 1 to 128 of letters, digits, '.', '_', '-'"));
  const auto found = runs_.find(run_id);
  if (found != runs_.end()) return signal_here(run_id, found->second, whole, std::move(then));
  then(signal_elsewhere(run_id, whole));
}

void engine_core::signal_here(const std::string& run_id, live_run& run, const run_signal& sent,
                              on_signal then) {
  if (run.state.closed() || run.state.turning_back())
    return then(ended(run_id, run.state.status()));
  auto payload = payload_of(sent, *run.state.workflow(), run_id);
  if (!payload) return then(tl::unexpected(std::move(payload.error())));
  if (!run.state.has_signal(sent.id)) {
    if (run.state.signal_count() >= most_signals)
      return then(bad(fmt::format("run '{}' was sent {} signals, which is the most that it may be",
                                  run_id, most_signals)));
    record_signal(run_id, run, {sent.name, sent.id, std::move(*payload)});
  }
  if (failed_) return then(tl::unexpected(*failed_));
  if (run.committed == run.state.version()) return then(signal_outcome::recorded);
  last_unsettled(run_id, run).told_on_commit.push_back([then](result<void> done) {
    if (done)
      then(signal_outcome::recorded);
    else
      then(tl::unexpected(std::move(done.error())));
  });
}

/// Of a run that is not at work here: its owner looks for it, or whoever takes it over.
result<signal_outcome> engine_core::signal_elsewhere(const std::string& run_id,
                                                     const run_signal& sent) {
  const auto entry = around_.history.find(run_id);
  if (!entry) return tl::unexpected(entry.error());
  if (entry->status != v1::RUN_STATUS_RUNNING) return ended(run_id, entry->status);
  const auto start = beginning(run_id);
  if (!start) return tl::unexpected(start.error());
  const auto workflow = definitions_.compile(start->definition());
  if (!workflow)
    return fail(workflow_errc::history_unreadable,
                fmt::format("run '{}': its definition does not fit this build: {}", run_id,
                            to_string(workflow.error())));
  const auto payload = payload_of(sent, **workflow, run_id);
  if (!payload) return tl::unexpected(payload.error());
  google::protobuf::Any packed;
  packed.PackFrom(**payload);
  auto kept = around_.history.request_signal(
      {kept_id(run_id, sent.id), run_id, sent.name, packed.SerializeAsString()}, around_.now());
  if (!kept) return tl::unexpected(why_closed(run_id, std::move(kept.error())));
  return signal_outcome::kept;
}

/// Reads and checks what the sender wrote.
result<message_ptr> engine_core::payload_of(const run_signal& sent, const definition& workflow,
                                            const std::string& run_id) const {
  const auto* type = signal_type(workflow, sent.name);
  if (!type) return unknown_signal(sent, workflow, run_id);
  if (sent.json.size() > definition_limits::payload_bytes)
    return bad(fmt::format("the payload has {} bytes, it may have {}; send a reference to it",
                           sent.json.size(), definition_limits::payload_bytes));
  auto made = message_from_json(sent.json, *type);
  if (!made) return bad(fmt::format("the payload of signal '{}' {}", sent.name, made.error()));
  return std::move(*made);
}

/// Who awaited it has no need of its timers any more.
void engine_core::record_signal(const std::string& run_id, live_run& run,
                                signal_received happened) {
  record(run_id, run, std::move(happened));
  std::vector<instance_id> over;
  for (const auto& [instance, armed] : run.close_timers)
    if (!run.state.close_time(instance)) over.push_back(instance);
  for (const instance_id& instance : over)
    disarm_close_timer(run, instance);
}

void engine_core::poll_signals() {
  const auto kept = around_.history.signal_requests();
  if (!kept) {
    // Where the store is busy the next look finds them; what is damaged stays so until somebody looks at it.
    const std::string why = kept.error().message();
    if (kept.error().code == workflow_errc::store_damaged && why != signals_unread_)
      spdlog::error("the runs of this engine are told nothing: {}", signals_unread_ = why);
    return;
  }
  for (const signal_request& each : *kept)
    take_signal(each);
}

/// Records a kept signal of a run that is at work here, and lets go of it once that is durable.
void engine_core::take_signal(const signal_request& kept) {
  const auto found = runs_.find(kept.run_id);
  if (found == runs_.end() || found->second.state.closed() || found->second.state.turning_back())
    return;
  live_run& run = found->second;
  const auto drop = [this, id = kept.id] { (void)around_.history.drop_signals(std::span{&id, 1}); };
  const std::string id = sent_id(kept);
  if (!run.state.has_signal(id)) {
    auto payload = unpack(kept, run.state.signal_type(kept.name));
    if (!payload || run.state.signal_count() >= most_signals) {
      // Its sender was told that it is good: another build made it, or the run was sent too many.
      spdlog::error("signal '{}' ({}) of run {} is let go of: {}", kept.name, id, kept.run_id,
                    payload ? "the run was sent as many as it may be" : "it is not of its type");
      return drop();
    }
    record_signal(kept.run_id, run, {kept.name, id, std::move(payload)});
  }
  if (failed_) return;
  if (run.committed == run.state.version()) return drop();
  last_unsettled(kept.run_id, run).told_on_commit.push_back([drop](const result<void>& done) {
    if (done) drop();
  });
}

} // namespace troupe::workflow
