// The path for ASCII words against the general one, where it can be gone through exhaustively.
#include "kernels/text/defaults.hpp"
#include "tests/kernels/text/two_paths.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace troupe;
using test::two_paths;

namespace {

constexpr std::u32string_view some_letters = U"abcdxyz0189.,!#[]\u00E9\u0301";

const auto instruction_sets = boost::unit_test::data::make(hwy::SupportedAndGeneratedTargets());

/// The number of texts whose tokens differ.
class comparison {
public:
  explicit comparison(const two_paths& of) : of_{of} {}

  void add(const std::string& text) {
    ++total_;
    if (!test::equal(of_.fast.encode(text), of_.general.encode(text)) && ++wrong_ <= 5)
      BOOST_TEST_MESSAGE("differs: " << text);
  }
  ~comparison() {
    BOOST_TEST(wrong_ == 0u);
    BOOST_TEST(total_ > 0u);
  }

private:
  const two_paths& of_;
  std::size_t total_ = 0, wrong_ = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(two_paths_exhaustively)

BOOST_AUTO_TEST_CASE(every_pair_of_bytes_inside_a_word) {
  const two_paths both{test::pieces_of(some_letters), {}};
  comparison compare{both};
  for (int first = 0; first < 256; ++first)
    for (int second = 0; second < 256; ++second)
      compare.add("ab" + std::string{static_cast<char>(first), static_cast<char>(second)} + "cd");
}

BOOST_DATA_TEST_CASE(every_byte_beside_words_and_alone, instruction_sets, target) {
  const test::only_instructions used{target};
  const two_paths both{test::pieces_of(some_letters), {}};
  comparison compare{both};
  for (int value = 0; value < 256; ++value) {
    const std::string byte(1, static_cast<char>(value));
    for (const std::string& text :
         {byte, byte + "ab", "ab" + byte, "ab " + byte + " cd", "ab" + byte + "cd"})
      compare.add(text);
  }
}

BOOST_DATA_TEST_CASE(every_place_of_a_word_in_a_text_of_every_size, instruction_sets, target) {
  const test::only_instructions used{target};
  for (const std::size_t choice : {7, 8}) { // uncased, and cased with word shapes
    const two_paths both{test::pieces_of(some_letters), test::all_options()[choice]};
    comparison compare{both};
    for (std::size_t before = 0; before <= 140; ++before) {
      for (const std::size_t size :
           {1, 2, 7, 8, 9, 14, 15, 16, 17, 31, 32, 47, 48, 49, 99, 100, 101}) {
        const std::string word(size, 'a');
        compare.add(std::string(before, ' ') + word);
        compare.add(std::string(before, ' ') + word + ".");
        std::string words;
        while (words.size() < before)
          words += "Ab cd,";
        compare.add(words + word + "\u00E9 ab");
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(words_of_every_number_of_pieces) {
  const two_paths both{test::pieces_of(U"xyz"), {}};
  comparison compare{both};
  for (std::size_t pieces = 1; pieces <= 110; ++pieces) {
    const std::string word(pieces, 'x');
    compare.add(word + " " + word + " y" + word);
    compare.add(word + "q ab"); // unknown
  }
}

/// Where the pieces that are certain pile up: most of what the links of a vocabulary may need, and more.
BOOST_AUTO_TEST_CASE(words_that_turn_out_late_to_be_none_of_the_long_pieces) {
  for (const std::size_t longest : {3, 40, 99}) {
    auto pieces = test::special_pieces();
    for (const char* piece : {"a", "##a", "##b"})
      pieces.emplace_back(piece);
    for (std::size_t size = 2; size <= longest; size += 7) {
      pieces.push_back(std::string(size, 'a') + "b");
      pieces.push_back("##" + std::string(size, 'a') + "bb");
    }
    const two_paths both{pieces, {}};
    comparison compare{both};
    for (std::size_t size = 1; size <= 100; ++size) {
      const std::string word(size, 'a');
      for (const char* end : {"", "b", "bb", "bbb", "c", "ba", "bab"})
        compare.add(word + end + " " + word + end + word);
    }
  }
}

BOOST_AUTO_TEST_CASE(more_tokens_than_are_handed_on_at_once) {
  const two_paths both{test::pieces_of(U"xyz,"), {}};
  comparison compare{both};
  std::string text;
  for (std::size_t i = 0; i < 700; ++i) {
    text += i % 5 == 0 ? "xxxxxxxx, " : i % 3 == 0 ? "hello " : "\u00E9 ";
    compare.add(text);
  }
}

BOOST_AUTO_TEST_CASE(two_tokenizers_of_a_thread_do_not_mix_up_their_words) {
  auto others = test::pieces_of(U"abc");
  std::rotate(others.begin() + 5, others.begin() + 9, others.end());
  const two_paths first{test::pieces_of(U"abc"), {}}, second{others, {}};
  comparison compare_first{first}, compare_second{second};
  for (const char* text : {"abcba cbabc unknowns", "cbabc abcba", "unknowns abab", "abcba"}) {
    compare_first.add(text);
    compare_second.add(text);
  }
  BOOST_TEST(first.fast.encode("abcba").token_ids != second.fast.encode("abcba").token_ids);
}

BOOST_AUTO_TEST_CASE(more_words_than_are_remembered) {
  const two_paths both{test::pieces_of(U"abcdefghijklmnopqrstuvwxyz"), {}};
  comparison compare{both};
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t number = 0; number < 3 * text::defaults::cached_words; number += 7) {
      std::string words;
      for (std::size_t i = number; i < number + 7; ++i) {
        for (std::size_t rest = i + 26; rest > 0; rest /= 26)
          words += static_cast<char>('a' + rest % 26);
        words += ' ';
      }
      compare.add(words);
    }
  }
}

BOOST_AUTO_TEST_CASE(more_words_in_the_vocabulary_than_are_looked_up_whole) {
  auto pieces = test::special_pieces();
  const std::size_t count = text::defaults::max_whole_words + 1000;
  for (std::size_t i = 0; i < count; ++i)
    pieces.push_back("w" + std::to_string(i));
  const two_paths both{pieces, {}};
  comparison compare{both};
  for (std::size_t i = 0; i < count; i += 64) {
    std::string words;
    for (std::size_t j = i; j < i + 64; ++j)
      words += "w" + std::to_string(j) + ' ';
    compare.add(words);
  }
  const auto last = both.fast.encode("w" + std::to_string(count - 1));
  BOOST_TEST(last.token_ids.at(1) == static_cast<std::int32_t>(pieces.size() - 1));
}

BOOST_AUTO_TEST_SUITE_END()
