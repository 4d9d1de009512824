// The path for ASCII words against the general one: random text over what is easily missed, all options.
#include "tests/kernels/text/two_paths.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

using namespace troupe;
using test::two_paths;

namespace {

/// All options, with a vocabulary in which most words are known, and with one in which many are not.
const std::vector<two_paths>& tokenizers() {
  static const std::vector<two_paths> made = [] {
    std::u32string most;
    for (char32_t c = 0x21; c < 0x600; ++c)
      most += c;
    std::vector<two_paths> out;
    for (const auto& options : test::all_options()) {
      out.emplace_back(test::pieces_of(most), options);
      out.emplace_back(test::pieces_of(U"abc,.[]#"), options);
    }
    return out;
  }();
  return made;
}

rc::Gen<std::string> code_point_between(char32_t first, char32_t last) {
  return rc::gen::map(rc::gen::inRange<char32_t>(first, last), [](char32_t c) {
    char bytes[4];
    return std::string{bytes, text::encode_utf8(c, bytes)};
  });
}

rc::Gen<std::string> run_of(const char* bytes, std::size_t least, std::size_t most) {
  return rc::gen::mapcat(rc::gen::inRange(least, most + 1), [bytes](std::size_t size) {
    return rc::gen::container<std::string>(size, rc::gen::elementOf(std::string{bytes}));
  });
}

rc::Gen<std::string> hostile_part() {
  return rc::gen::weightedOneOf<std::string>({
      {12, run_of("abcABC", 1, 9)},
      {4, run_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 1, 12)},
      {12, rc::gen::element<std::string>(" ", " ", " ", "  ", "\n", "\t ", "\r\n", ", ", ". ")},
      {3, run_of("abc", 13, 18)},
      {1, run_of("abcA", 97, 102)},
      {2, run_of(" ", 1, 130)},
      {2, rc::gen::element<std::string>("hello", "Unknowns", "WORLD", "aaaaaaaaaaaaaaa",
                                        "abababababababa", "2026", "zzz", "abcabcabcabcabc")},
      {2,
       rc::gen::element<std::string>("[MASK]", "[MASK", "[CLS][SEP]", "x[UNK]y", "[mask]", "hel")},
      {4, run_of("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", 1, 3)},
      {2, rc::gen::map(rc::gen::inRange(0, 256),
                       [](int byte) { return std::string(1, static_cast<char>(byte)); })},
      {1, code_point_between(0x80, 0x600)},
      {1, code_point_between(0x300, 0x370)},
      {1, code_point_between(0x4E00, 0x9FFF)},
      {1, code_point_between(0xAC00, 0xD7A4)},
      {1, code_point_between(0x1D150, 0x1D1C0)},
      {1, rc::gen::element<std::string>("\u0130", "\u00AD", "\u200B", "\uFFFD", "e\u0301", "\u00E9",
                                        "\u00DF", "\u3000", "\u1B44", "\u034F")},
  });
}

rc::Gen<std::string> hostile_text() {
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, 80), [](std::size_t parts) {
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(parts, hostile_part()),
                        [](const std::vector<std::string>& list) {
                          std::string out;
                          for (const auto& each : list)
                            out += each;
                          return out;
                        });
  });
}

/// Any instruction set of this processor.
rc::Gen<std::int64_t> any_instructions() {
  return rc::gen::elementOf(hwy::SupportedAndGeneratedTargets());
}

} // namespace

BOOST_AUTO_TEST_SUITE(two_paths_properties)

RC_BOOST_PROP(a_text_has_the_same_tokens, ()) {
  const test::only_instructions used{*any_instructions()};
  const auto text = *hostile_text();
  for (const auto& [fast, general] : tokenizers())
    RC_ASSERT(test::equal(fast.encode(text), general.encode(text)));
}

RC_BOOST_PROP(so_have_windows, ()) {
  const test::only_instructions used{*any_instructions()};
  const auto text = *hostile_text();
  const auto max_length = *rc::gen::inRange<std::size_t>(3, 70);
  const auto stride = *rc::gen::inRange<std::size_t>(0, max_length - 2);
  for (const auto& [fast, general] : tokenizers()) {
    const auto ours = fast.encode_windows(text, max_length, stride);
    const auto theirs = general.encode_windows(text, max_length, stride);
    RC_ASSERT(ours && theirs && ours->size() == theirs->size());
    for (std::size_t i = 0; i < ours->size(); ++i)
      RC_ASSERT(test::equal((*ours)[i], (*theirs)[i]));
  }
}

RC_BOOST_PROP(so_have_words, ()) {
  const test::only_instructions used{*any_instructions()};
  const auto words =
      *rc::gen::resize(20, rc::gen::container<std::vector<std::string>>(hostile_text()));
  for (const auto& [fast, general] : tokenizers())
    RC_ASSERT(test::equal(fast.encode_words(words), general.encode_words(words)));
}

RC_BOOST_PROP(any_vocabulary_cuts_words_the_same, ()) {
  auto pieces = test::special_pieces();
  const auto short_ones = rc::gen::container<std::vector<std::string>>(run_of("ab", 1, 5));
  for (const auto& piece : *short_ones)
    pieces.push_back(piece);
  for (const auto& piece : *short_ones)
    pieces.push_back("##" + piece);
  const two_paths both{pieces, {}};
  const auto words = *rc::gen::container<std::vector<std::string>>(run_of("ab", 1, 20));
  std::size_t known = 0;
  for (const auto& word : words) {
    const auto tokens = both.fast.encode(word);
    RC_ASSERT(test::equal(tokens, both.general.encode(word)));
    known += tokens.size() > 3;
  }
  RC_CLASSIFY(known > 0, "words of several pieces");
}

RC_BOOST_PROP(what_was_in_an_encoding_does_not_matter, ()) {
  const auto texts = *rc::gen::container<std::vector<std::string>>(hostile_text());
  text::encoding tokens;
  for (const auto& text : texts) {
    const auto& each = tokenizers()[text.size() % tokenizers().size()];
    each.fast.encode_into(text, tokens);
    RC_ASSERT(test::equal(tokens, each.general.encode(text)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
