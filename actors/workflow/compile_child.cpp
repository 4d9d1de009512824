#include "actors/workflow/compiler.hpp"
#include "actors/workflow/message_types.hpp"
#include "actors/workflow/value_type.hpp"
#include "troupe/v1/history.pb.h"
#include "troupe/v1/run.pb.h"

#include <algorithm>
#include <fmt/format.h>
#include <google/protobuf/wrappers.pb.h>

// Steps that are runs of their own, and what such a run gives.
namespace troupe::workflow {
namespace {

/// The field that takes the values of an input of this type.
const google::protobuf::FieldDescriptor& field_for(v1::InputType type) {
  switch (type) {
  case v1::INPUT_TYPE_INTEGER:
    return *google::protobuf::Int64Value::descriptor()->field(0);
  case v1::INPUT_TYPE_NUMBER:
    return *google::protobuf::DoubleValue::descriptor()->field(0);
  case v1::INPUT_TYPE_BOOLEAN:
    return *google::protobuf::BoolValue::descriptor()->field(0);
  default:
    return *google::protobuf::StringValue::descriptor()->field(0);
  }
}

} // namespace

void compiler::check_child(const v1::StepDefinition& from, step& made) {
  const std::string path = "steps." + from.id();
  made.kind = step_kind::child;
  // A run has tried its own steps again already.
  if (!from.has_retry()) made.retry.maximum_attempts = 1;
  const auto found = children_.find(from.workflow());
  if (found == children_.end()) {
    std::vector<std::string> known;
    for (const auto& [name, child] : children_)
      known.push_back(name);
    return report(path + ".workflow",
                  fmt::format("unknown workflow '{}'{}", from.workflow().substr(0, 140),
                              known.empty() ? "; define it under 'workflows:'"
                                            : suggestion(from.workflow(), known)));
  }
  made.child = found->second;
  if (!made.child) return;
  made.reply = made.child->output ? made.child->output->type : v1::RunSummary::descriptor();
  if (!from.reply_type().empty() && from.reply_type() != made.reply->full_name())
    report(path + ".reply_type", fmt::format("workflow '{}' gives a {}; leave reply_type out",
                                             from.workflow(), made.reply->full_name()));
}

/// A run whose definition is not known yet.
void compiler::check_planned(const v1::StepDefinition& from, step& made) {
  const std::string path = "steps." + from.id();
  made.kind = step_kind::child;
  if (!from.has_retry()) made.retry.maximum_attempts = 1;
  made.reply =
      from.reply_type().empty() ? v1::RunSummary::descriptor() : linked_type(from.reply_type());
  if (!made.reply)
    report(path + ".reply_type",
           fmt::format("message type '{}' is not linked into this program; name one that is",
                       from.reply_type().substr(0, 140)));
  if (from.input().fields_size() > 0)
    report(path + ".input",
           "a run whose definition is planned has no inputs; have the planner write their values");
}

/// The values for the inputs of the run that the step is.
void compiler::check_child_inputs(std::size_t at) {
  step& made = made_->steps[at];
  const v1::StepDefinition& step_source = source_.steps(static_cast<int>(at));
  if (!step_source.plan().empty()) {
    const auto& field =
        *v1::RunStarted::descriptor()->FindFieldByNumber(v1::RunStarted::kDefinitionFieldNumber);
    google::protobuf::Value reference;
    reference.set_string_value(step_source.plan());
    if (auto checked = check_value(at, reference, field, false, "steps." + made.id + ".workflow"))
      made.plan = field_binding{&field, std::move(*checked)};
    return;
  }
  if (!made.child) return;
  const google::protobuf::Struct& from = step_source.input();
  const std::string path = "steps." + made.id + ".input";
  std::vector<std::string> known;
  for (const input_declaration& declared : made.child->inputs) {
    known.push_back(declared.name);
    const auto given = from.fields().find(declared.name);
    if (given != from.fields().end()) {
      if (auto bound = check_child_input(at, declared, given->second, path + '.' + declared.name))
        made.child_inputs.emplace_back(declared.name, std::move(*bound));
    } else if (!declared.default_value) {
      report(path, fmt::format("input '{}' of workflow '{}' is missing; add 'input: {{ {}: ... }}'",
                               declared.name, made.child->name, declared.name));
    }
  }
  for (const std::string& name : sorted_names(from))
    if (std::find(known.begin(), known.end(), name) == known.end())
      report(fmt::format("{}.{}", path, name),
             fmt::format("workflow '{}' has no input '{}'{}", made.child->name, name,
                         suggestion(name, known)),
             true);
}

std::optional<field_binding> compiler::check_child_input(std::size_t at,
                                                         const input_declaration& declared,
                                                         const google::protobuf::Value& from,
                                                         const std::string& path) {
  const auto& field = field_for(declared.type);
  auto checked = check_value(at, from, field, false, path);
  if (!checked) return std::nullopt;
  return field_binding{&field, std::move(*checked)};
}

void compiler::check_output() {
  if (source_.output().empty()) return;
  const auto parsed = parse_text(source_.output());
  if (!parsed) {
    for (const reference_mistake& mistake : parsed.error())
      report("output", mistake.message, false, mistake.offset);
    return;
  }
  const reference* from = parsed->whole();
  if (!from || from->root != reference_root::step)
    return report("output", fmt::format("the output '{}' is no reference to a reply; write "
                                        "${{steps.ID}} or ${{steps.ID.field}}",
                                        source_.output().substr(0, 140)));
  const auto found = made_->step_index.find(from->name);
  if (found == made_->step_index.end())
    return report("output",
                  fmt::format("unknown step '{}'{}", from->name, suggestion(from->name, step_ids_)),
                  false, from->offset);
  const step& source = made_->steps[found->second];
  if (!source_.steps(static_cast<int>(found->second)).for_each().empty())
    return report(
        "output",
        fmt::format("step '{}' fans out: it has many replies; name a step that gathers them",
                    from->name),
        false, from->offset);
  if (!source.reply) return;
  auto followed = follow(type_of(*source.reply), from->path);
  if (!followed) return report("output", followed.error(), false, from->offset);
  if (followed->type.list || followed->type.what != value_type::kind::message)
    return report("output",
                  fmt::format("'${{{}}}' is {}; an output is one message", from->to_string(),
                              followed->type.to_string()),
                  false, from->offset);
  made_->output =
      output_reference{found->second, std::move(followed->path), followed->type.message};
}

} // namespace troupe::workflow
