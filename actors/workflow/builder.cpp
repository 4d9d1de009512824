#include "actors/workflow/builder.hpp"

#include "actors/workflow/durations.hpp"

#include <fmt/format.h>

namespace troupe::workflow {
namespace detail {
namespace {

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string made;
  for (std::size_t at = 0; at < text.size();) {
    const bool here = text.substr(at, what.size()) == what;
    made += here ? with : text.substr(at, 1);
    at += here ? what.size() : 1;
  }
  return made;
}

} // namespace

std::string quoted_literal(std::string_view text) {
  return "'" + replaced(text, "'", "''") + "'";
}

std::string number_text(double number) {
  return fmt::format("{}", number);
}

std::string name_of(const google::protobuf::EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  return value ? value->name() : std::to_string(number);
}

std::string escaped(std::string_view text) {
  return replaced(text, "${", "$${");
}

google::protobuf::Value text_value(std::string written) {
  google::protobuf::Value made;
  made.set_string_value(std::move(written));
  return made;
}

void fill(google::protobuf::Duration& made, duration from) {
  made = to_proto(from);
}

void fill(v1::RetryPolicy& made, const retry_policy& from) {
  fill(*made.mutable_initial_interval(), from.initial_interval);
  made.set_backoff_coefficient(from.backoff_coefficient);
  fill(*made.mutable_maximum_interval(), from.maximum_interval);
  made.set_maximum_attempts(from.maximum_attempts);
  made.mutable_non_retryable_error_types()->Assign(from.non_retryable_error_types.begin(),
                                                   from.non_retryable_error_types.end());
}

void fill(v1::Timeouts& made, const time_limits& from) {
  const auto set = [](duration length, google::protobuf::Duration* (v1::Timeouts::*into)(),
                      v1::Timeouts& of) {
    if (length != duration{0}) fill(*(of.*into)(), length);
  };
  set(from.schedule_to_start, &v1::Timeouts::mutable_schedule_to_start, made);
  set(from.start_to_close, &v1::Timeouts::mutable_start_to_close, made);
  set(from.schedule_to_close, &v1::Timeouts::mutable_schedule_to_close, made);
  set(from.heartbeat, &v1::Timeouts::mutable_heartbeat, made);
}

} // namespace detail

workflow_builder::workflow_builder(std::string name, std::string version, std::string description) {
  made_.set_name(std::move(name));
  made_.set_version(std::move(version));
  made_.set_description(std::move(description));
}

workflow_builder::step_handle<v1::WaitReply, v1::WaitReply>
workflow_builder::wait(const std::string& id, duration length) {
  v1::StepDefinition& made = add(id);
  detail::fill(*made.mutable_wait(), length);
  return step_handle<v1::WaitReply, v1::WaitReply>{made};
}

v1::StepDefinition& workflow_builder::add(const std::string& id) {
  v1::StepDefinition& made = *made_.add_steps();
  made.set_id(id);
  return made;
}

} // namespace troupe::workflow
