#pragma once

#include <cstddef>
#include <string_view>

namespace troupe::text {

/// Converts byte offsets of one text to offsets in code points and in UTF-16 units. Keeps a position and walks from
/// there, so queries with rising bytes cost O(size) altogether, and any query the distance to the one before.
/// Borrows the text, which must be well-formed UTF-8 and outlive the index. One thread at a time; copies are cheap.
class offset_index {
public:
  explicit offset_index(std::string_view text) noexcept : text_{text} {}

  /// The number of code points before `byte`. A byte inside a code point counts as its start; one beyond the text as its
  /// end.
  [[nodiscard]] std::size_t codepoint(std::size_t byte) noexcept;

  /// The number of UTF-16 units (code points above U+FFFF have two) before `byte`; `byte` as for `codepoint`.
  [[nodiscard]] std::size_t utf16(std::size_t byte) noexcept;

private:
  void move_to(std::size_t byte) noexcept;

  std::string_view text_;
  std::size_t byte_ = 0, codepoint_ = 0, utf16_ = 0;
};

/// Converts byte offsets of a repaired text (`repair_utf8`) to offsets in the bytes that it was made from. Walks like
/// `offset_index`, but forward only: a query that goes back starts anew. Borrows the bytes. One thread at a time.
class original_index {
public:
  /// @param bytes what was repaired.
  explicit original_index(std::string_view bytes) noexcept : bytes_{bytes} {}

  /// The byte of the original at which what stands at `repaired` begins. One inside a code point counts as its end, one
  /// beyond the text as the end.
  [[nodiscard]] std::size_t original(std::size_t repaired) noexcept;

private:
  std::string_view bytes_;
  std::size_t original_ = 0, repaired_ = 0;
};

} // namespace troupe::text
