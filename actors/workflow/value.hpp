#pragma once

#include "actors/workflow/expression.hpp"

#include <cstdint>
#include <functional>
#include <google/protobuf/message.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace troupe::workflow {

struct enum_value {
  const google::protobuf::EnumDescriptor* type = nullptr;
  int number = 0;
};

/// One value at run time. Texts and messages are views into the message or input they were read
/// from.
using value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view, enum_value,
                           const google::protobuf::Message*>;

[[nodiscard]] value view(const scalar& from);

/// Calls `take` with each value that the fields of `path` lead to from `from`: one, or those of the
/// list on the way. Fields that are not set give their defaults.
void read_path(const google::protobuf::Message& from,
               std::span<const google::protobuf::FieldDescriptor* const> path,
               const std::function<void(const value&)>& take);

/// Element `index` of the list that `path` leads to.
/// @param index below `list_size`.
[[nodiscard]] value read_element(const google::protobuf::Message& from,
                                 std::span<const google::protobuf::FieldDescriptor* const> path,
                                 std::size_t index);

/// Number of elements of the list that `path` leads to.
[[nodiscard]] std::size_t list_size(const google::protobuf::Message& from,
                                    std::span<const google::protobuf::FieldDescriptor* const> path);

/// Appends a scalar as a person writes it: numbers shortest, enumerations by name, `true` and
/// `false`.
void render(const value& from, std::string& text);

/// Number of the value that `name` names: REDACTION_STYLE_MASK, or `mask` in whatever case.
/// @returns the complaint when it names none.
[[nodiscard]] tl::expected<int, std::string>
find_enum_value(const google::protobuf::EnumDescriptor& type, std::string_view name);

/// Puts a value into a field, or adds it to a repeated one.
/// @returns the complaint when it does not fit: out of range, no name of the enumeration, invalid
///   UTF-8, other type.
[[nodiscard]] std::optional<std::string> assign(google::protobuf::Message& target,
                                                const google::protobuf::FieldDescriptor& field,
                                                const value& from);

} // namespace troupe::workflow
