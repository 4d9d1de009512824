#include "actors/workflow/value_type.hpp"

#include "actors/workflow/diagnostic.hpp"

#include <fmt/format.h>

namespace troupe::workflow {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using kind = value_type::kind;

kind kind_of(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
  case FieldDescriptor::CPPTYPE_BOOL:
    return kind::boolean;
  case FieldDescriptor::CPPTYPE_INT32:
  case FieldDescriptor::CPPTYPE_INT64:
    return kind::integer;
  case FieldDescriptor::CPPTYPE_UINT32:
  case FieldDescriptor::CPPTYPE_UINT64:
    return kind::unsigned_integer;
  case FieldDescriptor::CPPTYPE_FLOAT:
  case FieldDescriptor::CPPTYPE_DOUBLE:
    return kind::number;
  case FieldDescriptor::CPPTYPE_ENUM:
    return kind::enumeration;
  case FieldDescriptor::CPPTYPE_MESSAGE:
    return kind::message;
  case FieldDescriptor::CPPTYPE_STRING:
    break;
  }
  return field.type() == FieldDescriptor::TYPE_BYTES ? kind::bytes : kind::text;
}

bool is_integer(kind what) {
  return what == kind::integer || what == kind::unsigned_integer;
}

bool element_fits(const value_type& from, const value_type& to) {
  switch (to.what) {
  case kind::integer:
  case kind::unsigned_integer:
    return is_integer(from.what);
  case kind::number:
    return from.what == kind::number || is_integer(from.what);
  case kind::bytes:
    return from.what == kind::bytes || from.what == kind::text;
  case kind::enumeration:
    return from.what == kind::text || from.enumeration == to.enumeration;
  case kind::message:
    return from.message == to.message;
  case kind::boolean:
  case kind::text:
    break;
  }
  return from.what == to.what;
}

/// The field `name` of what `at` is, or the complaint.
tl::expected<const FieldDescriptor*, std::string> step_into(const value_type& at,
                                                            const std::string& name) {
  if (at.what != kind::message)
    return tl::unexpected(
        fmt::format("no field '{}' in {}, which is no message; end the reference before it", name,
                    at.spelling));
  const FieldDescriptor* field = at.message->FindFieldByName(name);
  if (!field)
    return tl::unexpected(fmt::format("{} has no field '{}'{}", at.message->full_name(), name,
                                      suggestion(name, field_names(*at.message))));
  if (field->is_map())
    return tl::unexpected(
        fmt::format("field '{}' of {} is a map, which no reference can take; let the agent give "
                    "a list instead",
                    name, at.message->full_name()));
  return field;
}

} // namespace

std::string value_type::to_string() const {
  return (list ? "list of " : "") + spelling;
}

value_type type_of(const FieldDescriptor& field) {
  value_type made;
  made.what = kind_of(field);
  made.list = field.is_repeated();
  made.message = field.message_type();
  made.enumeration = field.enum_type();
  if (made.message)
    made.spelling = made.message->full_name();
  else if (made.enumeration)
    made.spelling = made.enumeration->full_name();
  else
    made.spelling = field.type_name();
  return made;
}

value_type type_of(const Descriptor& message) {
  value_type made;
  made.what = kind::message;
  made.message = &message;
  made.spelling = message.full_name();
  return made;
}

value_type type_of(const scalar& value) {
  constexpr kind kinds[] = {kind::boolean, kind::integer, kind::number, kind::text};
  constexpr const char* spellings[] = {"boolean", "integer", "number", "string"};
  value_type made;
  made.what = kinds[value.index()];
  made.spelling = spellings[value.index()];
  return made;
}

value_type list_of(value_type element) {
  element.list = true;
  return element;
}

tl::expected<followed_path, std::string> follow(const value_type& start,
                                                const std::vector<std::string>& names) {
  followed_path made{{}, start};
  for (const std::string& name : names) {
    auto field = step_into(made.type, name);
    if (!field) return tl::unexpected(std::move(field.error()));
    if (made.type.list && (*field)->is_repeated())
      return tl::unexpected(
          fmt::format("field '{}' would give a list of lists, which no reference can; fan out over "
                      "the outer list with for_each",
                      name));
    const bool list = made.type.list || (*field)->is_repeated();
    made.path.push_back(*field);
    made.type = type_of(**field);
    made.type.list = list;
  }
  return made;
}

bool fits(const value_type& from, const FieldDescriptor& field, bool element) {
  if (from.list != (field.is_repeated() && !element)) return false;
  return element_fits(from, type_of(field));
}

std::vector<std::string> field_names(const Descriptor& message) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(message.field_count()));
  for (int i = 0; i < message.field_count(); ++i)
    names.push_back(message.field(i)->name());
  return names;
}

} // namespace troupe::workflow
