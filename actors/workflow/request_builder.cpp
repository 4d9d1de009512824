#include "actors/workflow/request_builder.hpp"

#include "actors/workflow/value.hpp"

#include <fmt/format.h>
#include <optional>

namespace troupe::workflow {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using complaint = std::optional<std::string>;
using taker = std::function<void(const value&)>;

/// Fills one request.
class request_builder {
public:
  request_builder(const step& target, std::uint32_t index, const reply_source& source)
      : target_(target), index_(index), source_(source) {}

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
    read(from, [&](const value& each) {
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
        read(std::get<value_reference>(part), [&](const value& each) { render(each, text); });
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

  void read(const value_reference& from, const taker& take) {
    using origin = value_reference::origin;
    switch (from.from) {
    case origin::input:
      return take(view(source_.input(from.position)));
    case origin::reply:
      return read_path(source_.reply_of(from.position, 0), from.path, take);
    case origin::reply_of_same_index:
      return read_path(source_.reply_of(from.position, index_), from.path, take);
    case origin::all_replies:
      return read_all(from, take);
    case origin::item:
      return read_item(from, take);
    case origin::index:
      return take(std::uint64_t{index_});
    case origin::run:
      return read_path(run(), from.path, take);
    }
  }

  void read_all(const value_reference& from, const taker& take) {
    const std::size_t count = source_.replies_of(from.position);
    for (std::uint32_t i = 0; i < count; ++i)
      read_path(source_.reply_of(from.position, i), from.path, take);
  }

  void read_item(const value_reference& from, const taker& take) {
    const fan_out& each = *target_.each;
    if (each.chained) {
      read_path(source_.reply_of(each.source, index_), each.path,
                [&](const value& item) { read_from_item(item, from, take); });
    } else {
      read_from_item(read_element(source_.reply_of(each.source, 0), each.path, index_), from, take);
    }
  }

  static void read_from_item(const value& item, const value_reference& from, const taker& take) {
    const auto* const* message = std::get_if<const Message*>(&item);
    message ? read_path(**message, from.path, take) : take(item);
  }

  const v1::RunSummary& run() {
    if (!run_) run_ = source_.run();
    return *run_;
  }

  const step& target_;
  std::uint32_t index_;
  const reply_source& source_;
  std::optional<v1::RunSummary> run_;
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

std::size_t element_count(const fan_out& each, const Message& root_reply) {
  return list_size(root_reply, each.root_path);
}

} // namespace troupe::workflow
