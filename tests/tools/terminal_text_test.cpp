#include "tools/troupe/terminal_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::cli;

BOOST_AUTO_TEST_SUITE(tools_terminal_text)

BOOST_AUTO_TEST_CASE(what_a_terminal_would_obey_is_escaped) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain text", "plain text"},
      {"\x1b[2J\x1b]0;title\x07", R"(\x1b[2J\x1b]0;title\x07)"},
      {"a\nb\tc\rd", R"(a\nb\tc\rd)"},
      {std::string{"\0x", 2}, R"(\x00x)"},
      {"\x7f", R"(\x7f)"},
      {"\xc2\x9b"
       "2J",
       R"(\u{9b}2J)"}, // CSI of one code point
      {"\xe2\x80\xae"
       "abc",
       R"(\u{202e}abc)"},              // turns the direction
      {"\xe2\x81\xa6", R"(\u{2066})"}, // isolates
      {"a\xe2\x80\x8b"
       "b",
       R"(a\u{200b}b)"},               // is not seen
      {"\xe2\x80\xa8", R"(\u{2028})"}, // ends a line
      {"\xef\xbb\xbf", R"(\u{feff})"}, // a mark of byte order
      {"\xc3\xa4 \xe4\xb8\xad \xf0\x9f\x98\x80", "\xc3\xa4 \xe4\xb8\xad \xf0\x9f\x98\x80"},
      {"\xff\xc3", R"(\xff\xc3)"},                  // no UTF-8
      {"\xc0\xaf", R"(\xc0\xaf)"},                  // too long a form
      {"\xed\xa0\x80", R"(\xed\xa0\x80)"},          // half of a pair
      {"\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)"}}; // beyond the last
  for (const auto& [given, shown] : cases) {
    BOOST_TEST(printable(given) == shown);
    BOOST_TEST(printable(printable(given)) == shown);
  }
}

BOOST_AUTO_TEST_CASE(columns_are_counted_as_a_terminal_takes_them) {
  BOOST_TEST(columns_of("") == 0u);
  BOOST_TEST(columns_of("abc") == 3u);
  BOOST_TEST(columns_of("\xc3\xa4") == 1u);
  BOOST_TEST(columns_of("a\xcc\x88") == 1u); // with a mark that combines
  BOOST_TEST(columns_of("\xe4\xb8\xad\xe6\x96\x87") == 4u);
  BOOST_TEST(columns_of("\xf0\x9f\x98\x80") == 2u);
}

BOOST_AUTO_TEST_CASE(texts_are_filled_or_cut_to_a_width) {
  BOOST_TEST(fit("abc", 5) == "abc  ");
  BOOST_TEST(fit("abc", 5, true) == "  abc");
  BOOST_TEST(fit("abcdef", 5) == "abcd~");
  BOOST_TEST(fit("abcde", 5) == "abcde");
  BOOST_TEST(fit("abc", 0) == "");
  BOOST_TEST(cut("abc", 5) == "abc");
  // A wide character that does not fit whole goes whole.
  BOOST_TEST(fit("\xe4\xb8\xad\xe6\x96\x87", 3) == "\xe4\xb8\xad~");
  BOOST_TEST(fit("a\xe4\xb8\xad\xe6\x96\x87", 3) == "a~ ");
  BOOST_TEST(columns_of(fit("\xe4\xb8\xad\xe6\x96\x87\xe5\xad\x97", 4)) == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
