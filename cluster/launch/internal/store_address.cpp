#include "cluster/launch/internal/store_address.hpp"

#include <charconv>

namespace troupe::cluster {
namespace {

std::string decoded(const std::string& text) {
  constexpr int hexadecimal = 16;
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char code = 0;
    const char* digits = text.data() + i + 1;
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::from_chars(digits, digits + 2, code, hexadecimal).ptr == digits + 2;
    made += escape ? static_cast<char>(code) : text[i];
    if (escape) i += 2;
  }
  return made;
}

} // namespace

store_address split_address(const std::string& address) {
  const auto begin = address.find("://");
  const auto end = begin == std::string::npos ? begin : address.find_first_of("/?", begin + 3);
  const auto at = begin == std::string::npos ? begin : address.rfind('@', end);
  const auto colon = at == std::string::npos ? at : address.find(':', begin + 3);
  if (at == std::string::npos || at < begin || colon > at) return {address, {}};
  return {address.substr(0, colon) + address.substr(at),
          decoded(address.substr(colon + 1, at - colon - 1))};
}

} // namespace troupe::cluster
