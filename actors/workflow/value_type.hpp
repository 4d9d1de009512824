#pragma once

#include "actors/workflow/expression.hpp"

#include <optional>
#include <string>
#include <tl/expected.hpp>

namespace troupe::workflow {

/// The type of a field; a repeated one is a list.
[[nodiscard]] value_type type_of(const google::protobuf::FieldDescriptor& field);
/// The type of a message of this kind.
[[nodiscard]] value_type type_of(const google::protobuf::Descriptor& message);
/// The type of a declared input or a literal.
[[nodiscard]] value_type type_of(const scalar& value);
[[nodiscard]] value_type list_of(value_type element);

/// Where a path of field names leads from a message type.
struct followed_path {
  field_path path;
  value_type type;
};

/// Follows `names` from `start`; a list on the way makes the result the list of what its elements
/// give.
/// @returns the complaint: a name that is no field (with the nearest), a field of something that is
///   no message, a map, a list of lists.
[[nodiscard]] tl::expected<followed_path, std::string>
follow(const value_type& start, const std::vector<std::string>& names);

/// Whether values of this type can be put into the field (`element`: into one element of the
/// repeated field). Integers go into integers and numbers, texts into bytes and enumerations; what
/// depends on the value is checked when it is known.
[[nodiscard]] bool fits(const value_type& from, const google::protobuf::FieldDescriptor& field,
                        bool element);

/// Names of a message's fields, in their order.
[[nodiscard]] std::vector<std::string> field_names(const google::protobuf::Descriptor& message);

} // namespace troupe::workflow
