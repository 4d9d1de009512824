#pragma once

#include <string_view>

/// Checks that tell a real number of some kind from a row of digits. Pure, any thread.
namespace troupe::agents {

/// Whether `digits` (only 0-9) has the length and the first digits of a known card issuer, and a right Luhn check digit.
/// Source: ISO/IEC 7812-1 annex B; issuer ranges as the networks publish them.
[[nodiscard]] bool is_payment_card(std::string_view digits);

/// Length of an IBAN of the country, 0 where the country (two upper-case letters) has none.
/// Source: SWIFT IBAN registry, release 99.
[[nodiscard]] std::size_t iban_length(std::string_view country);

/// Whether `iban` (upper case, no spaces) has its country's length and a right check number (ISO 7064 mod 97-10).
[[nodiscard]] bool is_iban(std::string_view iban);

/// Whether `digits`, an international number without its "+", starts with an assigned country code and is neither too
/// short nor too long. Source: ITU-T E.164 (15 digits) and its list of assigned codes.
[[nodiscard]] bool is_international_number(std::string_view digits);

/// Whether `digits` (10 of them) is an area code, an exchange and a line of the North American plan.
[[nodiscard]] bool is_north_american_number(std::string_view digits);

/// Whether `address` is a dotted quad.
[[nodiscard]] bool is_ipv4(std::string_view address);

/// Whether `address` is an IPv6 address of a range that hosts have: global unicast, unique local, link-local, multicast,
/// IPv4-mapped or NAT64. Loopback and what merely looks like one ("a::b" in a program) are not.
[[nodiscard]] bool is_host_ipv6(std::string_view address);

} // namespace troupe::agents
