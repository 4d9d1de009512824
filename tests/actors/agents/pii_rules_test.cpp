#include "actors/agents/pii_rules.hpp"

#include "actors/agents/redaction.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace troupe::agents {
namespace {

/// "LABEL:value" of every span that is left when overlaps are settled.
std::vector<std::string> found_in(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& span : merge_spans(text, find_pii(text)))
    found.push_back(span.label + ":" +
                    text.substr(span.bytes.start, span.bytes.end - span.bytes.start));
  return found;
}

struct positive {
  std::string text;
  std::vector<std::string> expected;
};

void check(const std::vector<positive>& cases) {
  for (const auto& [text, expected] : cases)
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(found_in(text) == expected, boost::test_tools::per_element());
    }
}

void check_none(const std::vector<std::string>& texts) {
  for (const auto& text : texts)
    BOOST_TEST_CONTEXT(text) {
      const auto found = found_in(text);
      BOOST_TEST(found.empty(), "found " << (found.empty() ? "" : found.front()));
    }
}

BOOST_AUTO_TEST_SUITE(pii_rules)

BOOST_AUTO_TEST_CASE(email) {
  check({
      {"write to ana@example.org.", {"EMAIL:ana@example.org"}},
      {"<ana.lind+news@mail.example.co.uk>", {"EMAIL:ana.lind+news@mail.example.co.uk"}},
      {"mailto:ana@example.org?subject=x", {"EMAIL:ana@example.org"}},
      {"'o'hara@example.org'", {"EMAIL:o'hara@example.org"}},
      {"ANA_LIND@EXAMPLE.ORG, bo@example.net",
       {"EMAIL:ANA_LIND@EXAMPLE.ORG", "EMAIL:bo@example.net"}},
      {"ana@example.org-based", {"EMAIL:ana@example.org"}},
      {"see..ana@example.org", {"EMAIL:ana@example.org"}},
      {"jürgen@bücher.example", {"EMAIL:jürgen@bücher.example"}},
      {"x@xn--bcher-kva.xn--p1ai", {"EMAIL:x@xn--bcher-kva.xn--p1ai"}},
      {"请联系ana@example.org。", {"EMAIL:请联系ana@example.org"}},
      {"a@163.com", {"EMAIL:a@163.com"}},
      {std::string(64, 'a') + "@example.org", {"EMAIL:" + std::string(64, 'a') + "@example.org"}},
  });
  check_none({"ana@localhost", "@example.org", "ana@", "a@b", "1 @ 2.50 each", "react@18.2.0",
              "ana@example", "ana@.org", "ana @example.org", "lib@2.0.x-1", "ana@example.o",
              std::string(65, 'a') + "@example.org"});
}

BOOST_AUTO_TEST_CASE(url) {
  check({
      {"see https://example.org/a?b=c#d.", {"URL:https://example.org/a?b=c#d"}},
      {"(http://example.org/wiki/Foo_(bar))", {"URL:http://example.org/wiki/Foo_(bar)"}},
      {"HTTP://EXAMPLE.ORG", {"URL:HTTP://EXAMPLE.ORG"}},
      {"www.example.org/x, next", {"URL:www.example.org/x"}},
      {"<a href=\"https://example.org/u/ana\">", {"URL:https://example.org/u/ana"}},
      {"ftp://ana:secret@example.org:21/f", {"URL:ftp://ana:secret@example.org:21/f"}},
      {"http://[2001:db8::1]:80/x", {"URL:http://[2001:db8::1]:80/x"}},
      {"https://example.org/?mail=ana@example.org",
       {"URL:https://example.org/?mail=ana@example.org"}},
      {"„https://example.org/ä“", {"URL:https://example.org/ä"}},
      {"**https://example.org**", {"URL:https://example.org"}},
      {"https://example.org]]]]", {"URL:https://example.org"}},
  });
  check_none({"https://", "http:// example.org", "www.", "www.x", "awww.example.org",
              "xhttps://example.org", "example.org", "file.txt", "://example.org", "http:///",
              "C:\\www\\x"});
}

BOOST_AUTO_TEST_CASE(ip_addresses) {
  check({
      {"from 192.0.2.17.", {"IP_ADDRESS:192.0.2.17"}},
      {"198.51.100.7:8080 and 203.0.113.0/24",
       {"IP_ADDRESS:198.51.100.7", "IP_ADDRESS:203.0.113.0"}},
      {"[192.0.2.1]", {"IP_ADDRESS:192.0.2.1"}},
      {"host 2001:db8::1.", {"IP_ADDRESS:2001:db8::1"}},
      {"2001:DB8:0:0:8:800:200C:417A up", {"IP_ADDRESS:2001:DB8:0:0:8:800:200C:417A"}},
      {"IPv6:2001:db8::7", {"IP_ADDRESS:2001:db8::7"}},
      {"fe80::1%eth0 is", {"IP_ADDRESS:fe80::1%eth0"}},
      {"::ffff:192.0.2.128", {"IP_ADDRESS:::ffff:192.0.2.128"}},
      {"[2001:db8::1]:443", {"IP_ADDRESS:2001:db8::1"}},
      {"addr: 2001:db8:1::", {"IP_ADDRESS:2001:db8:1::"}},
  });
  check_none({"256.1.1.1",
              "192.0.2",
              "192.0.2.1.5",
              "1.192.0.2.1.5",
              "v192.0.2.1",
              "version 1.2.3.4",
              "Version: 10.4.2.1",
              "release 1.2.3.4",
              "192.0.2.01",
              "a192.0.2.1",
              "192.0.2.1a",
              "12:34:56",
              "std::string",
              "a::b",
              "dead::beef",
              "x[1::2]",
              "::",
              "::1",
              "10:20:30:40",
              "2001:db8::g",
              "2001:db8:::1",
              "00:1b:44:11:3a:b7",
              ":",
              "..:",
              ":....",
              "::::::::::"});
}

BOOST_AUTO_TEST_CASE(iban) {
  check({
      {"DE89 3704 0044 0532 0130 00", {"IBAN:DE89 3704 0044 0532 0130 00"}},
      {"IBAN:GB29NWBK60161331926819.", {"IBAN:GB29NWBK60161331926819"}},
      {"gb29 nwbk 6016 1331 9268 19", {"IBAN:gb29 nwbk 6016 1331 9268 19"}},
      {"FR14-2004-1010-0505-0001-3M02-606", {"IBAN:FR14-2004-1010-0505-0001-3M02-606"}},
      {"NO93 8601 1117 947 please", {"IBAN:NO93 8601 1117 947"}},
      {"MT84 MALT 0110 0001 2345 MTLC AST0 01S", {"IBAN:MT84 MALT 0110 0001 2345 MTLC AST0 01S"}},
      {"CH93\u00a00076\u00a02011\u00a06238\u00a05295\u00a07",
       {"IBAN:CH93\u00a00076\u00a02011\u00a06238\u00a05295\u00a07"}},
      {"(BE68 5390 0754 7034)", {"IBAN:BE68 5390 0754 7034"}},
  });
  check_none({"DE89 3704 0044 0532 0130 01", "DE88370400440532013000", "DE8937040044053201300",
              "XX89370400440532013000", "DE893704004405320130000", "ADE89370400440532013000",
              "DE89  3704 0044 0532 0130 00", "US12 3456", "DE89"});
}

BOOST_AUTO_TEST_CASE(payment_cards) {
  check({
      {"card 4111 1111 1111 1111 exp 12/27", {"PAYMENT_CARD:4111 1111 1111 1111"}},
      {"4111-1111-1111-1111", {"PAYMENT_CARD:4111-1111-1111-1111"}},
      {"5555555555554444.", {"PAYMENT_CARD:5555555555554444"}},
      {"3782 822463 10005", {"PAYMENT_CARD:3782 822463 10005"}},
      {"30569309025904", {"PAYMENT_CARD:30569309025904"}},
      {"6011111111111117,", {"PAYMENT_CARD:6011111111111117"}},
      {"3530 1113 3330 0000", {"PAYMENT_CARD:3530 1113 3330 0000"}},
      {"2223003122003222", {"PAYMENT_CARD:2223003122003222"}},
      {"4222 2222 2222 2", {"PAYMENT_CARD:4222 2222 2222 2"}},
      {"4111 1111 1111 1111 12 27", {"PAYMENT_CARD:4111 1111 1111 1111"}},
      {"no 7 4111 1111 1111 1111", {"PAYMENT_CARD:4111 1111 1111 1111"}},
      {"4111\u00a01111\u00a01111\u00a01111", {"PAYMENT_CARD:4111\u00a01111\u00a01111\u00a01111"}},
  });
  check_none({"4111 1111 1111 1112", "1234567890123456", "0000000000000000", "411111111111",
              "4111  1111 1111 1111", "x4111111111111111", "4111111111111111x",
              "0.4111111111111111", "41111111111111111111111", "2026-11-23 19:43:12",
              "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"});
}

BOOST_AUTO_TEST_CASE(phone) {
  check({
      {"+1 212 555 0100", {"PHONE:+1 212 555 0100"}},
      {"(+44 20 7946 0018)", {"PHONE:+44 20 7946 0018"}},
      {"+49 (0)30 23125 555", {"PHONE:+49 (0)30 23125 555"}},
      {"tel:+33199005555", {"PHONE:+33199005555"}},
      {"0044 20 7946 0018", {"PHONE:0044 20 7946 0018"}},
      {"+353 1 555 0199 or", {"PHONE:+353 1 555 0199"}},
      {"call (212) 555-0100.", {"PHONE:(212) 555-0100"}},
      {"(212)555-0100", {"PHONE:(212)555-0100"}},
      {"212-555-0100", {"PHONE:212-555-0100"}},
      {"212.555.0100", {"PHONE:212.555.0100"}},
      {"212 555 0100", {"PHONE:212 555 0100"}},
      {"1-800-555-0199", {"PHONE:1-800-555-0199"}},
      {"212-555-0100 ext. 42", {"PHONE:212-555-0100 ext. 42"}},
      {"212-555-0100x7", {"PHONE:212-555-0100x7"}},
      {"+1-212-555-0100 2026", {"PHONE:+1-212-555-0100"}},
      {"phone/+1-212-555-0100", {"PHONE:+1-212-555-0100"}},
      {"+61 2 5550 1234/+61 2 5550 4321", {"PHONE:+61 2 5550 1234", "PHONE:+61 2 5550 4321"}},
      {"212\u2011555\u20110100", {"PHONE:212\u2011555\u20110100"}},
  });
  check_none({"2026-11-23",
              "2026-11-23T19:43:12+01:00",
              "2026-11-23T19:43:12.123456+0100",
              "Mon Nov 23 19:43:12 2026 +1000 2024-11-23",
              "1.22.333.4444",
              "v212.555.0100",
              "3.14.159.2653",
              "2125550100",
              "12345678901",
              "00441234567890",
              "+",
              "+1",
              "+12",
              "+0 123 456 789",
              "212-555-01000",
              "1212-555-0100",
              "112-555-0100",
              "211-511-0100",
              "911-555-0100x",
              "212-555-0100-99",
              "a+4930231255",
              "ISBN 978-3-16-148410-0",
              "23.11.2026 19:43",
              "+999999",
              "+1 212 555 010",
              "(212) 55-0100",
              "10-20-30-40"});
}

BOOST_AUTO_TEST_CASE(one_text_with_all) {
  check({{"Ana (ana@example.org, +1 212 555 0100) paid 4111 1111 1111 1111 to "
          "DE89370400440532013000 from 192.0.2.7, see www.example.org",
          {"EMAIL:ana@example.org", "PHONE:+1 212 555 0100", "PAYMENT_CARD:4111 1111 1111 1111",
           "IBAN:DE89370400440532013000", "IP_ADDRESS:192.0.2.7", "URL:www.example.org"}}});
}

BOOST_AUTO_TEST_CASE(odd_texts) {
  check_none({"", " ", "\n", "@", "@@@@", "+", "((((", "\u202e", "1", ":", "]"});
}

std::string repeated(const std::string& unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes)
    text += unit;
  return text;
}

/// A search that is quadratic in the text would take hours, and the test's timeout ends it.
BOOST_AUTO_TEST_CASE(hostile_texts_take_linear_time) {
  constexpr std::size_t size_bytes = 4U << 20U;
  for (const auto* unit :
       {"a",          "a.",       "a@",       "a@b.",         "a@b.cc-",  "1",     "1 ",
        "+1",         "+1 ",      "1.1.",     "::",           "a:",       ":.",    "DE89",
        "DE89 3704 ", "((",       "http://",  "www.",         "http://)", "4111 ", "00",
        "x@y.zz",     "212-555-", "\xc3\xa9", "\xe4\xb8\xad@"})
    BOOST_TEST_CONTEXT("repeated: " << unit) {
      const auto text = repeated(unit, size_bytes);
      const auto spans = merge_spans(text, find_pii(text));
      const auto overlap = std::ranges::adjacent_find(
          spans, [](const pii_span& a, const pii_span& b) { return a.bytes.end > b.bytes.start; });
      BOOST_TEST((overlap == spans.end()));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::agents
