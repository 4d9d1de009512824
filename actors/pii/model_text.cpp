#include "actors/pii/model_text.hpp"

#include "actors/pii/chars.hpp"
#include "actors/pii/noise.hpp"

#include <algorithm>

namespace troupe::pii {
namespace {

bool is_gap(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_plain_word(char c) {
  return is_number(c) || is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// Stands for what a rule found.
std::string_view stand_in(const std::string& label) {
  if (label == "EMAIL") return "mail";
  if (label == "URL") return "link";
  if (label == "PHONE") return "phone";
  if (label == "IP_ADDRESS") return "host";
  return "number";
}

} // namespace

void model_text::copy(std::string_view line, std::size_t at, std::size_t size) {
  if (!stretches_.empty()) {
    auto& last = stretches_.back();
    if (last.line + last.size == at && last.text + last.size == text_.size()) {
      last.size += size;
      text_ += line.substr(at, size);
      return;
    }
  }
  stretches_.push_back({text_.size(), at, size});
  text_ += line.substr(at, size);
}

void model_text::replace(std::string_view by) {
  text_ += by;
}

model_text::model_text(std::string_view line, byte_span part, std::span<const pii_span> settled) {
  constexpr std::string_view counted =
      "24";               // measured: models find addresses as well as with the real digits
  std::size_t digits = 0; // of the number at hand
  for (auto at = part.start; at < part.end;) {
    while (!settled.empty() && settled.front().bytes.end <= at)
      settled = settled.subspan(1);
    if (!settled.empty() && settled.front().bytes.start <= at) {
      replace(stand_in(settled.front().label));
      at = settled.front().bytes.end;
      continue;
    }
    const char c = line[at];
    if (is_gap(c)) {
      if (!text_.empty() && text_.back() != ' ') {
        copy(line, at, 1);
        text_.back() = ' ';
      }
      ++at;
      continue;
    }
    if (at == part.start || !is_plain_word(line[at - 1])) {
      const auto view = line.substr(0, part.end);
      if (const auto time = time_stamp_length(view, at)) {
        at += time;
        continue;
      }
      if (const auto id = hex_id_length(view, at)) {
        replace("id");
        at += id;
        continue;
      }
    }
    digits = is_number(c) ? digits + 1 : 0;
    copy(line, at, 1);
    if (digits) text_.back() = counted[(digits - 1) % counted.size()];
    ++at;
  }
  while (!text_.empty() && text_.back() == ' ') {
    text_.pop_back();
    if (auto& last = stretches_.back(); last.text + last.size > text_.size() && --last.size == 0)
      stretches_.pop_back();
  }
}

byte_span model_text::to_line(byte_span span) const {
  byte_span found;
  auto from = std::ranges::upper_bound(stretches_, span.start, {},
                                       [](const stretch& s) { return s.text + s.size; });
  for (; from != stretches_.end() && from->text < span.end; ++from) {
    const auto start = std::max(span.start, from->text);
    const auto end = std::min(span.end, from->text + from->size);
    if (start >= end) continue;
    if (found.end == 0) found.start = from->line + (start - from->text);
    found.end = from->line + (end - from->text);
  }
  return found;
}

} // namespace troupe::pii
