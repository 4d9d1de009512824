#include "actors/scheduling/program_name.hpp"

#include "kernels/text/utf8.hpp"

#include <algorithm>

namespace troupe::scheduling {
namespace {

/// White space as Unicode defines it, and the four separators U+001C to U+001F.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool has_space(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto next = text::decode_utf8(text, at);
    if (is_space(next.code_point)) return true;
    at += next.size;
  }
  return false;
}

} // namespace

std::string program_name(std::string_view name, std::string_view command) {
  if (!command.empty() && !has_space(command)) return std::string{command};
  if (const auto dot = name.rfind('.'); dot != name.npos) name.remove_prefix(dot + 1);
  const auto digits =
      std::find_if(name.rbegin(), name.rend(), [](char c) { return c < '0' || c > '9'; }) -
      name.rbegin();
  const auto stem = name.substr(0, name.size() - static_cast<std::size_t>(digits));
  constexpr std::string_view mark = "_ID";
  if (digits > 0 && stem.ends_with(mark)) name = stem.substr(0, stem.size() - mark.size());
  return std::string{name};
}

} // namespace troupe::scheduling
