#include "actors/workflow/event_codec.hpp"

#include "actors/workflow/durations.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec_timing.hpp"
#include "actors/workflow/message_types.hpp"
#include "actors/workflow/run_tag_check.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

// --- to the wire ---------------------------------------------------------------------------------

void fill(v1::AttemptRef& made, const attempt_id& from) {
  made.set_step(from.instance.step);
  made.set_index(from.instance.index);
  made.set_attempt(from.attempt);
  made.set_token(from.token);
  made.set_compensation(from.instance.compensation);
}

void fill(google::protobuf::Value& made, const scalar& from) {
  if (const auto* on = std::get_if<bool>(&from)) made.set_bool_value(*on);
  // Inputs keep to 2^53, where doubles are exact.
  if (const auto* whole = std::get_if<std::int64_t>(&from))
    made.set_number_value(static_cast<double>(*whole));
  if (const auto* number = std::get_if<double>(&from)) made.set_number_value(*number);
  if (const auto* text = std::get_if<std::string>(&from)) made.set_string_value(*text);
}

void fill(google::protobuf::Timestamp& made, time_point moment) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(moment);
  made.set_seconds(seconds.time_since_epoch().count());
  made.set_nanos(static_cast<std::int32_t>(duration{moment - seconds}.count()));
}

struct encoder {
  v1::Event& made;

  void operator()(const run_started& from) const {
    *made.mutable_run_started() = encode_without_definition(from);
    *made.mutable_run_started()->mutable_definition() = from.workflow->source;
  }
  void operator()(const step_scheduled& from) const {
    fill(*made.mutable_step_scheduled()->mutable_attempt(), from.attempt);
  }
  void operator()(const step_completed& from) const {
    fill(*made.mutable_step_completed()->mutable_attempt(), from.attempt);
    made.mutable_step_completed()->mutable_reply()->PackFrom(*from.reply);
    if (from.timing) fill(*made.mutable_step_completed()->mutable_timing(), *from.timing);
  }
  void operator()(const step_failed& from) const {
    v1::StepFailed& into = *made.mutable_step_failed();
    fill(*into.mutable_attempt(), from.attempt);
    *into.mutable_failure() = encode(from.why);
    if (from.retry_time) fill(*into.mutable_retry_time(), *from.retry_time);
    if (from.details) into.mutable_details()->PackFrom(*from.details);
    if (from.timing) fill(*into.mutable_timing(), *from.timing);
    into.set_other_goes_on(from.other_goes_on);
  }
  void operator()(const step_speculated& from) const {
    v1::StepSpeculated& into = *made.mutable_step_speculated();
    fill(*into.mutable_attempt(), from.attempt);
    into.set_beside(from.beside);
    *into.mutable_ran() = to_proto(from.ran);
    *into.mutable_allowed() = to_proto(from.allowed);
  }
  void operator()(const step_preempted& from) const {
    v1::StepPreempted& into = *made.mutable_step_preempted();
    fill(*into.mutable_attempt(), from.attempt);
    if (from.details) into.mutable_details()->PackFrom(*from.details);
    into.set_needed_by(from.needed_by);
    if (from.timing) fill(*into.mutable_timing(), *from.timing);
  }
  void operator()(const step_lost& from) const {
    v1::StepLost& into = *made.mutable_step_lost();
    fill(*into.mutable_attempt(), from.attempt);
    into.set_node(from.node);
    into.set_node_incarnation(from.node_incarnation);
    if (from.details) into.mutable_details()->PackFrom(*from.details);
    if (from.timing) fill(*into.mutable_timing(), *from.timing);
  }
  void operator()(const step_retry_due& from) const {
    v1::StepRetryDue& into = *made.mutable_step_retry_due();
    into.set_step(from.instance.step);
    into.set_index(from.instance.index);
    into.set_attempt(from.attempt);
    into.set_compensation(from.instance.compensation);
  }
  void operator()(const step_decided& from) const {
    v1::StepDecided& into = *made.mutable_step_decided();
    into.set_step(from.instance.step);
    into.set_index(from.instance.index);
    into.set_skipped(from.skipped);
  }
  void operator()(const step_timed_out& from) const {
    v1::StepTimedOut& into = *made.mutable_step_timed_out();
    into.set_step(from.instance.step);
    into.set_index(from.instance.index);
    *into.mutable_failure() = encode(from.why);
    into.set_compensation(from.instance.compensation);
  }
  void operator()(const step_waiting& from) const {
    v1::StepWaiting& into = *made.mutable_step_waiting();
    into.set_step(from.instance.step);
    into.set_index(from.instance.index);
    if (from.due) fill(*into.mutable_due_time(), *from.due);
  }
  void operator()(const timer_fired& from) const {
    made.mutable_timer_fired()->set_step(from.instance.step);
    made.mutable_timer_fired()->set_index(from.instance.index);
  }
  void operator()(const signal_received& from) const {
    v1::SignalReceived& into = *made.mutable_signal_received();
    into.set_name(from.name);
    into.set_id(from.id);
    into.mutable_payload()->PackFrom(*from.payload);
  }
  void operator()(const run_cancelled& from) const {
    made.mutable_run_cancelled()->set_reason(from.reason);
    made.mutable_run_cancelled()->set_forced(from.forced);
  }
  void operator()(const run_cancelling& from) const {
    v1::RunCancelling& into = *made.mutable_run_cancelling();
    into.set_reason(from.reason);
    fill(*into.mutable_due_time(), from.due);
    for (const std::uint64_t token : from.awaited)
      into.add_tokens(token);
  }
  void operator()(const run_compensating& from) const {
    v1::RunCompensating& into = *made.mutable_run_compensating();
    if (from.why) *into.mutable_failure() = encode(*from.why);
    into.set_cancel_reason(from.cancel_reason);
  }
  void operator()(const run_timed_out& from) const {
    *made.mutable_run_timed_out()->mutable_failure() = encode(from.why);
  }
  void operator()(const child_started& from) const {
    fill(*made.mutable_child_started()->mutable_attempt(), from.attempt);
    made.mutable_child_started()->set_run_id(from.run_id);
  }
  void operator()(const run_recovered& from) const {
    made.mutable_run_recovered()->set_owner(from.owner);
    if (from.host) fill(*made.mutable_run_recovered()->mutable_host(), *from.host);
  }
  void operator()(const run_completed&) const { made.mutable_run_completed(); }
  void operator()(const run_failed& from) const {
    *made.mutable_run_failed()->mutable_failure() = encode(from.why);
  }
};

// --- from the wire -------------------------------------------------------------------------------

using what = decltype(event::what);

attempt_id from_wire(const v1::AttemptRef& from) {
  return {{from.step(), from.index(), from.compensation()}, from.attempt(), from.token()};
}

failure from_wire(const v1::Failure& from) {
  return {from.type(), from.message(), from.retryable()};
}

run_failure run_failure_from_wire(const v1::Failure& from) {
  run_failure made{from_wire(from), std::nullopt};
  if (from.has_step())
    made.where = attempt_id{{from.step().step(), from.step().index()}, from.step().attempt(), 0};
  return made;
}

tl::unexpected<error> unreadable(const v1::Event& from, std::string_view why) {
  return fail(workflow_errc::history_unreadable, fmt::format("event {}: {}", from.sequence(), why));
}

/// An input as the type that the definition declares.
std::optional<scalar> typed(const google::protobuf::Value& from, v1::InputType type) {
  if (type == v1::INPUT_TYPE_BOOLEAN && from.has_bool_value()) return from.bool_value();
  if (type == v1::INPUT_TYPE_NUMBER && from.has_number_value()) return from.number_value();
  if (type == v1::INPUT_TYPE_INTEGER && from.has_number_value())
    return static_cast<std::int64_t>(std::clamp(from.number_value(), -0x1p53, 0x1p53));
  if (type == v1::INPUT_TYPE_STRING && from.has_string_value()) return from.string_value();
  return std::nullopt;
}

result<what> decode_start(const v1::Event& from, definition_cache& known) {
  const v1::RunStarted& start = from.run_started();
  auto workflow = known.compile(start.definition());
  if (!workflow)
    return unreadable(from,
                      "its definition does not fit this build: " + to_string(workflow.error()));
  if (std::abs(std::int64_t{start.priority()}) > highest_priority)
    return unreadable(from, "its priority is out of range");
  run_started made{start.run_id(), std::move(*workflow), {}, start.priority()};
  if (start.has_parent())
    made.parent = parent_ref{start.parent().run_id(),
                             {start.parent().step(), start.parent().index()},
                             start.parent().attempt()};
  if (start.has_deadline()) made.deadline = from_proto(start.deadline());
  if (made.deadline < duration{0}) return unreadable(from, "its deadline is out of range");
  if (start.has_host()) made.host = decode(start.host());
  made.tenant = start.tenant();
  for (const v1::RunTag& tag : start.tags())
    made.tags.emplace(tag.key(), tag.value());
  if (auto good = check_tags(made.tags); !good) return unreadable(from, good.error().context);
  for (const input_declaration& declared : made.workflow->inputs) {
    const auto found = start.inputs().fields().find(declared.name);
    auto value =
        found == start.inputs().fields().end() ? std::nullopt : typed(found->second, declared.type);
    if (!value)
      return unreadable(from,
                        fmt::format("input '{}' is missing or of another type", declared.name));
    made.inputs.emplace(declared.name, std::move(*value));
  }
  return made;
}

/// A reply of whatever type this program has linked in.
result<message_ptr> unpack(const v1::Event& from, const google::protobuf::Any& packed) {
  const std::string name = packed.type_url().substr(packed.type_url().rfind('/') + 1);
  const auto* type = linked_type(name);
  if (!type)
    return unreadable(from, fmt::format("message type '{}' is not linked into this program", name));
  auto made = make_message(*type);
  if (!made->ParseFromString(packed.value()))
    return unreadable(from, fmt::format("its {} is malformed", name));
  return message_ptr{std::move(made)};
}

result<what> decode_what(const v1::Event& from, definition_cache& known) {
  switch (from.kind_case()) {
  case v1::Event::kRunStarted:
    return decode_start(from, known);
  case v1::Event::kStepScheduled:
    return what{step_scheduled{from_wire(from.step_scheduled().attempt())}};
  case v1::Event::kStepCompleted: {
    auto reply = unpack(from, from.step_completed().reply());
    if (!reply) return tl::unexpected(std::move(reply.error()));
    step_completed made{from_wire(from.step_completed().attempt()), std::move(*reply)};
    if (from.step_completed().has_timing()) made.timing = decode(from.step_completed().timing());
    return what{std::move(made)};
  }
  case v1::Event::kStepFailed: {
    const v1::StepFailed& failed = from.step_failed();
    step_failed made{from_wire(failed.attempt()), from_wire(failed.failure()), std::nullopt,
                     nullptr, std::nullopt};
    if (failed.has_retry_time()) made.retry_time = decode(failed.retry_time());
    // The run does not depend on them: a program that does not know their type goes on without.
    if (failed.has_details())
      if (auto details = unpack(from, failed.details())) made.details = std::move(*details);
    if (failed.has_timing()) made.timing = decode(failed.timing());
    made.other_goes_on = failed.other_goes_on();
    return what{std::move(made)};
  }
  case v1::Event::kStepSpeculated: {
    const v1::StepSpeculated& begun = from.step_speculated();
    return what{step_speculated{from_wire(begun.attempt()), begun.beside(),
                                std::max(from_proto(begun.ran()), duration{}),
                                std::max(from_proto(begun.allowed()), duration{})}};
  }
  case v1::Event::kStepPreempted: {
    const v1::StepPreempted& ended = from.step_preempted();
    step_preempted made{from_wire(ended.attempt()), nullptr, ended.needed_by()};
    // As of a failed attempt.
    if (ended.has_details())
      if (auto details = unpack(from, ended.details())) made.details = std::move(*details);
    if (ended.has_timing()) made.timing = decode(ended.timing());
    return what{std::move(made)};
  }
  case v1::Event::kStepLost: {
    const v1::StepLost& gone = from.step_lost();
    step_lost made{from_wire(gone.attempt()), gone.node(), gone.node_incarnation()};
    // As of a failed attempt.
    if (gone.has_details())
      if (auto details = unpack(from, gone.details())) made.details = std::move(*details);
    if (gone.has_timing()) made.timing = decode(gone.timing());
    return what{std::move(made)};
  }
  case v1::Event::kStepRetryDue: {
    const v1::StepRetryDue& due = from.step_retry_due();
    return what{step_retry_due{{due.step(), due.index(), due.compensation()}, due.attempt()}};
  }
  case v1::Event::kStepDecided: {
    const v1::StepDecided& decided = from.step_decided();
    return what{step_decided{{decided.step(), decided.index()}, decided.skipped()}};
  }
  case v1::Event::kStepTimedOut: {
    const v1::StepTimedOut& late = from.step_timed_out();
    instance_id name{late.step(), late.index(), late.compensation()};
    return what{step_timed_out{std::move(name), from_wire(late.failure())}};
  }
  case v1::Event::kStepWaiting: {
    const v1::StepWaiting& waiting = from.step_waiting();
    step_waiting made{{waiting.step(), waiting.index()}, std::nullopt};
    if (waiting.has_due_time()) made.due = decode(waiting.due_time());
    return what{std::move(made)};
  }
  case v1::Event::kTimerFired:
    return what{timer_fired{{from.timer_fired().step(), from.timer_fired().index()}}};
  case v1::Event::kSignalReceived: {
    auto payload = unpack(from, from.signal_received().payload());
    if (!payload) return tl::unexpected(std::move(payload.error()));
    return what{signal_received{from.signal_received().name(), from.signal_received().id(),
                                std::move(*payload)}};
  }
  case v1::Event::kRunCancelled:
    return what{run_cancelled{from.run_cancelled().reason(), from.run_cancelled().forced()}};
  case v1::Event::kRunCancelling: {
    const v1::RunCancelling& begun = from.run_cancelling();
    return what{run_cancelling{
        begun.reason(), decode(begun.due_time()), {begun.tokens().begin(), begun.tokens().end()}}};
  }
  case v1::Event::kRunCompensating: {
    const v1::RunCompensating& turned = from.run_compensating();
    run_compensating made{std::nullopt, turned.cancel_reason()};
    if (turned.has_failure()) made.why = run_failure_from_wire(turned.failure());
    return what{std::move(made)};
  }
  case v1::Event::kChildStarted: {
    attempt_id attempt = from_wire(from.child_started().attempt());
    child_started made{std::move(attempt), from.child_started().run_id()};
    return what{std::move(made)};
  }
  case v1::Event::kRunTimedOut:
    return what{run_timed_out{from_wire(from.run_timed_out().failure())}};
  case v1::Event::kRunRecovered: {
    run_recovered made{from.run_recovered().owner()};
    if (from.run_recovered().has_host()) made.host = decode(from.run_recovered().host());
    return what{std::move(made)};
  }
  case v1::Event::kRunCompleted:
    return what{run_completed{}};
  case v1::Event::kRunFailed:
    return what{run_failed{run_failure_from_wire(from.run_failed().failure())}};
  case v1::Event::KIND_NOT_SET:
    break;
  }
  return unreadable(from, "its kind is not known to this build; use a newer one");
}

} // namespace

v1::Event encode(const event& happened) {
  v1::Event made;
  made.set_sequence(happened.sequence);
  fill(*made.mutable_time(), happened.time);
  std::visit(encoder{made}, happened.what);
  return made;
}

v1::RunStarted encode_without_definition(const run_started& from) {
  v1::RunStarted made;
  made.set_run_id(from.run_id);
  for (const auto& [name, value] : from.inputs)
    fill((*made.mutable_inputs()->mutable_fields())[name], value);
  made.set_priority(from.priority);
  if (from.deadline > duration{0}) *made.mutable_deadline() = to_proto(from.deadline);
  if (from.host) fill(*made.mutable_host(), *from.host);
  made.set_tenant(from.tenant);
  write_tags(*made.mutable_tags(), from.tags);
  if (!from.parent) return made;
  v1::ParentRef& parent = *made.mutable_parent();
  parent.set_run_id(from.parent->run_id);
  parent.set_step(from.parent->instance.step);
  parent.set_index(from.parent->instance.index);
  parent.set_attempt(from.parent->attempt);
  return made;
}

result<event> decode(const v1::Event& stored) {
  definition_cache none;
  return decode(stored, none);
}

result<event> decode(const v1::Event& stored, definition_cache& known) {
  auto content = decode_what(stored, known);
  if (!content) return tl::unexpected(std::move(content.error()));
  return event{stored.sequence(), decode(stored.time()), std::move(*content)};
}

void write_tags(google::protobuf::RepeatedPtrField<v1::RunTag>& into, const run_tags& from) {
  for (const auto& [key, value] : from) {
    v1::RunTag& tag = *into.Add();
    tag.set_key(key);
    tag.set_value(value);
  }
}

v1::Failure encode(const failure& why) {
  v1::Failure made;
  made.set_type(why.type);
  made.set_message(why.message);
  made.set_retryable(why.retryable);
  return made;
}

v1::Failure encode(const run_failure& why) {
  v1::Failure made = encode(why.why);
  if (!why.where) return made;
  v1::StepDetail& where = *made.mutable_step();
  where.set_step(why.where->instance.step);
  where.set_index(why.where->instance.index);
  where.set_attempt(why.where->attempt);
  return made;
}

google::protobuf::Timestamp encode(time_point moment) {
  google::protobuf::Timestamp made;
  fill(made, moment);
  return made;
}

time_point decode(const google::protobuf::Timestamp& moment) {
  constexpr auto most =
      std::chrono::duration_cast<std::chrono::seconds>(duration::max()).count() - 1;
  const std::chrono::seconds seconds{std::clamp<std::int64_t>(moment.seconds(), -most, most)};
  return time_point{seconds + duration{std::clamp(moment.nanos(), 0, 999'999'999)}};
}

} // namespace troupe::workflow
