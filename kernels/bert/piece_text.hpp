#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::bert {

/// Number of code points of valid UTF-8.
[[nodiscard]] std::size_t codepoints(std::string_view utf8);

/// Joins pieces (or words made of pieces) into text as the WordPiece decoder of the Hugging Face
/// tokenizers does: a space before each but the first, "##" glued except at the start, and the
/// spaces before English punctuation and contractions dropped within one piece.
class piece_joiner {
public:
  void add(std::string_view piece);
  [[nodiscard]] std::string text() && { return std::move(text_); }

private:
  std::string text_;
  bool first_ = true;
};

} // namespace troupe::bert
