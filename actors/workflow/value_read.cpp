#include "actors/workflow/value.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using path_view = std::span<const FieldDescriptor* const>;

/// A text field without a copy. Reflection wants a buffer for string representations that this
/// build of Protobuf has not; it stays unused.
std::string_view text_of(const std::string& stored, const std::string& unused) {
  return unused.empty() ? std::string_view{stored} : std::string_view{};
}

value read_singular(const Message& from, const FieldDescriptor* field) {
  const auto* reflection = from.GetReflection();
  switch (field->cpp_type()) {
  case FieldDescriptor::CPPTYPE_BOOL:
    return reflection->GetBool(from, field);
  case FieldDescriptor::CPPTYPE_INT32:
    return std::int64_t{reflection->GetInt32(from, field)};
  case FieldDescriptor::CPPTYPE_INT64:
    return std::int64_t{reflection->GetInt64(from, field)};
  case FieldDescriptor::CPPTYPE_UINT32:
    return std::uint64_t{reflection->GetUInt32(from, field)};
  case FieldDescriptor::CPPTYPE_UINT64:
    return std::uint64_t{reflection->GetUInt64(from, field)};
  case FieldDescriptor::CPPTYPE_FLOAT:
    return double{reflection->GetFloat(from, field)};
  case FieldDescriptor::CPPTYPE_DOUBLE:
    return reflection->GetDouble(from, field);
  case FieldDescriptor::CPPTYPE_ENUM:
    return enum_value{field->enum_type(), reflection->GetEnumValue(from, field)};
  case FieldDescriptor::CPPTYPE_MESSAGE:
    return &reflection->GetMessage(from, field);
  case FieldDescriptor::CPPTYPE_STRING:
    break;
  }
  std::string unused;
  return text_of(reflection->GetStringReference(from, field, &unused), unused);
}

value read_repeated(const Message& from, const FieldDescriptor* field, int i) {
  const auto* reflection = from.GetReflection();
  switch (field->cpp_type()) {
  case FieldDescriptor::CPPTYPE_BOOL:
    return reflection->GetRepeatedBool(from, field, i);
  case FieldDescriptor::CPPTYPE_INT32:
    return std::int64_t{reflection->GetRepeatedInt32(from, field, i)};
  case FieldDescriptor::CPPTYPE_INT64:
    return std::int64_t{reflection->GetRepeatedInt64(from, field, i)};
  case FieldDescriptor::CPPTYPE_UINT32:
    return std::uint64_t{reflection->GetRepeatedUInt32(from, field, i)};
  case FieldDescriptor::CPPTYPE_UINT64:
    return std::uint64_t{reflection->GetRepeatedUInt64(from, field, i)};
  case FieldDescriptor::CPPTYPE_FLOAT:
    return double{reflection->GetRepeatedFloat(from, field, i)};
  case FieldDescriptor::CPPTYPE_DOUBLE:
    return reflection->GetRepeatedDouble(from, field, i);
  case FieldDescriptor::CPPTYPE_ENUM:
    return enum_value{field->enum_type(), reflection->GetRepeatedEnumValue(from, field, i)};
  case FieldDescriptor::CPPTYPE_MESSAGE:
    return &reflection->GetRepeatedMessage(from, field, i);
  case FieldDescriptor::CPPTYPE_STRING:
    break;
  }
  std::string unused;
  return text_of(reflection->GetRepeatedStringReference(from, field, i, &unused), unused);
}

/// The list on a path: the message that holds it, its field, and the fields that follow for each
/// element.
struct list_place {
  const Message* holder;
  const FieldDescriptor* field;
  path_view rest;
};

/// @returns a null field when no list is on the path; `holder` and `rest` are then untouched.
list_place find_list(const Message& from, path_view path) {
  const auto list = std::find_if(path.begin(), path.end(),
                                 [](const auto* field) { return field->is_repeated(); });
  if (list == path.end()) return {&from, nullptr, path};
  const auto before = static_cast<std::size_t>(list - path.begin());
  const Message* holder = &from;
  for (const FieldDescriptor* field : path.first(before))
    holder = &holder->GetReflection()->GetMessage(*holder, field);
  return {holder, *list, path.subspan(before + 1)};
}

/// What a path without lists leads to.
value read_single(const Message& from, path_view path) {
  const Message* at = &from;
  for (const FieldDescriptor* field :
       path.first(path.size() - std::min<std::size_t>(1, path.size())))
    at = &at->GetReflection()->GetMessage(*at, field);
  return path.empty() ? value{at} : read_singular(*at, path.back());
}

value element_of(const list_place& place, std::size_t index) {
  const value element = read_repeated(*place.holder, place.field, static_cast<int>(index));
  return place.rest.empty() ? element : read_single(*std::get<const Message*>(element), place.rest);
}

std::size_t size_of(const list_place& place) {
  return static_cast<std::size_t>(
      place.holder->GetReflection()->FieldSize(*place.holder, place.field));
}

struct renderer {
  std::string& text;
  void operator()(bool on) const { text += on ? "true" : "false"; }
  void operator()(std::string_view piece) const { text += piece; }
  void operator()(const Message*) const {}
  void operator()(enum_value entry) const {
    const auto* named = entry.type->FindValueByNumber(entry.number);
    text += named ? named->name() : std::to_string(entry.number);
  }
  template <class Number>
  void operator()(Number number) const {
    fmt::format_to(std::back_inserter(text), "{}", number);
  }
};

} // namespace

value view(const scalar& from) {
  return std::visit(
      [](const auto& held) -> value {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string>)
          return std::string_view{held};
        else
          return held;
      },
      from);
}

void read_path(const Message& from, path_view path, const std::function<void(const value&)>& take) {
  const list_place place = find_list(from, path);
  if (!place.field) return take(read_single(from, path));
  for (std::size_t i = 0; i < size_of(place); ++i)
    take(element_of(place, i));
}

value read_element(const Message& from, path_view path, std::size_t index) {
  return element_of(find_list(from, path), index);
}

std::size_t list_size(const Message& from, path_view path) {
  return size_of(find_list(from, path));
}

void render(const value& from, std::string& text) {
  std::visit(renderer{text}, from);
}

} // namespace troupe::workflow
