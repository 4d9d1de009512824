#pragma once

/// Kinds of ASCII characters; bytes of other code points are of none.
namespace troupe::pii {

[[nodiscard]] constexpr bool is_number(char c) {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}
[[nodiscard]] constexpr bool is_letter(char c) {
  return is_capital(c) || (c >= 'a' && c <= 'z');
}
[[nodiscard]] constexpr char to_lower(char c) {
  return is_capital(c) ? static_cast<char>(c + ('a' - 'A')) : c;
}

} // namespace troupe::pii
