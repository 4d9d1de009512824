#pragma once

#include "actors/agents/spans.hpp"

#include <string_view>

/// Where words begin and end, as far as redaction cares. All texts are valid UTF-8.
namespace troupe::agents {

/// @returns the code point that starts at byte `position`; 0 at the end of the text.
[[nodiscard]] char32_t code_point_at(std::string_view text, std::size_t position);
/// @returns the code point that ends before byte `position`; 0 at the start of the text.
[[nodiscard]] char32_t code_point_before(std::string_view text, std::size_t position);
/// Bytes of the UTF-8 sequence that starts with `lead`.
[[nodiscard]] std::size_t sequence_length(char lead);
/// Whether no UTF-8 sequence is cut at byte `position` (at most the size of `text`).
[[nodiscard]] bool is_boundary(std::string_view text, std::size_t position);

/// Letters, digits, marks and the invisible joiners inside words. Han, kana and other scripts that are written without
/// spaces do not count: a run of them is a sentence, not a word.
[[nodiscard]] bool is_word_character(char32_t c);

/// Finds the word at a position, in linear time altogether when positions rise. An apostrophe inside a word and a hyphen
/// before a capital letter belong to it ("O'Brien", "Anna-Maria"); a possessive 's does not.
class word_finder {
public:
  explicit word_finder(std::string_view text) : text_(text) {}
  /// @returns where the word through `position` starts; `position` itself when it is inside no word.
  [[nodiscard]] std::size_t start_of(std::size_t position);
  /// @returns where the word through `position` ends; `position` itself when it is inside no word.
  [[nodiscard]] std::size_t end_of(std::size_t position);

private:
  /// Whether `position` is neither at an edge of a word nor outside of all.
  [[nodiscard]] bool is_inside(std::size_t position) const;
  /// Makes `word_` the word through `position`; false when the position is at a word's edge or outside.
  bool enter(std::size_t position);

  std::string_view text_;
  byte_span word_;
};

} // namespace troupe::agents
