#pragma once

#include "actors/runtime/typed_agent.hpp"

#include <concepts>
#include <cstdint>
#include <google/protobuf/generated_enum_reflection.h>
#include <google/protobuf/repeated_field.h>
#include <google/protobuf/struct.pb.h>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// The field NAME of the message type MESSAGE, with its C++ type.
#define TROUPE_FIELD(MESSAGE, NAME)                                                                \
  (::troupe::workflow::message_field<                                                              \
      MESSAGE, std::remove_cvref_t<decltype(std::declval<const MESSAGE&>().NAME())>>{#NAME})

namespace troupe::workflow {

template <protobuf_message Message, class T>
struct message_field {
  const char* name;
};

template <class T>
concept text_type = std::same_as<T, std::string>;
template <class T>
concept number_type = std::is_arithmetic_v<T> && !std::same_as<T, bool>;
template <class T>
concept scalar_type = text_type<T> || std::is_arithmetic_v<T> || std::is_enum_v<T>;

/// What an input may be declared as.
template <class T>
concept input_type = text_type<T> || std::same_as<T, bool> || std::same_as<T, std::int64_t> ||
    std::same_as<T, double>;

/// The element type of a repeated field.
template <class T>
struct element;
template <class T>
struct element<google::protobuf::RepeatedPtrField<T>> {
  using type = T;
};
template <class T>
struct element<google::protobuf::RepeatedField<T>> {
  using type = T;
};

/// Whether a field of type `Field` may be given a value of type `Given`: the same type, or one that is checked when the
/// request is made (any integer for an integer, any number for a floating-point one, a text that names a value of an
/// enumeration).
template <class Field, class Given>
concept gives =
    std::same_as<Field, Given> ||
    (std::integral<Field>&& std::integral<Given>&& number_type<Field>&& number_type<Given>) ||
    (std::floating_point<Field> && number_type<Given>) ||
    (std::is_enum_v<Field> && text_type<Given>);

/// An expression of a definition: a literal, a reference, or a text made of both.
struct expression_text {
  /// As it stands in a definition, `${...}` included.
  google::protobuf::Value written;
};

/// A condition over references and literals, as `when` takes it.
struct condition_text {
  std::string written;
  friend condition_text operator&&(const condition_text& a, const condition_text& b) {
    return {"(" + a.written + ") and (" + b.written + ")"};
  }
  friend condition_text operator||(const condition_text& a, const condition_text& b) {
    return {"(" + a.written + ") or (" + b.written + ")"};
  }
  friend condition_text operator!(const condition_text& a) { return {"not (" + a.written + ")"}; }
};

namespace detail {

/// A literal of a condition: quotes doubled.
[[nodiscard]] std::string quoted_literal(std::string_view text);
[[nodiscard]] std::string number_text(double number);
/// The name of a value; its number where it has none.
[[nodiscard]] std::string name_of(const google::protobuf::EnumDescriptor& type, int number);
/// A text that stands for itself: `${` in it is none.
[[nodiscard]] std::string escaped(std::string_view text);
[[nodiscard]] google::protobuf::Value text_value(std::string written);

template <class T>
std::string enum_name(T value) {
  return name_of(*google::protobuf::GetEnumDescriptor<T>(), static_cast<int>(value));
}

/// As a condition writes it.
template <scalar_type T>
std::string literal(const T& value) {
  if constexpr (text_type<T>)
    return quoted_literal(value);
  else if constexpr (std::same_as<T, bool>)
    return value ? "true" : "false";
  else if constexpr (std::is_enum_v<T>)
    return quoted_literal(enum_name(value));
  else if constexpr (std::integral<T>)
    return std::to_string(value);
  else
    return number_text(value);
}

/// Whether a whole number is one of those that a definition, whose numbers are doubles, holds without change.
constexpr bool is_exact(double whole) {
  constexpr double most = 9007199254740992.0;
  return whole > -most && whole < most;
}

/// As an input or a default writes it.
template <scalar_type T>
google::protobuf::Value literal_value(const T& value) {
  google::protobuf::Value made;
  if constexpr (text_type<T>)
    made.set_string_value(escaped(value));
  else if constexpr (std::same_as<T, bool>)
    made.set_bool_value(value);
  else if constexpr (std::is_enum_v<T>)
    made.set_string_value(enum_name(value));
  else if (std::integral<T> && !is_exact(static_cast<double>(value)))
    made.set_string_value(std::to_string(value)); // for the checker to refuse
  else
    made.set_number_value(static_cast<double>(value));
  return made;
}

} // namespace detail

/// A reference to a value of type T that a run has: an input, a reply, a part of one, an element of a list. Where it may
/// be read is checked when the definition is compiled.
template <class T>
class value_of {
public:
  explicit value_of(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string reference() const { return "${" + path_ + "}"; }

  /// A part of a message.
  template <class Field>
  requires protobuf_message<T>
  [[nodiscard]] value_of<Field> get(message_field<T, Field> field) const {
    return value_of<Field>{path_ + "." + field.name};
  }

private:
  std::string path_;
};

// Conditions: between values of one type, or a value and a literal of its type.
#define TROUPE_COMPARISON(OPERATOR)                                                                \
  template <scalar_type T>                                                                         \
  [[nodiscard]] condition_text operator OPERATOR(const value_of<T>& a, const value_of<T>& b) {     \
    return {a.reference() + " " #OPERATOR " " + b.reference()};                                    \
  }                                                                                                \
  template <scalar_type T>                                                                         \
  [[nodiscard]] condition_text operator OPERATOR(const value_of<T>& a,                             \
                                                 const std::type_identity_t<T>& b) {               \
    return {a.reference() + " " #OPERATOR " " + detail::literal<T>(b)};                            \
  }
TROUPE_COMPARISON(==)
TROUPE_COMPARISON(!=)
TROUPE_COMPARISON(<)
TROUPE_COMPARISON(<=)
TROUPE_COMPARISON(>)
TROUPE_COMPARISON(>=)
#undef TROUPE_COMPARISON

[[nodiscard]] inline condition_text is_true(const value_of<bool>& value) {
  return {value.reference()};
}

namespace detail {

[[nodiscard]] inline std::string part(std::string_view text) {
  return escaped(text);
}
template <scalar_type T>
[[nodiscard]] std::string part(const value_of<T>& value) {
  return value.reference();
}

} // namespace detail

/// Texts and scalar values, joined to one text: `text(output, "/redacted")`.
template <class... Parts>
[[nodiscard]] expression_text text(const Parts&... parts) {
  return {detail::text_value((detail::part(parts) + ... + std::string{}))};
}

} // namespace troupe::workflow
