#include "actors/workflow/compiler.hpp"
#include "actors/workflow/durations.hpp"
#include "actors/workflow/message_types.hpp"
#include "actors/workflow/value.hpp"
#include "actors/workflow/value_type.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

/// The default of a declared input as that input's type.
std::optional<scalar> typed_default(const google::protobuf::Value& from, v1::InputType type) {
  if (type == v1::INPUT_TYPE_STRING && from.has_string_value()) return from.string_value();
  if (type == v1::INPUT_TYPE_BOOLEAN && from.has_bool_value()) return from.bool_value();
  if (type == v1::INPUT_TYPE_NUMBER && from.has_number_value()) return from.number_value();
  if (type == v1::INPUT_TYPE_INTEGER && from.has_number_value() &&
      from.number_value() == std::trunc(from.number_value()) &&
      std::abs(from.number_value()) <= 9007199254740992.0)
    return static_cast<std::int64_t>(from.number_value());
  return std::nullopt;
}

const char* name_of(v1::InputType type) {
  switch (type) {
  case v1::INPUT_TYPE_INTEGER:
    return "integer";
  case v1::INPUT_TYPE_NUMBER:
    return "number";
  case v1::INPUT_TYPE_BOOLEAN:
    return "boolean";
  default:
    return "string";
  }
}

} // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

void compiler::check_header() {
  made_->name = source_.name();
  made_->version = source_.version();
  made_->description = source_.description();
  if (source_.has_max_uncommitted()) made_->max_uncommitted = source_.max_uncommitted();
  check_deadline();
  if (!source_.name().empty() && !is_name(source_.name()))
    report("name", fmt::format("bad name '{}'; use letters, digits, '.', '_' and '-', 128 at most",
                               source_.name().substr(0, 140)));
  if (!is_name(source_.version()))
    report("version",
           fmt::format("bad version '{}'; use letters, digits, '.', '_' and '-', 128 at most",
                       source_.version().substr(0, 140)));
  if (source_.steps_size() > static_cast<int>(definition_limits::steps))
    report("steps",
           fmt::format("{} steps, a definition may have {}; split it", source_.steps_size(),
                       definition_limits::steps),
           true);
  if (source_.steps_size() == 0)
    report("steps", "the definition has no steps; add at least one under 'steps:'", true);
}

void compiler::check_deadline() {
  if (!source_.has_deadline()) return;
  made_->deadline = from_proto(source_.deadline());
  if (made_->deadline <= duration{0})
    report("deadline", "a run with this deadline could never begin; give one longer than 0, up to "
                       "ten years, or leave it out");
}

void compiler::check_inputs() {
  for (int i = 0; i < source_.inputs_size(); ++i)
    check_input(source_.inputs(i), static_cast<std::size_t>(i));
}

void compiler::check_input(const v1::InputDeclaration& from, std::size_t) {
  const std::string path = "inputs." + from.name();
  if (!is_identifier(from.name()))
    report(
        path,
        fmt::format("bad input name '{}'; use a letter or '_', then letters, digits, '_' and '-'",
                    from.name()),
        true);
  if (std::find(input_names_.begin(), input_names_.end(), from.name()) != input_names_.end())
    report(path, fmt::format("input '{}' is declared twice; remove or rename one", from.name()),
           true);
  input_declaration made{from.name(), from.type(), from.description(), std::nullopt};
  if (from.has_default_value()) {
    made.default_value = typed_default(from.default_value(), from.type());
    if (!made.default_value)
      report(path + ".default",
             fmt::format("the default of input '{}' is not of its type, {}; change "
                         "one of them, or leave the default out",
                         from.name(), name_of(from.type())));
  }
  input_names_.push_back(from.name());
  made_->inputs.push_back(std::move(made));
}

void compiler::check_step(const v1::StepDefinition& from) {
  const std::string path = "steps." + from.id();
  step made;
  made.id = from.id();
  if (!is_identifier(from.id()))
    report(path,
           fmt::format("bad step id '{}'; use a letter or '_', then letters, digits, '_' and '-'",
                       from.id()),
           true);
  if (!made_->step_index.emplace(from.id(), made_->steps.size()).second)
    report(path, fmt::format("step '{}' is there twice; remove or rename one", from.id()), true);
  made.parallelism = from.parallelism();
  made.priority = from.priority();
  if (std::abs(std::int64_t{from.priority()}) > highest_priority)
    report(path + ".priority", fmt::format("priority {} is out of range; write one from {} to {}",
                                           from.priority(), -highest_priority, highest_priority));
  check_kind(from, made);
  check_resources(from, made);
  check_limits(from, made);
  check_cost(from, made);
  check_speculation(from, made);
  check_preemptible(from, made);
  check_placement(from, made);
  check_retry(from, made);
  check_timeouts(from, made);
  check_on_failure(from, made);
  check_compensation(from, made);
  step_ids_.push_back(from.id());
  made_->steps.push_back(std::move(made));
}

void compiler::check_agent(const v1::StepDefinition& from, step& made) {
  const std::string path = place_of(from);
  auto name = agent_name::parse(from.agent());
  if (!name)
    return report(path + ".agent",
                  fmt::format("bad agent name '{}'; write TYPE or TYPE/KEY, e.g. files.read",
                              from.agent().substr(0, 140)));
  made.agent = std::move(*name);
  if (!agents_) return check_named_types(from, made);
  const agent_type* type = agents_->find(made.agent.type);
  if (!type)
    return report(path + ".agent", fmt::format("unknown agent type '{}'{}", made.agent.type,
                                               suggestion(made.agent.type, agents_->names())));
  if (const method* chosen = find_method(from, *type)) {
    made.request = linked_type(chosen->request->full_name());
    made.reply = linked_type(chosen->reply->full_name());
    if (!made.request || !made.reply)
      report(
          path + ".agent",
          fmt::format("a message type of agent '{}' is not linked into this program; link the code "
                      "that protoc made of it",
                      made.agent.type));
    else if (!from.reply_type().empty() && from.reply_type() != made.reply->full_name())
      report(path + ".reply_type",
             fmt::format("agent type '{}' replies with a {}; leave reply_type out", made.agent.type,
                         made.reply->full_name()));
  }
}

const method* compiler::find_method(const v1::StepDefinition& from, const agent_type& type) {
  std::vector<std::string> names;
  for (const method& each : type.methods)
    names.push_back(each.request->full_name());
  if (from.request_type().empty()) {
    if (type.methods.size() == 1) return type.methods.data();
    report(place_of(from) + ".agent",
           fmt::format("agent type '{}' takes several requests; add 'request_type: {}'", type.name,
                       fmt::join(names, "' or 'request_type: ")));
    return nullptr;
  }
  const auto found = std::find(names.begin(), names.end(), from.request_type());
  if (found != names.end()) return &type.methods[static_cast<std::size_t>(found - names.begin())];
  report(place_of(from) + ".request_type",
         fmt::format("agent type '{}' takes no '{}'{}", type.name, from.request_type(),
                     suggestion(from.request_type(), names)));
  return nullptr;
}

void compiler::check_named_types(const v1::StepDefinition& from, step& made) {
  made.request = linked_type(from.request_type());
  made.reply = linked_type(from.reply_type());
  for (const auto& [type, name] :
       {std::pair{made.request, from.request_type()}, {made.reply, from.reply_type()}})
    if (!type)
      report(place_of(from) + ".agent",
             fmt::format("message type '{}' is not linked into this program; use one that knows it",
                         name));
}

void compiler::check_retry(const v1::StepDefinition& from, step& made) {
  if (!from.has_retry()) return;
  const std::string path = place_of(from) + ".retry";
  const v1::RetryPolicy& retry = from.retry();
  retry_policy& policy = made.retry;
  if (retry.has_initial_interval()) policy.initial_interval = from_proto(retry.initial_interval());
  policy.maximum_interval = retry.has_maximum_interval() ? from_proto(retry.maximum_interval())
                                                         : policy.initial_interval * 100;
  if (retry.backoff_coefficient() != 0) policy.backoff_coefficient = retry.backoff_coefficient();
  policy.maximum_attempts = retry.maximum_attempts();
  policy.non_retryable_error_types.assign(retry.non_retryable_error_types().begin(),
                                          retry.non_retryable_error_types().end());
  if (policy.initial_interval < duration{0})
    report(path + ".initial_interval",
           "the interval is malformed or out of range; give one from 0 to ten years");
  else if (policy.maximum_interval < policy.initial_interval)
    report(path + ".maximum_interval",
           fmt::format("maximum_interval {} is below initial_interval {}; make it at least as long",
                       format_duration(policy.maximum_interval),
                       format_duration(policy.initial_interval)));
  if (!(policy.backoff_coefficient >= 1 && policy.backoff_coefficient <= 1000))
    report(path + ".backoff_coefficient",
           fmt::format(
               "backoff_coefficient must be from 1 to 1000, not {}; 1 waits the same each time",
               policy.backoff_coefficient));
}

void compiler::check_timeouts(const v1::StepDefinition& from, step& made) {
  const std::string path = place_of(from) + ".timeouts.";
  const auto take = [&](bool there, const google::protobuf::Duration& length, duration& into,
                        const char* name) {
    if (!there) return;
    into = from_proto(length);
    if (into <= duration{0})
      report(path + name, fmt::format("{} must be longer than zero; leave it out for none", name));
  };
  const v1::Timeouts& limits = from.timeouts();
  take(limits.has_schedule_to_start(), limits.schedule_to_start(), made.limits.schedule_to_start,
       "schedule_to_start");
  take(limits.has_start_to_close(), limits.start_to_close(), made.limits.start_to_close,
       "start_to_close");
  take(limits.has_schedule_to_close(), limits.schedule_to_close(), made.limits.schedule_to_close,
       "schedule_to_close");
  take(limits.has_heartbeat(), limits.heartbeat(), made.limits.heartbeat, "heartbeat");
}

} // namespace troupe::workflow
