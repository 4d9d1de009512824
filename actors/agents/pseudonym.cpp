#include "actors/agents/pseudonym.hpp"

#include "actors/agents/defaults.hpp"
#include "actors/agents/words.hpp"
#include "kernels/text/unicode.hpp"
#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <array>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>

namespace troupe::agents {
namespace {

constexpr std::array number_labels{"PHONE",          "IBAN",          "PAYMENT_CARD",
                                   "TAX_ID",         "BANK_ACCOUNT",  "PASSPORT",
                                   "ROUTING_NUMBER", "GOVERNMENT_ID", "DRIVERS_LICENSE"};

void append_lower(std::string& out, char32_t c) {
  std::array<char, 4> bytes{};
  for (const char32_t lower : text::char_table::instance().lower_case(c))
    out.append(bytes.data(), text::encode_utf8(lower, bytes.data()));
}

bool is_space(char32_t c) {
  return c <= ' ' || c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F;
}

} // namespace

std::string normalised_value(std::string_view label, std::string_view value) {
  const bool number = std::ranges::find(number_labels, label) != number_labels.end();
  std::string out;
  bool space = false;
  for (std::size_t i = 0; i < value.size(); i += sequence_length(value[i])) {
    const auto c = code_point_at(value, i);
    if (is_space(c) || (number && !is_word_character(c))) {
      space = true;
      continue;
    }
    if (space && !number && !out.empty()) out += ' ';
    space = false;
    append_lower(out, c);
  }
  return out;
}

std::string pseudonym(std::string_view label, std::string_view value, std::string_view key) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string message{label};
  message += '\0';
  message += normalised_value(label, value);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(),
            &size))
    throw std::runtime_error{"OpenSSL has no HMAC-SHA256; check its configuration"};
  std::string name{label};
  name += '_';
  for (std::size_t i = 0; i < defaults::pseudonym_digits; ++i)
    name += hex[(digest.at(i / 2) >> (i % 2 == 0 ? 4U : 0U)) & 0xFU];
  return name;
}

} // namespace troupe::agents
