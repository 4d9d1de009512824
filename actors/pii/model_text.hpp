#pragma once

#include "actors/agents/spans.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::pii {

using agents::byte_span;
using agents::pii_span;

/// What a model reads of a stretch of a line: the words, without what cannot be a name and is settled already. Left out
/// are what rules found, time stamps, and hexadecimal ids (a short word stands in their place); digits keep their number
/// but not their value; runs of spaces become one. So lines that differ only there give the same text, and the same
/// text has the same answer.
class model_text {
public:
  /// @param line valid UTF-8. @param part of it, cutting no code point.
  /// @param settled in order, without overlap; what touches `part`.
  model_text(std::string_view line, byte_span part, std::span<const pii_span> settled);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string take_text() { return std::move(text_); }

  /// The bytes of the line that `span` of the text stands for; empty where it touches nothing but replaced words.
  [[nodiscard]] byte_span to_line(byte_span span) const;

private:
  /// Bytes of the text that are those of the line, one to one.
  struct stretch {
    std::size_t text = 0;
    std::size_t line = 0;
    std::size_t size = 0;
  };

  void copy(std::string_view line, std::size_t at, std::size_t size);
  void replace(std::string_view by);

  std::string text_;
  std::vector<stretch> stretches_;
};

} // namespace troupe::pii
