#include "tools/troupe/terminal_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <utility>

namespace troupe::cli {

namespace {

using code_points = std::pair<char32_t, char32_t>;

/// Not seen, or seen somewhere else than where they stand.
constexpr std::array<code_points, 12> treacherous{{{0x00ad, 0x00ad},
                                                   {0x061c, 0x061c},
                                                   {0x115f, 0x1160},
                                                   {0x180b, 0x180e},
                                                   {0x200b, 0x200f},
                                                   {0x2028, 0x202e},
                                                   {0x2060, 0x206f},
                                                   {0x3164, 0x3164},
                                                   {0xfe00, 0xfe0f},
                                                   {0xfeff, 0xfeff},
                                                   {0xfff0, 0xfffb},
                                                   {0xe0000, 0xe0fff}}};
/// After Unicode's East_Asian_Width W and F, in blocks.
constexpr std::array<code_points, 13> wide{{{0x1100, 0x115f},
                                            {0x231a, 0x231b},
                                            {0x2e80, 0x303e},
                                            {0x3041, 0x33ff},
                                            {0x3400, 0x4dbf},
                                            {0x4e00, 0x9fff},
                                            {0xa000, 0xa4cf},
                                            {0xac00, 0xd7a3},
                                            {0xf900, 0xfaff},
                                            {0xfe30, 0xfe6f},
                                            {0xff00, 0xff60},
                                            {0x1f300, 0x1faff},
                                            {0x20000, 0x3fffd}}};
constexpr std::array<code_points, 6> combining{{{0x0300, 0x036f},
                                                {0x0483, 0x0489},
                                                {0x1ab0, 0x1aff},
                                                {0x1dc0, 0x1dff},
                                                {0x20d0, 0x20ff},
                                                {0xfe20, 0xfe2f}}};

template <std::size_t Size>
bool is_among(const std::array<code_points, Size>& ranges, char32_t point) {
  return std::ranges::any_of(
      ranges, [&](const auto& each) { return point >= each.first && point <= each.second; });
}

struct one_character {
  char32_t point = 0;
  /// 0: no UTF-8 begins here.
  std::size_t size = 0;
};

/// The first code point of a text that is not empty.
one_character first_of(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  char32_t point = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0u) != 0x80) return {};
    point = point << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (point < least[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return {};
  return {point, size};
}

void append_escaped(std::string& into, char32_t point) {
  if (point == '\n')
    into += "\\n";
  else if (point == '\t')
    into += "\\t";
  else if (point == '\r')
    into += "\\r";
  else if (point < 0x80)
    into += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(point));
  else
    into += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(point));
}

std::size_t columns_of(char32_t point) {
  if (is_among(combining, point)) return 0;
  return is_among(wide, point) ? 2 : 1;
}

/// How many bytes of the text go into so many columns, and how many of them those take.
std::pair<std::size_t, std::size_t> fitting(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0, taken = 0;
  while (bytes < text.size()) {
    const auto [point, size] = first_of(text.substr(bytes));
    const std::size_t more = columns_of(point);
    if (taken + more > columns) break;
    taken += more;
    bytes += std::max<std::size_t>(size, 1);
  }
  return {bytes, taken};
}

} // namespace

std::string printable(std::string_view text) {
  std::string made;
  made.reserve(text.size());
  while (!text.empty()) {
    const auto [point, size] = first_of(text);
    const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    if (size == 0)
      made += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    else if (control || is_among(treacherous, point))
      append_escaped(made, point);
    else
      made.append(text.substr(0, size));
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return made;
}

std::size_t columns_of(std::string_view printable_text) {
  return fitting(printable_text, printable_text.size() * 2).second;
}

std::string cut(std::string_view printable_text, std::size_t columns) {
  if (columns_of(printable_text) <= columns) return std::string{printable_text};
  if (columns == 0) return {};
  return std::string{printable_text.substr(0, fitting(printable_text, columns - 1).first)} + '~';
}

std::string fit(std::string_view printable_text, std::size_t columns, bool flush_right) {
  const std::string made = cut(printable_text, columns);
  const std::string fill(columns - columns_of(made), ' ');
  return flush_right ? fill + made : made + fill;
}

} // namespace troupe::cli
