#include "actors/workflow/reply_check.hpp"

#include "kernels/text/utf8.hpp"

#include <fmt/format.h>
#include <vector>

namespace troupe::workflow {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using complaint = std::optional<std::string>;

/// A row of the store must be smaller than SQLite's 10^9 bytes, and is copied a few times on its way.
constexpr std::size_t largest_reply_bytes = std::size_t{256} << 20;
/// Protobuf reads a hundred levels of messages.
constexpr int deepest = 99;

complaint check(const Message& from, int depth);

complaint check_text(const Message& from, const FieldDescriptor& field, int at) {
  const auto& reflection = *from.GetReflection();
  std::string buffer;
  const std::string& text = field.is_repeated()
                                ? reflection.GetRepeatedStringReference(from, &field, at, &buffer)
                                : reflection.GetStringReference(from, &field, &buffer);
  if (text::is_valid_utf8(text)) return std::nullopt;
  return fmt::format("its field {} is not UTF-8; declare it as bytes, or repair the text",
                     field.full_name());
}

complaint check_one(const Message& from, const FieldDescriptor& field, int at, int depth) {
  if (field.type() == FieldDescriptor::TYPE_STRING) return check_text(from, field, at);
  const auto& reflection = *from.GetReflection();
  return check(field.is_repeated() ? reflection.GetRepeatedMessage(from, &field, at)
                                   : reflection.GetMessage(from, &field),
               depth + 1);
}

complaint check_field(const Message& from, const FieldDescriptor& field, int depth) {
  if (field.type() != FieldDescriptor::TYPE_STRING &&
      field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE)
    return std::nullopt;
  const auto& reflection = *from.GetReflection();
  const int count = field.is_repeated()                 ? reflection.FieldSize(from, &field)
                    : reflection.HasField(from, &field) ? 1
                                                        : 0;
  for (int i = 0; i < count; ++i)
    if (auto wrong = check_one(from, field, i, depth)) return wrong;
  return std::nullopt;
}

complaint check(const Message& from, int depth) {
  if (depth > deepest)
    return fmt::format("it is nested deeper than {} levels; flatten it", deepest);
  const auto& type = *from.GetDescriptor();
  // Without the list of all that is set, where there can be nothing else: it costs an allocation for each reply.
  if (type.extension_range_count() == 0) {
    for (int i = 0; i < type.field_count(); ++i)
      if (auto wrong = check_field(from, *type.field(i), depth)) return wrong;
    return std::nullopt;
  }
  std::vector<const FieldDescriptor*> set;
  from.GetReflection()->ListFields(from, &set);
  for (const FieldDescriptor* field : set)
    if (auto wrong = check_field(from, *field, depth)) return wrong;
  return std::nullopt;
}

} // namespace

complaint unkeepable(const Message& reply) {
  // Depth before size: to measure, Protobuf descends without a bound.
  if (auto wrong = check(reply, 0)) return wrong;
  if (const std::size_t size = reply.ByteSizeLong(); size > largest_reply_bytes)
    return fmt::format("it has {} bytes where a history takes {}; answer with the name of a file",
                       size, largest_reply_bytes);
  return std::nullopt;
}

} // namespace troupe::workflow
