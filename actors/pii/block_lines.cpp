#include "actors/pii/block_lines.hpp"

#include "actors/pii/context_rules.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <utility>

namespace troupe::pii {

block_lines::block_lines(std::string_view bytes, std::size_t first_line) : first_line_(first_line) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto newline = bytes.find('\n', at);
    auto end = std::min(newline, bytes.size());
    const auto next = std::min(newline == bytes.npos ? newline : newline + 1, bytes.size());
    if (end > at && bytes[end - 1] == '\r') --end;
    add(bytes.substr(at, end - at), bytes.substr(end, next - end));
    at = next;
  }
}

void block_lines::add(std::string_view bytes, std::string_view end) {
  raw_line line{bytes, end};
  if (text::is_valid_utf8(bytes)) {
    texts_.push_back(bytes);
  } else {
    auto repaired = text::repair_utf8(bytes);
    line.replaced = repaired.replaced;
    texts_.emplace_back(repaired_.emplace_back(std::move(repaired.text)));
  }
  lines_.push_back(line);
}

found_line block_lines::line(std::size_t index, std::span<const pii_span> spans) const {
  const auto& raw = lines_[index];
  return {.bytes = raw.bytes,
          .text = texts_[index],
          .end = raw.end,
          .number = first_line_ + index,
          .replaced_sequences = raw.replaced,
          .spans = spans};
}

bool ends_with_sign_off(std::string_view bytes, bool before) {
  while (!bytes.empty()) {
    if (bytes.back() == '\n') bytes.remove_suffix(1);
    const auto newline = bytes.rfind('\n');
    const auto start = newline == bytes.npos ? 0 : newline + 1;
    auto line = bytes.substr(start);
    bytes = bytes.substr(0, start);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!is_blank_line(line)) return is_sign_off(line);
  }
  return before;
}

} // namespace troupe::pii
