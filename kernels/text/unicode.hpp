#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace troupe::text {

/// Properties of a code point, as the reference tokenizer sees them: a mix of old Unicode versions, not this year's.
enum class char_flag : std::uint16_t {
  /// Deleted before anything else: control, format and private-use characters, U+0000, U+FFFD.
  removed = 1 << 0,
  /// Becomes a space.
  white = 1 << 1,
  /// Stands alone as a word: the ranges of CJK ideographs.
  cjk = 1 << 2,
  /// Stands alone as a word: punctuation, and all ASCII symbols.
  punctuation = 1 << 3,
  /// A non-spacing mark: deleted when accents are stripped.
  mark = 1 << 4,
  /// Upper and lower case in the sense of word shapes (word_shape.tsv).
  upper = 1 << 5,
  lower = 1 << 6,
  /// Has a canonical decomposition; Hangul syllables too.
  decomposes = 1 << 7,
  /// Lower case is two code points: only U+0130, which becomes U+0069 U+0307.
  expands = 1 << 8,
};

/// All that is known of a code point, but its decomposition.
struct char_record {
  /// Lower case minus the code point.
  std::int32_t lower_delta = 0;
  /// Bits of `char_flag`.
  std::uint16_t flags = 0;
  /// Canonical combining class of the code point, or of the first one of its decomposition. 0 for a starter; others are
  /// sorted by it when accents are stripped.
  std::uint8_t combining_class = 0;

  [[nodiscard]] constexpr bool has(char_flag flag) const noexcept {
    return (flags & static_cast<std::uint16_t>(flag)) != 0;
  }
};

/// A canonical decomposition: up to four code points.
struct char_sequence {
  std::array<char32_t, 4> code_points{};
  std::size_t size = 0;

  [[nodiscard]] const char32_t* begin() const noexcept { return code_points.data(); }
  [[nodiscard]] const char32_t* end() const noexcept { return code_points.data() + size; }
};

/// The character data, expanded once per process from the generated ranges (about 80 KiB). Immutable; any thread.
class char_table {
public:
  static const char_table& instance();

  /// @param code_point at most U+10FFFF.
  [[nodiscard]] const char_record& operator[](char32_t code_point) const noexcept {
    return records_[pages_[(std::size_t{first_stage_[code_point >> 8]} << 8) |
                           (code_point & 0xFF)]];
  }

  /// The full canonical decomposition; the code point itself where there is none.
  [[nodiscard]] char_sequence decompose(char32_t code_point) const noexcept;

  /// The lower case of one code point, without its neighbours.
  [[nodiscard]] char_sequence lower_case(char32_t code_point) const noexcept;

private:
  char_table();

  std::span<const char_record> records_;
  std::array<std::uint16_t, 0x1100> first_stage_{};
  std::vector<std::uint8_t> pages_;
};

} // namespace troupe::text
