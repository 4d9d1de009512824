#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::text {

/// What malformed UTF-8 becomes.
inline constexpr char32_t replacement_character = 0xFFFD;

/// One step of decoding.
struct decoded {
  /// The code point; `replacement_character` when `valid` is false.
  char32_t code_point = 0;
  /// Bytes consumed, 1 to 4. Of malformed input: its maximal subpart.
  std::uint8_t size = 0;
  bool valid = false;
};

/// Decodes the code point that starts at `text[at]`; reads nothing beyond `text`. Surrogates, overlong forms and values
/// above U+10FFFF are malformed. Any thread.
/// @param at must be less than `text.size()`.
/// Source: The Unicode Standard, table 3-7 and "U+FFFD Substitution of Maximal Subparts".
[[nodiscard]] decoded decode_utf8(std::string_view text, std::size_t at) noexcept;

/// Writes `code_point` (a scalar value) at `out`, which has room for 4 bytes. Returns the number of bytes written.
std::size_t encode_utf8(char32_t code_point, char* out) noexcept;

/// Whether all of `text` is well-formed UTF-8.
[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

/// Well-formed text, and how much of the original was not.
struct repaired {
  std::string text;
  /// Malformed sequences that became U+FFFD.
  std::size_t replaced = 0;
};

/// Copies `bytes`, each maximal subpart of malformed UTF-8 replaced by U+FFFD (as browsers and Python do). Repairing twice
/// changes nothing. Any thread.
[[nodiscard]] repaired repair_utf8(std::string_view bytes);

/// Whether the byte continues a code point (0b10xxxxxx).
[[nodiscard]] constexpr bool is_continuation(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u;
}

} // namespace troupe::text
