#include "actors/agents/pii_numbers.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace troupe::agents {
namespace {

bool luhn(std::string_view digits) {
  unsigned sum = 0;
  bool twice = false;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it, twice = !twice) {
    unsigned digit = static_cast<unsigned>(*it - '0') * (twice ? 2U : 1U);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 == 0;
}

/// First digits from..to (of the same number of digits) and the lengths of such numbers.
struct issuer {
  unsigned from;
  unsigned to;
  std::size_t prefix_digits;
  std::size_t min_length;
  std::size_t max_length;
};

constexpr std::array issuers{
    issuer{4, 4, 1, 13, 19},       // Visa (13, 16, 19; others were never issued, but cost little)
    issuer{51, 55, 2, 16, 16},     // Mastercard
    issuer{2221, 2720, 4, 16, 16}, // Mastercard
    issuer{34, 34, 2, 15, 15},     // American Express
    issuer{37, 37, 2, 15, 15},     // American Express
    issuer{6011, 6011, 4, 16, 19}, // Discover
    issuer{644, 659, 3, 16, 19},   // Discover, RuPay
    issuer{300, 305, 3, 14, 19},   // Diners Club
    issuer{3095, 3095, 4, 14, 19}, // Diners Club
    issuer{36, 36, 2, 14, 19},     // Diners Club
    issuer{38, 39, 2, 14, 19},     // Diners Club
    issuer{3528, 3589, 4, 16, 19}, // JCB
    issuer{62, 62, 2, 16, 19},     // UnionPay
    issuer{50, 50, 2, 13, 19},     // Maestro
    issuer{56, 58, 2, 13, 19},     // Maestro
    issuer{63, 63, 2, 13, 19},     // Maestro
    issuer{67, 67, 2, 13, 19},     // Maestro
    issuer{2200, 2204, 4, 16, 19}, // Mir
    issuer{81, 82, 2, 16, 16},     // RuPay
    issuer{9792, 9792, 4, 16, 16}, // Troy
};

unsigned leading(std::string_view digits, std::size_t count) {
  unsigned value = 0;
  std::from_chars(digits.data(), digits.data() + std::min(count, digits.size()), value);
  return value;
}

struct country_length {
  std::string_view country;
  std::size_t length;
};

constexpr std::array<country_length, 89> iban_lengths{{
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20},
    {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
    {"YE", 30},
}};
static_assert(std::ranges::is_sorted(iban_lengths, {}, &country_length::country));

/// Assigned country codes of two digits; with 1 and 7 all others have three.
constexpr std::array two_digit_codes{20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46,
                                     47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62, 63,
                                     64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98};
/// The tens in which three-digit codes are assigned, e.g. 35 for 350-359; 21-29 and 37-42 are full but for single ones.
constexpr std::array three_digit_tens{21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50,
                                      59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99};

} // namespace

bool is_payment_card(std::string_view digits) {
  const auto issued = std::ranges::any_of(issuers, [&](const issuer& range) {
    const auto prefix = leading(digits, range.prefix_digits);
    return prefix >= range.from && prefix <= range.to && digits.size() >= range.min_length &&
           digits.size() <= range.max_length;
  });
  return issued && luhn(digits);
}

std::size_t iban_length(std::string_view country) {
  const auto found = std::ranges::lower_bound(iban_lengths, country, {}, &country_length::country);
  return found != iban_lengths.end() && found->country == country ? found->length : 0;
}

bool is_iban(std::string_view iban) {
  if (iban.size() < 4 || iban.size() != iban_length(iban.substr(0, 2))) return false;
  unsigned remainder = 0;
  const auto take = [&](char c) {
    const bool digit = c >= '0' && c <= '9';
    const auto value = static_cast<unsigned>(digit ? c - '0' : c - 'A' + 10);
    remainder = (remainder * (digit ? 10U : 100U) + value) % 97;
  };
  for (const char c : iban.substr(4))
    take(c);
  for (const char c : iban.substr(0, 4))
    take(c);
  return remainder == 1;
}

bool is_international_number(std::string_view digits) {
  if (digits.size() < 8 || digits.size() > 15) return false;
  if (digits.front() == '1') return digits.size() == 11;
  if (digits.front() == '7') return digits.size() == 11;
  const auto two = static_cast<int>(leading(digits, 2));
  return std::ranges::binary_search(two_digit_codes, two) ||
         std::ranges::binary_search(three_digit_tens, two);
}

bool is_north_american_number(std::string_view digits) {
  const auto from_two = [](char c) { return c >= '2' && c <= '9'; };
  return digits.size() == 10 && from_two(digits[0]) && from_two(digits[3]) &&
         digits.substr(1, 2) != "11" && digits.substr(4, 2) != "11";
}

bool is_ipv4(std::string_view address) {
  in_addr parsed{};
  return ::inet_pton(AF_INET, std::string{address}.c_str(), &parsed) == 1;
}

bool is_host_ipv6(std::string_view address) {
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, std::string{address}.c_str(), &parsed) != 1) return false;
  const std::uint8_t first = parsed.s6_addr[0];
  const std::uint8_t second = parsed.s6_addr[1];
  const bool global_unicast = (first & 0xE0U) == 0x20U;
  const bool unique_local = (first & 0xFEU) == 0xFCU;
  const bool link_local = first == 0xFEU && (second & 0xC0U) == 0x80U;
  const bool multicast = first == 0xFFU;
  const bool nat64 = first == 0 && second == 0x64U && parsed.s6_addr[2] == 0xFFU;
  return global_unicast || unique_local || link_local || multicast || nat64 ||
         IN6_IS_ADDR_V4MAPPED(&parsed);
}

} // namespace troupe::agents
