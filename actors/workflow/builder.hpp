#pragma once

#include "actors/workflow/builder_values.hpp"
#include "actors/workflow/definition.hpp"
#include "troupe/v1/run.pb.h"
#include "troupe/v1/wait.pb.h"

#include <cstdint>
#include <string>
#include <utility>

namespace troupe::workflow {

namespace detail {

void fill(v1::RetryPolicy& made, const retry_policy& from);
void fill(v1::Timeouts& made, const time_limits& from);
void fill(google::protobuf::Duration& made, duration from);

} // namespace detail

/// Definitions in C++: what the steps take and give is checked by the compiler, and the rest (names, cycles, what may
/// be read where) when the definition is compiled, as that of a YAML file. Both give the same Protobuf. One thread at a
/// time; handles of steps are of no use once their builder is gone.
///
///     workflow_builder flow{"redact"};
///     const auto folder = flow.input<std::string>("folder");
///     const auto list = flow.step<v1::ListFilesRequest, v1::ListFilesReply>("list", "files.list")
///                           .with(TROUPE_FIELD(v1::ListFilesRequest, folder), folder);
///     const auto files = list.reply().get(TROUPE_FIELD(v1::ListFilesReply, files));
///     const auto read = flow.step<v1::ReadFileRequest, v1::ReadFileReply>("read", "files.read")
///                           .for_each(files)
///                           .with(TROUPE_FIELD(v1::ReadFileRequest, path),
///                                 item_of(files).get(TROUPE_FIELD(v1::FileInfo, path)));
///     const auto workflow = flow.compile(agents);
class workflow_builder {
public:
  explicit workflow_builder(std::string name, std::string version = "1",
                            std::string description = {});
  workflow_builder(workflow_builder&&) = delete;

  /// Declares an input that must be given.
  template <input_type T>
  value_of<T> input(const std::string& name, const std::string& description = {}) {
    declare<T>(name, description);
    return value_of<T>{"inputs." + name};
  }
  /// Declares one that need not.
  template <input_type T>
  value_of<T> input_or(const std::string& name, const T& otherwise,
                       const std::string& description = {});

  template <protobuf_message Request, protobuf_message Reply, bool fans_out = false>
  class step_handle;

  /// A step that asks an agent, `type/key`.
  template <protobuf_message Request, protobuf_message Reply>
  step_handle<Request, Reply> step(const std::string& id, const std::string& agent);
  /// A step that is done after a time.
  step_handle<v1::WaitReply, v1::WaitReply> wait(const std::string& id, duration length);
  /// A step that is a run of the definition that another one's reply holds, and gives what that one does.
  template <protobuf_message Reply = v1::RunSummary>
  step_handle<Reply, Reply> planned(const std::string& id,
                                    const value_of<v1::WorkflowDefinition>& plan);
  /// A step that is done by a signal of this name.
  template <protobuf_message Payload>
  step_handle<Payload, Payload> signal(const std::string& id, const std::string& name);

  /// How long a run may take, from its start.
  workflow_builder& deadline(duration length) {
    detail::fill(*made_.mutable_deadline(), length);
    return *this;
  }
  /// Effects of one run that a crash may repeat.
  workflow_builder& max_uncommitted(std::uint32_t most) {
    made_.set_max_uncommitted(most);
    return *this;
  }
  /// What a run gives the step that it was started by.
  template <protobuf_message Given>
  workflow_builder& output(const value_of<Given>& given) {
    made_.set_output(given.reference());
    return *this;
  }

  [[nodiscard]] const v1::WorkflowDefinition& build() const { return made_; }
  [[nodiscard]] definition_result compile(const agent_types& agents) const {
    return compile_definition(made_, &agents);
  }

private:
  template <input_type T>
  v1::InputDeclaration& declare(const std::string& name, const std::string& description);
  v1::StepDefinition& add(const std::string& id);

  v1::WorkflowDefinition made_;
};

/// A step of a builder. Its members say what the words of a YAML file say.
/// @tparam fans_out whether it has an instance for each element of a list.
template <protobuf_message Request, protobuf_message Reply, bool fans_out>
class workflow_builder::step_handle {
public:
  explicit step_handle(v1::StepDefinition& made) : made_(&made) {}
  [[nodiscard]] const std::string& id() const { return made_->id(); }

  /// Gives a field of the request a value that the run has.
  template <class Field, class Given>
  requires gives<Field, Given> step_handle& with(message_field<Request, Field> field,
                                                 const value_of<Given>& given) {
    return put(field.name, detail::text_value(given.reference()));
  }
  /// A literal.
  template <scalar_type Field>
  step_handle& with(message_field<Request, Field> field, const std::type_identity_t<Field>& given) {
    return put(field.name, detail::literal_value<Field>(given));
  }
  /// A text, joined of parts.
  step_handle& with(message_field<Request, std::string> field, const expression_text& given) {
    return put(field.name, given.written);
  }

  /// One instance for each element; `item_of` is that element.
  template <class List>
  requires requires { typename element<List>::type; }
  step_handle<Request, Reply, true> for_each(const value_of<List>& list) {
    made_->set_for_each(list.reference());
    return step_handle<Request, Reply, true>{*made_};
  }
  /// One for each instance of another step, as soon as that instance is done.
  template <class Other, class Element>
  step_handle<Request, Reply, true> for_each(const step_handle<Other, Element, true>& before) {
    made_->set_for_each("${steps." + before.id() + "}");
    return step_handle<Request, Reply, true>{*made_};
  }

  /// Waits for these steps, too.
  template <class... Steps>
  step_handle& needs(const Steps&... before) {
    (made_->add_needs(before.id()), ...);
    return *this;
  }
  step_handle& when(const condition_text& condition) {
    made_->set_when(condition.written);
    return *this;
  }
  step_handle& parallelism(std::uint32_t most) {
    made_->set_parallelism(most);
    return *this;
  }
  step_handle& priority(std::int32_t of) {
    made_->set_priority(of);
    return *this;
  }
  step_handle& retry(const retry_policy& policy) {
    detail::fill(*made_->mutable_retry(), policy);
    return *this;
  }
  step_handle& timeouts(const time_limits& limits) {
    detail::fill(*made_->mutable_timeouts(), limits);
    return *this;
  }
  /// A second attempt may be begun beside one that has run `factor` times as long as 95 of 100 are expected to.
  /// @param idempotent what the step does is done once however many attempts do it: to be said of one with a compensation.
  step_handle& speculate(double factor, bool idempotent = false) {
    made_->mutable_speculate()->set_factor(factor);
    made_->mutable_speculate()->set_idempotent(idempotent);
    return *this;
  }
  /// The same beside one that has run for `after`.
  step_handle& speculate(duration after, bool idempotent = false) {
    detail::fill(*made_->mutable_speculate()->mutable_after(), after);
    made_->mutable_speculate()->set_idempotent(idempotent);
    return *this;
  }
  /// Its attempts may be asked to give their places up for those of a higher priority.
  step_handle& preemptible() {
    made_->set_preemptible(true);
    return *this;
  }
  /// On which nodes its attempts run, and which of them is picked.
  step_handle& placement(const scheduling::placement_rule& where) {
    v1::Placement& said = *made_->mutable_placement();
    said.set_strategy(static_cast<v1::PlacementStrategy>(where.strategy));
    said.set_node(where.node);
    said.set_node_class(where.node_class);
    return *this;
  }
  /// The run goes on without what failed for good.
  step_handle& continue_on_failure() {
    made_->mutable_on_failure()->set_action(v1::FAILURE_ACTION_CONTINUE);
    return *this;
  }
  /// For what has no member here.
  template <class Change>
  step_handle& change(Change&& how) {
    std::forward<Change>(how)(*made_);
    return *this;
  }

  /// What the step gives.
  [[nodiscard]] value_of<Reply> reply() const requires(!fans_out) {
    return value_of<Reply>{"steps." + id()};
  }
  /// What all its instances give, in their order.
  [[nodiscard]] value_of<google::protobuf::RepeatedPtrField<Reply>>
  replies() const requires fans_out {
    return value_of<google::protobuf::RepeatedPtrField<Reply>>{"steps." + id()};
  }
  /// For a step of the same fan-out: what the instance of its own index gives.
  [[nodiscard]] value_of<Reply> reply_of_same_index() const requires fans_out {
    return value_of<Reply>{"steps." + id()};
  }

private:
  step_handle& put(const char* field, google::protobuf::Value given) {
    (*made_->mutable_input()->mutable_fields())[field] = std::move(given);
    return *this;
  }

  v1::StepDefinition* made_;
};

template <input_type T>
v1::InputDeclaration& workflow_builder::declare(const std::string& name,
                                                const std::string& description) {
  v1::InputDeclaration& made = *made_.add_inputs();
  made.set_name(name);
  made.set_description(description);
  if constexpr (text_type<T>)
    made.set_type(v1::INPUT_TYPE_STRING);
  else if constexpr (std::same_as<T, bool>)
    made.set_type(v1::INPUT_TYPE_BOOLEAN);
  else
    made.set_type(std::integral<T> ? v1::INPUT_TYPE_INTEGER : v1::INPUT_TYPE_NUMBER);
  return made;
}

template <input_type T>
value_of<T> workflow_builder::input_or(const std::string& name, const T& otherwise,
                                       const std::string& description) {
  google::protobuf::Value& given = *declare<T>(name, description).mutable_default_value();
  if constexpr (text_type<T>)
    given.set_string_value(otherwise);
  else
    given = detail::literal_value(otherwise);
  return value_of<T>{"inputs." + name};
}

template <protobuf_message Request, protobuf_message Reply>
workflow_builder::step_handle<Request, Reply> workflow_builder::step(const std::string& id,
                                                                     const std::string& agent) {
  v1::StepDefinition& made = add(id);
  made.set_agent(agent);
  made.set_request_type(Request::descriptor()->full_name());
  made.set_reply_type(Reply::descriptor()->full_name());
  return step_handle<Request, Reply>{made};
}

template <protobuf_message Reply>
workflow_builder::step_handle<Reply, Reply>
workflow_builder::planned(const std::string& id, const value_of<v1::WorkflowDefinition>& plan) {
  v1::StepDefinition& made = add(id);
  made.set_plan(plan.reference());
  made.set_reply_type(Reply::descriptor()->full_name());
  return step_handle<Reply, Reply>{made};
}

template <protobuf_message Payload>
workflow_builder::step_handle<Payload, Payload> workflow_builder::signal(const std::string& id,
                                                                         const std::string& name) {
  v1::StepDefinition& made = add(id);
  made.set_signal(name);
  made.set_reply_type(Payload::descriptor()->full_name());
  return step_handle<Payload, Payload>{made};
}

/// Inside a step with `for_each`: its element.
template <class List>
requires requires {
  typename element<List>::type;
}
[[nodiscard]] value_of<typename element<List>::type> item_of(const value_of<List>&) {
  return value_of<typename element<List>::type>{"item"};
}
template <class Request, class Reply>
[[nodiscard]] value_of<Reply> item_of(const workflow_builder::step_handle<Request, Reply, true>&) {
  return value_of<Reply>{"item"};
}
/// Inside a step with `for_each`: the number of its element, from 0.
[[nodiscard]] inline value_of<std::int64_t> item_index() {
  return value_of<std::int64_t>{"index"};
}
/// What the run has done so far.
[[nodiscard]] inline value_of<v1::RunSummary> this_run() {
  return value_of<v1::RunSummary>{"run"};
}

} // namespace troupe::workflow
