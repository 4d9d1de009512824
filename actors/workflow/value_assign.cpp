#include "actors/workflow/diagnostic.hpp"
#include "actors/workflow/value.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <limits>
#include <utility>

namespace troupe::workflow {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using complaint = std::optional<std::string>;

/// A field of a message, set or added to with the calls of reflection for the field's type.
struct field_slot {
  Message& target;
  const FieldDescriptor& field;

  template <class T, class Set, class Add>
  complaint put(T content, Set set, Add add) const {
    const Reflection* reflection = target.GetReflection();
    field.is_repeated() ? (reflection->*add)(&target, &field, std::move(content))
                        : (reflection->*set)(&target, &field, std::move(content));
    return std::nullopt;
  }
  [[nodiscard]] complaint refuse(const value& from, std::string_view why) const {
    std::string shown;
    render(from, shown);
    if (shown.size() > 64) shown = shown.substr(0, 61) + "...";
    return fmt::format("'{}' {} field '{}' of type {}", shown, why, field.name(),
                       field.type_name());
  }
};

template <class Integer>
std::optional<Integer> to_integer(const value& from) {
  if (const auto* wide = std::get_if<std::int64_t>(&from))
    return std::in_range<Integer>(*wide) ? std::optional{static_cast<Integer>(*wide)}
                                         : std::nullopt;
  if (const auto* wide = std::get_if<std::uint64_t>(&from))
    return std::in_range<Integer>(*wide) ? std::optional{static_cast<Integer>(*wide)}
                                         : std::nullopt;
  return std::nullopt;
}

template <class Integer, class Set, class Add>
complaint put_integer(const field_slot& slot, const value& from, Set set, Add add) {
  if (const auto fitting = to_integer<Integer>(from)) return slot.put(*fitting, set, add);
  return slot.refuse(from, "is no value for");
}

std::optional<double> to_number(const value& from) {
  if (const auto* number = std::get_if<double>(&from)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&from)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&from)) return static_cast<double>(*number);
  return std::nullopt;
}

std::string upper(std::string_view text) {
  std::string made{text};
  std::transform(made.begin(), made.end(), made.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return made;
}

/// REDACTION_STYLE_ for RedactionStyle.
std::string prefix_of(const EnumDescriptor& type) {
  std::string made;
  for (const char c : type.name()) {
    if (std::isupper(static_cast<unsigned char>(c)) && !made.empty()) made += '_';
    made += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return made + '_';
}

/// Finds REDACTION_STYLE_MASK by its name, or by `mask` in whatever case.
const EnumValueDescriptor* look_up(const EnumDescriptor& type, std::string_view name) {
  const std::string wanted = upper(name);
  if (const auto* exact = type.FindValueByName(wanted)) return exact;
  return type.FindValueByName(prefix_of(type) + wanted);
}

complaint put_enum(const field_slot& slot, const value& from) {
  const EnumDescriptor& type = *slot.field.enum_type();
  if (const auto* entry = std::get_if<enum_value>(&from))
    return slot.put(entry->number, &Reflection::SetEnumValue, &Reflection::AddEnumValue);
  const auto* name = std::get_if<std::string_view>(&from);
  if (!name) return slot.refuse(from, "is no value for");
  auto found = find_enum_value(type, *name);
  if (!found) return std::move(found.error());
  return slot.put(*found, &Reflection::SetEnumValue, &Reflection::AddEnumValue);
}

complaint put_text(const field_slot& slot, const value& from) {
  const auto* text = std::get_if<std::string_view>(&from);
  if (!text) return slot.refuse(from, "is no value for");
  return slot.put(std::string{*text}, &Reflection::SetString, &Reflection::AddString);
}

complaint put_message(const field_slot& slot, const value& from) {
  const auto* const* message = std::get_if<const Message*>(&from);
  if (!message || (*message)->GetDescriptor() != slot.field.message_type())
    return slot.refuse(from, "is no value for");
  const Reflection* reflection = slot.target.GetReflection();
  Message* copy = slot.field.is_repeated() ? reflection->AddMessage(&slot.target, &slot.field)
                                           : reflection->MutableMessage(&slot.target, &slot.field);
  copy->CopyFrom(**message);
  return std::nullopt;
}

} // namespace

tl::expected<int, std::string> find_enum_value(const EnumDescriptor& type, std::string_view name) {
  if (const auto* found = look_up(type, name)) return found->number();
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(type.value_count()));
  for (int i = 0; i < type.value_count(); ++i)
    names.push_back(type.value(i)->name());
  return tl::unexpected(fmt::format("'{}' is no value of {}{}", name.substr(0, 64),
                                    type.full_name(), suggestion(upper(name), names)));
}

complaint assign(Message& target, const FieldDescriptor& field, const value& from) {
  const field_slot slot{target, field};
  switch (field.cpp_type()) {
  case FieldDescriptor::CPPTYPE_BOOL:
    if (const auto* on = std::get_if<bool>(&from))
      return slot.put(*on, &Reflection::SetBool, &Reflection::AddBool);
    return slot.refuse(from, "is no value for");
  case FieldDescriptor::CPPTYPE_INT32:
    return put_integer<std::int32_t>(slot, from, &Reflection::SetInt32, &Reflection::AddInt32);
  case FieldDescriptor::CPPTYPE_INT64:
    return put_integer<std::int64_t>(slot, from, &Reflection::SetInt64, &Reflection::AddInt64);
  case FieldDescriptor::CPPTYPE_UINT32:
    return put_integer<std::uint32_t>(slot, from, &Reflection::SetUInt32, &Reflection::AddUInt32);
  case FieldDescriptor::CPPTYPE_UINT64:
    return put_integer<std::uint64_t>(slot, from, &Reflection::SetUInt64, &Reflection::AddUInt64);
  case FieldDescriptor::CPPTYPE_FLOAT:
    if (const auto number = to_number(from))
      return slot.put(static_cast<float>(*number), &Reflection::SetFloat, &Reflection::AddFloat);
    return slot.refuse(from, "is no value for");
  case FieldDescriptor::CPPTYPE_DOUBLE:
    if (const auto number = to_number(from))
      return slot.put(*number, &Reflection::SetDouble, &Reflection::AddDouble);
    return slot.refuse(from, "is no value for");
  case FieldDescriptor::CPPTYPE_ENUM:
    return put_enum(slot, from);
  case FieldDescriptor::CPPTYPE_MESSAGE:
    return put_message(slot, from);
  case FieldDescriptor::CPPTYPE_STRING:
    return put_text(slot, from);
  }
  return slot.refuse(from, "is no value for");
}

} // namespace troupe::workflow
