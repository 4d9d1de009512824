#include "tools/troupe/terminal_text.hpp"

#include "kernels/text/utf8.hpp"

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
std::pair<std::size_t, std::size_t> fitting(std::string_view of, std::size_t columns) {
  std::size_t bytes = 0, taken = 0;
  while (bytes < of.size()) {
    const auto next = text::decode_utf8(of, bytes);
    const std::size_t more = columns_of(next.code_point);
    if (taken + more > columns) break;
    taken += more;
    bytes += next.size;
  }
  return {bytes, taken};
}

} // namespace

std::string printable(std::string_view of) {
  std::string made;
  made.reserve(of.size());
  for (std::size_t at = 0; at < of.size();) {
    const auto next = text::decode_utf8(of, at);
    const std::string_view bytes = of.substr(at, next.size);
    const bool control =
        next.code_point < 0x20 || (next.code_point >= 0x7f && next.code_point < 0xa0);
    if (!next.valid)
      for (const char each : bytes)
        made += fmt::format("\\x{:02x}", static_cast<unsigned char>(each));
    else if (control || is_among(treacherous, next.code_point))
      append_escaped(made, next.code_point);
    else
      made += bytes;
    at += next.size;
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
