#include "kernels/text/offsets.hpp"
#include "kernels/text/utf8.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>

using namespace troupe::text;
using namespace std::string_literals;

namespace {

struct repair_case {
  const char* what;
  std::string bytes;
  std::string repaired;
  std::size_t replaced;
};

const std::string bad = "\xEF\xBF\xBD";

const repair_case repair_cases[] = {
    {"empty", "", "", 0},
    {"ASCII with NUL", "a\0b"s, "a\0b"s, 0},
    {"two, three and four bytes", "\u00E9\u20AC\U0001F600", "\u00E9\u20AC\U0001F600", 0},
    {"last code points of each length", "\x7F\u07FF\uFFFF\U0010FFFF", "\x7F\u07FF\uFFFF\U0010FFFF",
     0},
    {"neighbours of the surrogates", "\uD7FF\uE000", "\uD7FF\uE000", 0},
    {"lone continuation", "a\x80z", "a" + bad + "z", 1},
    {"overlong slash", "\xC0\xAF", bad + bad, 2},
    {"overlong in three bytes: each byte alone", "\xE0\x80\xAF", bad + bad + bad, 3},
    {"surrogate: each byte alone", "\xED\xA0\x80", bad + bad + bad, 3},
    {"above U+10FFFF", "\xF4\x90\x80\x80", bad + bad + bad + bad, 4},
    {"bytes that never occur", "\xF5\xFF", bad + bad, 2},
    {"cut off after two of three: one", "\xE2\x82", bad, 1},
    {"cut off after three of four, then text",
     "\xF0\x9F\x98"
     "a",
     bad + "a", 1},
    {"the standard's example",
     "a\xF1\x80\x80\xE1\x80\xC2"
     "b\x80"
     "c\x80\xBF"
     "d",
     "a" + bad + bad + bad + "b" + bad + "c" + bad + bad + "d", 6},
};

} // namespace

BOOST_AUTO_TEST_SUITE(utf8)

BOOST_AUTO_TEST_CASE(repairs_maximal_subparts) {
  for (const auto& each : repair_cases) {
    BOOST_TEST_CONTEXT(each.what) {
      const repaired out = repair_utf8(each.bytes);
      BOOST_TEST(out.text == each.repaired);
      BOOST_TEST(out.replaced == each.replaced);
      BOOST_TEST(is_valid_utf8(each.bytes) == (each.replaced == 0));
    }
  }
}

BOOST_AUTO_TEST_CASE(every_scalar_value_survives_a_round_trip) {
  std::size_t wrong = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    char bytes[4];
    const std::size_t size = encode_utf8(c, bytes);
    const decoded back = decode_utf8({bytes, size}, 0);
    wrong += back.code_point != c || back.size != size || !back.valid;
  }
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(offsets_count_code_points_and_utf16) {
  const std::string text = "a\u00E9\u20AC\U0001F600z"; // 1, 2, 3, 4 and 1 bytes
  struct {
    std::size_t byte, codepoint, utf16;
  } const rows[] = {{0, 0, 0},
                    {1, 1, 1},
                    {3, 2, 2},
                    {6, 3, 3},
                    {10, 4, 5},
                    {11, 5, 6},
                    // inside a code point: its start; beyond the text: its end
                    {8, 3, 3},
                    {2, 1, 1},
                    {99, 5, 6},
                    {0, 0, 0}};
  offset_index walking{text};
  for (const auto& row : rows) {
    BOOST_TEST_CONTEXT("byte " << row.byte) {
      offset_index fresh{text};
      BOOST_TEST(fresh.codepoint(row.byte) == row.codepoint);
      BOOST_TEST(fresh.utf16(row.byte) == row.utf16);
      BOOST_TEST(walking.utf16(row.byte) == row.utf16);
      BOOST_TEST(walking.codepoint(row.byte) == row.codepoint);
    }
  }
  BOOST_TEST(offset_index{""}.codepoint(3) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
