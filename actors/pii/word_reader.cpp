#include "actors/pii/word_reader.hpp"

#include "actors/agents/words.hpp"
#include "actors/pii/chars.hpp"
#include "actors/pii/common_words.hpp"
#include "kernels/text/unicode.hpp"

#include <algorithm>
#include <array>

namespace troupe::pii {
namespace {

bool is_apostrophe(char32_t c) {
  return c == '\'' || c == 0x2019;
}

bool is_upper(char32_t c) {
  return c < 0x80 ? c >= 'A' && c <= 'Z'
                  : text::char_table::instance()[c].has(text::char_flag::upper);
}
bool is_lower(char32_t c) {
  return c < 0x80 ? c >= 'a' && c <= 'z'
                  : text::char_table::instance()[c].has(text::char_flag::lower);
}

/// Whether a capital letter may follow this beginning within a name: "McLeod", "DiCaprio", "O'Brien".
bool may_start_name(std::string_view beginning) {
  constexpr std::array<std::string_view, 16> beginnings{"mc", "mac", "de",  "di",  "la",  "le",
                                                        "du", "da",  "del", "van", "von", "fitz",
                                                        "st", "o'",  "d'",  "l'"};
  return std::ranges::any_of(beginnings,
                             [&](std::string_view one) { return equals_lower(beginning, one); });
}

} // namespace

bool equals_lower(std::string_view word, std::string_view lower) {
  return std::ranges::equal(word, lower, [](char a, char b) { return to_lower(a) == b; });
}

std::optional<word> word_reader::next() {
  using agents::code_point_at;
  using agents::is_word_character;
  const auto length = [&](std::size_t at) { return agents::sequence_length(text_[at]); };
  const auto is_letter_of_any_script = [](char32_t c) {
    return c == '_' || is_word_character(c) || (c >= 0x2E80 && c <= 0xFFDC) || c >= 0x20000;
  };
  while (at_ < text_.size() && !is_letter_of_any_script(code_point_at(text_, at_)))
    at_ += length(at_);
  if (at_ == text_.size()) return std::nullopt;
  word found;
  found.start = at_;
  found.follows_hyphen = at_ > 0 && text_[at_ - 1] == '-';
  found.only_digits = true;
  bool after_lower = false;
  for (; at_ < text_.size(); at_ += length(at_)) {
    const auto c = code_point_at(text_, at_);
    if (is_apostrophe(c)) {
      const auto after = at_ + length(at_);
      if (after < text_.size() && is_word_character(code_point_at(text_, after))) continue;
      break;
    }
    if (!is_letter_of_any_script(c)) break;
    const bool upper = is_upper(c);
    const bool lower = !upper && is_lower(c);
    const bool digit = c >= '0' && c <= '9';
    if (at_ == found.start) {
      found.starts_upper = upper;
      found.is_caseless = c >= 0x80 && !upper && !lower;
    }
    if (upper && after_lower && !may_start_name(text_.substr(found.start, at_ - found.start)))
      found.is_identifier = true;
    after_lower = lower;
    found.has_digit = found.has_digit || digit;
    found.only_digits = found.only_digits && digit;
    found.is_identifier = found.is_identifier || digit || c == '_';
  }
  found.text = text_.substr(found.start, at_ - found.start);
  return found;
}

bool looks_like_name(const word& word) {
  return (word.starts_upper || word.is_caseless) && !word.is_identifier &&
         !is_common_word(word.text);
}

} // namespace troupe::pii
