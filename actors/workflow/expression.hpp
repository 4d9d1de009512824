#pragma once

#include <cstdint>
#include <google/protobuf/descriptor.h>
#include <string>
#include <variant>
#include <vector>

namespace troupe::workflow {

/// A run input or a literal of a definition.
using scalar = std::variant<bool, std::int64_t, double, std::string>;

/// Fields to go through from a message, outermost first.
using field_path = std::vector<const google::protobuf::FieldDescriptor*>;

/// The static type of a value: what a reference gives and what a field takes.
struct value_type {
  enum class kind { boolean, integer, unsigned_integer, number, text, bytes, enumeration, message };
  kind what = kind::text;
  bool list = false;
  /// Of a message or an enumeration.
  const google::protobuf::Descriptor* message = nullptr;
  const google::protobuf::EnumDescriptor* enumeration = nullptr;
  /// As Protobuf spells it, e.g. "uint32", "troupe.v1.FileInfo"; without the "list of".
  std::string spelling = "string";

  /// E.g. "string", "list of troupe.v1.FileInfo".
  [[nodiscard]] std::string to_string() const;
  bool operator==(const value_type&) const = default;
};

/// A checked reference: where the value is, and what it is.
struct value_reference {
  enum class origin {
    input,
    /// The reply of a step that has one instance.
    reply,
    /// The reply of the same index, of a step in the same fan-out.
    reply_of_same_index,
    /// The replies of all instances, in order of their index.
    all_replies,
    item,
    index,
    run
  };
  origin from = origin::input;
  /// Position of the input or the step in the definition.
  std::size_t position = 0;
  field_path path;
  value_type type;
  /// As written, for messages.
  std::string text;
};

struct list_expression;
struct object_expression;
struct field_binding;

/// Texts and scalar references, joined to one text.
struct text_expression {
  std::vector<std::variant<std::string, value_reference>> parts;
};

/// How a field of a request gets its value.
using expression =
    std::variant<scalar, value_reference, text_expression, list_expression, object_expression>;

struct list_expression {
  std::vector<expression> elements;
};

/// The fields of a message that are set; the others keep their defaults.
struct object_expression {
  std::vector<field_binding> fields;
};

struct field_binding {
  const google::protobuf::FieldDescriptor* field = nullptr;
  expression value;
};

enum class comparison { equal, not_equal, less, less_equal, greater, greater_equal };

/// A checked condition: a tree whose leaves are values.
struct condition {
  enum class kind { literal, reference, comparison, negation, all, any };
  kind what = kind::literal;
  /// The number of an enumeration's value that was written as a text.
  scalar literal;
  value_reference from;
  workflow::comparison how = workflow::comparison::equal;
  /// Two of a comparison, one of a negation, two or more of the others.
  std::vector<condition> parts;
};

} // namespace troupe::workflow
