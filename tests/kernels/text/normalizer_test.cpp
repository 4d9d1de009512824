#include "kernels/text/normalizer.hpp"
#include "kernels/text/word_shape.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

using namespace troupe::text;

namespace troupe::text {

static std::ostream& operator<<(std::ostream& out, const normalized_char& c) {
  return out << "U+" << std::hex << static_cast<unsigned>(c.code_point) << std::dec << '['
             << c.source.start << ',' << c.source.end << ')';
}

} // namespace troupe::text

namespace {

constexpr normalizer_options uncased{}, cased{.lowercase = false, .strip_accents = false},
    lower_only{.strip_accents = false}, strip_only{.lowercase = false}, no_cjk{.split_cjk = false};

struct normalize_case {
  const char* what;
  std::string text;
  normalizer_options options;
  std::vector<normalized_char> want;
};

const normalize_case normalize_cases[] = {
    {"lower and strip", "\u00C9a", uncased, {{U'e', {0, 2}}, {U'a', {2, 3}}}},
    {"lower only", "\u00C9", lower_only, {{0xE9, {0, 2}}}},
    {"strip only", "\u00C9", strip_only, {{U'E', {0, 2}}}},
    {"neither", "\u00C9", cased, {{0xC9, {0, 2}}}},
    {"a combining accent goes, its letter keeps its bytes",
     "e\u0301x",
     uncased,
     {{U'e', {0, 1}}, {U'x', {3, 4}}}},
    {"U+0130 expands where accents stay", "\u0130", lower_only, {{U'i', {0, 2}}, {0x307, {0, 2}}}},
    {"U+0130 where they do not", "\u0130", uncased, {{U'i', {0, 2}}}},
    {"capital sigma is never final", "\u039F\u03A3", uncased, {{0x3BF, {0, 2}}, {0x3C3, {2, 4}}}},
    {"a syllable's jamo share its bytes",
     "\uAC01",
     uncased,
     {{0x1100, {0, 3}}, {0x1161, {0, 3}}, {0x11A8, {0, 3}}}},
    {"a syllable stays whole", "\uAC01", cased, {{0xAC01, {0, 3}}}},
    {"CJK in spaces", "\u4E2D", uncased, {{U' ', {0, 3}}, {0x4E2D, {0, 3}}, {U' ', {0, 3}}}},
    {"CJK without", "\u4E2D", no_cjk, {{0x4E2D, {0, 3}}}},
    {"compatibility ideograph",
     "\uF900",
     uncased,
     {{U' ', {0, 3}}, {0x8C48, {0, 3}}, {U' ', {0, 3}}}},
    {"controls vanish, tabs become spaces",
     "a\x01\tb",
     uncased,
     {{U'a', {0, 1}}, {U' ', {2, 3}}, {U'b', {3, 4}}}},
    {"malformed bytes vanish",
     "a\xFF"
     "b",
     uncased,
     {{U'a', {0, 1}}, {U'b', {2, 3}}}},
    // U+1D15E is U+1D157 U+1D165 (class 216, not stripped); U+1B44 (class 9) goes before U+1D165, and as in the reference
    // the ranges stay behind: the second mark shares the one taken before it.
    {"marks that stay are sorted",
     "\U0001D15E\u1B44",
     uncased,
     {{0x1D157, {0, 4}}, {0x1B44, {4, 7}}, {0x1D165, {4, 7}}}},
    {"but not when accents stay", "\u302E\u1B44", lower_only, {{0x302E, {0, 3}}, {0x1B44, {3, 6}}}},
    {"stripped marks take their places along",
     "a\u0301\u1B44",
     uncased,
     {{U'a', {0, 1}}, {0x1B44, {1, 3}}}},
    {"a run without starter", "\u302E\u1B44", uncased, {{0x1B44, {0, 3}}, {0x302E, {3, 6}}}},
    {"removed characters do not end a run",
     "\u302E\u00AD\u1B44",
     uncased,
     {{0x1B44, {0, 3}}, {0x302E, {5, 8}}}},
    {"a mark of class 0 does", "\u302E\u034F\u1B44", uncased, {{0x302E, {0, 3}}, {0x1B44, {5, 8}}}},
};

struct shape_case {
  const char* word;
  word_shape want;
};

const shape_case shape_cases[] = {
    {"", word_shape::no_upper},
    {"paris", word_shape::no_upper},
    {"1996", word_shape::no_upper},
    {"Paris", word_shape::initial},
    {"A", word_shape::initial},
    {"\u00C9tat", word_shape::initial},
    {"EU", word_shape::all_upper},
    {"B2B", word_shape::all_upper},
    {"\u0416\u0416", word_shape::all_upper},
    {"McDonald", word_shape::mixed},
    {"iPhone", word_shape::mixed},
    {"1A", word_shape::mixed},
    {"AB\u00DF", word_shape::mixed},
    {"\u01C5", word_shape::initial}, // a title-case letter has a lower case
    {"\u4E2D", word_shape::no_upper},
};

/// FNV-1a over the code points of a normalised text, whether they stand alone, and their ranges.
class fingerprint {
public:
  void put(char32_t code_point, const char_record& record, byte_range range) {
    add(std::uint64_t{code_point} << 1 | record.has(char_flag::punctuation));
    add(std::uint64_t{range.start} << 32 | range.end);
  }
  void space(byte_range range) { put(U' ', {}, range); }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

private:
  void add(std::uint64_t value) {
    for (int i = 0; i < 8; ++i)
      hash_ = (hash_ ^ (value >> (8 * i) & 0xFF)) * 0x100000001B3u;
  }

  std::uint64_t hash_ = 0xCBF29CE484222325u;
};

/// What becomes of every code point between two letters.
std::uint64_t fingerprint_of_all(normalizer_options options) {
  const normalizer rules{options};
  fingerprint out;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    char text[6] = {'a'};
    const std::size_t size = encode_utf8(c, text + 1);
    text[1 + size] = 'b';
    rules.run({text, size + 2}, 0, size + 2, out);
  }
  return out.value();
}

} // namespace

BOOST_AUTO_TEST_SUITE(normalizing)

// Guards the generated tables where the reference's own (large) tables are not at hand. The values were taken when every
// code point agreed with the reference library in all combinations; see codepoint_golden_test.cpp and differential.py.
BOOST_AUTO_TEST_CASE(character_data_is_what_was_checked_against_the_reference) {
  BOOST_TEST(fingerprint_of_all(uncased) == 15213163531786630510u);
  BOOST_TEST(fingerprint_of_all(cased) == 5785449458925173311u);
  BOOST_TEST(fingerprint_of_all(lower_only) == 12722796697474594856u);
  BOOST_TEST(fingerprint_of_all(strip_only) == 10612290466426546424u);
}

BOOST_AUTO_TEST_CASE(keeps_source_ranges) {
  for (const auto& each : normalize_cases) {
    BOOST_TEST_CONTEXT(each.what) {
      BOOST_TEST(normalize(each.text, each.options) == each.want, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(cases_are_those_of_the_model) {
  std::istringstream in{
      troupe::test::read_file(troupe::test::source_folder() / "models/ner-default/word_shape.tsv")};
  std::vector<char> kinds(0x110000, ' ');
  for (std::string line; std::getline(in, line);) {
    std::istringstream row{line};
    std::uint32_t first = 0, last = 0;
    char kind = ' ';
    if (line.starts_with('#') || !(row >> std::hex >> first >> last >> kind)) continue;
    for (std::uint32_t c = first; c <= last; ++c)
      kinds.at(c) = kind;
  }
  std::size_t wrong = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    const char_record& record = char_table::instance()[c];
    wrong += record.has(char_flag::upper) != (kinds[c] == 'U') ||
             record.has(char_flag::lower) != (kinds[c] == 'l');
  }
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(shapes_of_words) {
  for (const auto& each : shape_cases) {
    BOOST_TEST_CONTEXT(each.word) {
      BOOST_TEST(static_cast<int>(shape_of(each.word)) == static_cast<int>(each.want));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
