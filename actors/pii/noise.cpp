#include "actors/pii/noise.hpp"

#include "actors/pii/chars.hpp"

#include <array>

namespace troupe::pii {
namespace {

bool is_hex(char c) {
  return is_number(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool ends_word(std::string_view text, std::size_t at) {
  return at >= text.size() || !(is_number(text[at]) || is_letter(text[at]) || text[at] == '_' ||
                                static_cast<unsigned char>(text[at]) >= 0x80);
}

/// @returns where `form` ends that starts at `at`: '9' stands for a digit, 'A' for a letter, anything else for itself;
/// 0 where the text is another.
std::size_t match(std::string_view text, std::size_t at, std::string_view form) {
  if (at > text.size() || text.size() - at < form.size()) return 0;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const char c = text[at + i];
    const bool fits = form[i] == '9' ? is_number(c) : form[i] == 'A' ? is_letter(c) : c == form[i];
    if (!fits) return 0;
  }
  return at + form.size();
}

/// Fractions of a second and the time zone that follow a time of day.
std::size_t end_of_time(std::string_view text, std::size_t at) {
  if (at + 1 < text.size() && (text[at] == '.' || text[at] == ',') && is_number(text[at + 1]))
    for (++at; at < text.size() && is_number(text[at]);)
      ++at;
  if (at < text.size() && text[at] == 'Z') return at + 1;
  const auto zone = at < text.size() && text[at] == ' ' ? at + 1 : at;
  if (zone < text.size() && (text[zone] == '+' || text[zone] == '-'))
    for (const std::string_view form : {"99:99", "9999"})
      if (const auto end = match(text, zone + 1, form); end && ends_word(text, end)) return end;
  return at;
}

} // namespace

std::size_t time_stamp_length(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 8> forms{
      "9999-99-99T99:99:99", "9999-99-99 99:99:99", "9999/99/99 99:99:99", "99/AAA/9999:99:99:99",
      "AAA 99 99:99:99",     "AAA  9 99:99:99",     "AAA 9 99:99:99",      "99:99:99"};
  for (const auto form : forms)
    if (auto end = match(text, at, form)) {
      end = end_of_time(text, end);
      return ends_word(text, end) ? end - at : 0;
    }
  return 0;
}

std::size_t hex_id_length(std::string_view text, std::size_t at) {
  constexpr std::size_t shortest = 12;
  auto end = at;
  if (match(text, at, "0x")) end += 2;
  std::size_t digits = 0;
  std::size_t numbers = 0;
  for (; end < text.size() && (is_hex(text[end]) || (text[end] == '-' && digits >= 8)); ++end) {
    digits += text[end] == '-' ? 0 : 1;
    numbers += is_number(text[end]) ? 1 : 0;
  }
  while (end > at && text[end - 1] == '-')
    --end;
  return digits >= shortest && numbers > 0 && numbers < digits && ends_word(text, end) ? end - at
                                                                                       : 0;
}

} // namespace troupe::pii
