#include "actors/pii/line_parts.hpp"

#include "actors/agents/words.hpp"
#include "actors/pii/chars.hpp"

#include <algorithm>

namespace troupe::pii {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// How good a cut before `at` is; 0 for none at all.
int goodness(std::string_view text, std::size_t at) {
  if (!is_blank(text[at - 1])) return 0;
  const char before = at >= 2 ? text[at - 2] : ' ';
  const char after = text[at];
  if (is_number(before) && is_number(after)) return 1; // groups of one number
  switch (before) {
  case '.':
  case '!':
  case '?':
    return 5;
  case ';':
  case ',':
    return 4;
  default:
    return is_letter(after) && !is_capital(after) ? 3 : 2;
  }
}

} // namespace

std::size_t safe_cut(std::string_view text, std::size_t most) {
  std::size_t cut = most;
  while (cut > most - 3 && !agents::is_boundary(text, cut))
    --cut;
  int best = 0;
  for (auto at = most; at > most / 2; --at)
    if (const auto good = goodness(text, at); good > best) {
      best = good;
      cut = at;
    }
  return cut;
}

std::vector<agents::byte_span>
parts_of(std::string_view line, std::span<const agents::pii_span> settled, std::size_t part_bytes) {
  std::vector<agents::byte_span> parts;
  std::size_t start = 0;
  while (line.size() - start > part_bytes) {
    auto end = start + safe_cut(line.substr(start), part_bytes);
    while (!settled.empty() && settled.front().bytes.end <= end)
      settled = settled.subspan(1);
    if (!settled.empty() && settled.front().bytes.start < end) end = settled.front().bytes.end;
    parts.push_back({start, end});
    start = end;
  }
  if (start < line.size() || parts.empty()) parts.push_back({start, line.size()});
  return parts;
}

} // namespace troupe::pii
