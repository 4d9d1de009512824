#include "actors/workflow/request_builder.hpp"

#include "actors/workflow/inputs.hpp"
#include "actors/workflow/message_types.hpp"
#include "actors/workflow/value.hpp"
#include "troupe/v1/history.pb.h"

#include <fmt/format.h>
#include <google/protobuf/wrappers.pb.h>
#include <optional>

namespace troupe::workflow {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using complaint = std::optional<std::string>;

/// Fills one request.
class request_builder {
public:
  request_builder(const step& target, std::uint32_t index, const reply_source& source)
      : reader_(target, index, source) {}

  complaint fill(Message& message, const object_expression& from) {
    for (const field_binding& binding : from.fields)
      if (auto wrong = set(message, *binding.field, binding.value)) return wrong;
    return std::nullopt;
  }

private:
  complaint set(Message& message, const FieldDescriptor& field, const expression& from) {
    return std::visit([&](const auto& what) { return put(message, field, what); }, from);
  }

  complaint put(Message& message, const FieldDescriptor& field, const scalar& literal) {
    return assign(message, field, view(literal));
  }
  complaint put(Message& message, const FieldDescriptor& field, const value_reference& from) {
    complaint wrong;
    reader_.read(from, [&](const value& each) {
      if (!wrong) wrong = assign(message, field, each);
    });
    if (wrong) *wrong += fmt::format(" (from ${{{}}})", from.text);
    return wrong;
  }
  complaint put(Message& message, const FieldDescriptor& field, const text_expression& from) {
    std::string text;
    for (const auto& part : from.parts) {
      if (const auto* literal = std::get_if<std::string>(&part))
        text += *literal;
      else
        reader_.read(std::get<value_reference>(part),
                     [&](const value& each) { render(each, text); });
    }
    return assign(message, field, std::string_view{text});
  }
  complaint put(Message& message, const FieldDescriptor& field, const list_expression& from) {
    for (const expression& element : from.elements)
      if (auto wrong = set(message, field, element)) return wrong;
    return std::nullopt;
  }
  complaint put(Message& message, const FieldDescriptor& field, const object_expression& from) {
    const auto* reflection = message.GetReflection();
    return fill(field.is_repeated() ? *reflection->AddMessage(&message, &field)
                                    : *reflection->MutableMessage(&message, &field),
                from);
  }

  reference_reader reader_;
};

} // namespace

reply<message_ptr> build_request(const step& target, std::uint32_t index,
                                 const reply_source& source) {
  const Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(target.request);
  std::shared_ptr<Message> made{prototype->New()};
  request_builder builder{target, index, source};
  if (auto wrong = builder.fill(*made, target.input))
    return tl::unexpected(failure{"workflow.bad_reference",
                                  fmt::format("step {}[{}]: {}", target.id, index, *wrong), false});
  return message_ptr{std::move(made)};
}

namespace {

/// What was put into the one field of a wrapper.
scalar read_scalar(const Message& wrapper, const FieldDescriptor& field) {
  scalar made;
  const FieldDescriptor* const path[] = {&field};
  read_path(wrapper, path, [&](const value& each) {
    if (const auto* on = std::get_if<bool>(&each)) made = *on;
    if (const auto* whole = std::get_if<std::int64_t>(&each)) made = *whole;
    if (const auto* number = std::get_if<double>(&each)) made = *number;
    if (const auto* text = std::get_if<std::string_view>(&each)) made = std::string{*text};
  });
  return made;
}

} // namespace

reply<input_values> build_child_inputs(const step& target, std::uint32_t index,
                                       const reply_source& source) {
  const auto refuse = [&](const std::string& why) {
    return tl::unexpected(failure{"workflow.bad_reference",
                                  fmt::format("step {}[{}]: {}", target.id, index, why), false});
  };
  request_builder builder{target, index, source};
  input_values given;
  for (const auto& [name, from] : target.child_inputs) {
    const auto wrapper = make_message(*from.field->containing_type());
    if (auto wrong = builder.fill(*wrapper, object_expression{{from}}))
      return refuse(fmt::format("input '{}': {}", name, *wrong));
    given.emplace(name, read_scalar(*wrapper, *from.field));
  }
  auto complete = complete_inputs(*target.child, given);
  if (!complete) return refuse(complete.error().context);
  return std::move(*complete);
}

reply<v1::WorkflowDefinition> build_plan(const step& target, std::uint32_t index,
                                         const reply_source& source) {
  v1::RunStarted made;
  request_builder builder{target, index, source};
  if (auto wrong = builder.fill(made, object_expression{{*target.plan}}))
    return tl::unexpected(failure{"workflow.bad_reference",
                                  fmt::format("step {}[{}]: {}", target.id, index, *wrong), false});
  return std::move(*made.mutable_definition());
}

reply<std::vector<std::string>> build_limit_keys(const step& target, std::uint32_t index,
                                                 const reply_source& source) {
  request_builder builder{target, index, source};
  const FieldDescriptor* field = google::protobuf::StringValue::descriptor()->field(0);
  std::vector<std::string> made;
  for (const step_limit& each : target.key_limits) {
    google::protobuf::StringValue key;
    auto wrong = builder.fill(key, object_expression{{{field, expression{each.key}}}});
    if (!wrong && key.value().empty()) wrong = "the key of a limit is empty";
    if (!wrong && key.value().size() > definition_limits::key_bytes)
      wrong = fmt::format("the key of a limit has {} bytes, it may have {}", key.value().size(),
                          definition_limits::key_bytes);
    if (wrong)
      return tl::unexpected(failure{"workflow.bad_limit_key",
                                    fmt::format("step {}[{}]: {}", target.id, index, *wrong),
                                    false});
    made.push_back(std::move(*key.mutable_value()));
  }
  return made;
}

std::size_t element_count(const fan_out& each, const Message& root_reply) {
  return list_size(root_reply, each.root_path);
}

} // namespace troupe::workflow
