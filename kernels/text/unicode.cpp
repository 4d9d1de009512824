#include "kernels/text/unicode.hpp"

#include <algorithm>
#include <map>

namespace troupe::text {
namespace {

struct char_run {
  char32_t first;
  std::uint8_t record;
};

struct char_parts {
  char32_t code_point;
  std::array<char32_t, 4> parts;
};

#include "kernels/text/unicode_tables.inc"

constexpr char32_t hangul_first = 0xAC00, hangul_count = 11172, hangul_vowels = 21,
                   hangul_tails = 28;

/// Source: The Unicode Standard, section 3.12, "Hangul Syllable Decomposition".
char_sequence decompose_hangul(char32_t index) {
  const char32_t tail = index % hangul_tails;
  char_sequence out{{0x1100 + index / (hangul_vowels * hangul_tails),
                     0x1161 + index / hangul_tails % hangul_vowels, 0x11A7 + tail},
                    tail ? std::size_t{3} : std::size_t{2}};
  return out;
}

} // namespace

char_table::char_table() : records_{records} {
  // Pages of 256 record indices; equal pages are kept once.
  std::map<std::array<std::uint8_t, 256>, std::uint16_t> known;
  std::size_t run = 0;
  for (char32_t page = 0; page < first_stage_.size(); ++page) {
    std::array<std::uint8_t, 256> indices{};
    for (char32_t low = 0; low < 256; ++low) {
      while (run + 1 < std::size(runs) && runs[run + 1].first <= (page << 8 | low))
        ++run;
      indices[low] = runs[run].record;
    }
    const auto [place, is_new] = known.emplace(indices, static_cast<std::uint16_t>(known.size()));
    if (is_new) pages_.insert(pages_.end(), indices.begin(), indices.end());
    first_stage_[page] = place->second;
  }
}

const char_table& char_table::instance() {
  static const char_table table;
  return table;
}

char_sequence char_table::decompose(char32_t code_point) const noexcept {
  if (!(*this)[code_point].has(char_flag::decomposes)) return {{code_point}, 1};
  if (code_point - hangul_first < hangul_count) return decompose_hangul(code_point - hangul_first);
  const auto* found =
      std::lower_bound(std::begin(decompositions), std::end(decompositions), code_point,
                       [](const char_parts& row, char32_t key) { return row.code_point < key; });
  const auto used = std::find(found->parts.begin(), found->parts.end(), char32_t{0});
  return {found->parts, static_cast<std::size_t>(used - found->parts.begin())};
}

char_sequence char_table::lower_case(char32_t code_point) const noexcept {
  const char_record& record = (*this)[code_point];
  const auto lower =
      static_cast<char32_t>(static_cast<std::int32_t>(code_point) + record.lower_delta);
  if (record.has(char_flag::expands)) return {{lower, 0x0307}, 2};
  return {{lower}, 1};
}

} // namespace troupe::text
