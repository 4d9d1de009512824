#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::text {

/// The case of a word, which an uncased model reads through its token types.
enum class word_shape : std::uint8_t {
  /// No code point is upper case.
  no_upper = 0,
  /// The first code point is upper case, no other is.
  initial = 1,
  /// Two or more are upper case and none is lower case.
  all_upper = 2,
  mixed = 3,
};

/// The shape of `word`, a pre-token as it stands in the original text (UTF-8; malformed parts have no case). Upper and
/// lower case are the classes of word_shape.tsv. Any thread.
[[nodiscard]] word_shape shape_of(std::string_view word) noexcept;

} // namespace troupe::text
