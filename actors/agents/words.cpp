#include "actors/agents/words.hpp"

#include "kernels/text/unicode.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <array>

namespace troupe::agents {
namespace {

struct code_point_range {
  char32_t first;
  char32_t last;
};

/// What ends a word outside ASCII: spaces, punctuation, symbols, and scripts without spaces between words.
constexpr std::array not_in_words{
    code_point_range{0x80, 0xA9},        code_point_range{0xAB, 0xAC},
    code_point_range{0xAE, 0xB4},        code_point_range{0xB6, 0xB9},
    code_point_range{0xBB, 0xBF},        code_point_range{0xD7, 0xD7},
    code_point_range{0xF7, 0xF7},        code_point_range{0x37E, 0x37E},
    code_point_range{0x387, 0x387},      code_point_range{0x55A, 0x55F},
    code_point_range{0x589, 0x58A},      code_point_range{0x5BE, 0x5BE},
    code_point_range{0x5F3, 0x5F4},      code_point_range{0x600, 0x60F},
    code_point_range{0x61B, 0x61F},      code_point_range{0x66A, 0x66D},
    code_point_range{0x6D4, 0x6D4},      code_point_range{0x964, 0x965},
    code_point_range{0xE00, 0xEFF},                                        // Thai, Lao
    code_point_range{0x1000, 0x109F},                                      // Myanmar
    code_point_range{0x1680, 0x1680},    code_point_range{0x1780, 0x17FF}, // Khmer
    code_point_range{0x2000, 0x200A},    code_point_range{0x200E, 0x205F},
    code_point_range{0x2061, 0x2070},    code_point_range{0x2080, 0x208F},
    code_point_range{0x20A0, 0x20CF},    code_point_range{0x2190, 0x2BFF},
    code_point_range{0x2E00, 0xA4CF}, // CJK with its punctuation, kana, Yi
    code_point_range{0xE000, 0xFAFF}, // private use, CJK compatibility
    code_point_range{0xFD3E, 0xFD3F},    code_point_range{0xFE10, 0xFE1F},
    code_point_range{0xFE30, 0xFE6F},    code_point_range{0xFF00, 0xFF0F},
    code_point_range{0xFF1A, 0xFF20},    code_point_range{0xFF3B, 0xFF40},
    code_point_range{0xFF5B, 0xFFFF},    code_point_range{0x1D000, 0x1D24F},
    code_point_range{0x1F000, 0x10FFFF}, // emoji; the planes above are Han and private use
};

bool is_ascii_word(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::size_t sequence_start(std::string_view text, std::size_t end) {
  auto start = end - 1;
  while (start > 0 && text::is_continuation(text[start]))
    --start;
  return start;
}

} // namespace

std::size_t sequence_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0xC0U) return 1;
  if (byte < 0xE0U) return 2;
  return byte < 0xF0U ? 3 : 4;
}

char32_t code_point_at(std::string_view text, std::size_t position) {
  if (position >= text.size()) return 0;
  return text::decode_utf8(text, position).code_point;
}

char32_t code_point_before(std::string_view text, std::size_t position) {
  return position == 0 ? 0 : code_point_at(text, sequence_start(text, position));
}

bool is_boundary(std::string_view text, std::size_t position) {
  return position == text.size() || !text::is_continuation(text[position]);
}

bool is_word_character(char32_t c) {
  if (c < 0x80) return is_ascii_word(c);
  const auto after = std::ranges::upper_bound(not_in_words, c, {}, &code_point_range::first);
  return after == not_in_words.begin() || c > std::prev(after)->last;
}

namespace {

bool is_apostrophe(char32_t c) {
  return c == '\'' || c == 0x2019;
}
bool is_hyphen(char32_t c) {
  return c == '-' || c == 0x2010 || c == 0x2011;
}
bool is_joiner(char32_t c) {
  return is_apostrophe(c) || is_hyphen(c);
}

/// Whether the apostrophe or hyphen at `at` makes one name of what stands around it: "O'Brien" and "Anna-Maria", but
/// not "Anna's" and "Berlin-based".
bool joins(std::string_view text, std::size_t at) {
  const auto after = at + sequence_length(text[at]);
  const auto next = code_point_at(text, after);
  if (!is_word_character(code_point_before(text, at)) || !is_word_character(next)) return false;
  if (is_hyphen(code_point_at(text, at)))
    return text::char_table::instance()[next].has(text::char_flag::upper);
  const bool possessive =
      (next == 's' || next == 'S') &&
      !is_word_character(code_point_at(text, after + sequence_length(text[after])));
  return !possessive;
}

} // namespace

bool word_finder::is_inside(std::size_t position) const {
  const auto before = code_point_before(text_, position);
  const auto at = code_point_at(text_, position);
  if (is_word_character(before))
    return is_word_character(at) || (is_joiner(at) && joins(text_, position));
  return is_joiner(before) && is_word_character(at) &&
         joins(text_, sequence_start(text_, position));
}

bool word_finder::enter(std::size_t position) {
  if (position > word_.start && position < word_.end) return true;
  if (!is_inside(position)) return false;
  word_ = {position, position};
  while (is_inside(word_.start))
    word_.start = sequence_start(text_, word_.start);
  while (is_inside(word_.end))
    word_.end += sequence_length(text_[word_.end]);
  return true;
}

std::size_t word_finder::start_of(std::size_t position) {
  return enter(position) ? word_.start : position;
}

std::size_t word_finder::end_of(std::size_t position) {
  return enter(position) ? word_.end : position;
}

} // namespace troupe::agents
