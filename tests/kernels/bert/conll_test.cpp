// Labelled corpora: what is read, and where a mistake is said to be.
#include "kernels/bert/conll.hpp"
#include "kernels/bert/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace troupe;

std::string describe(const std::vector<bert::corpus_sentence>& sentences) {
  std::string text;
  for (const auto& sentence : sentences) {
    text += std::to_string(sentence.document) + "@" + std::to_string(sentence.line);
    for (std::size_t i = 0; i < sentence.words.size(); ++i)
      text += " " + sentence.words[i] + "/" + sentence.tags[i];
    text += "; ";
  }
  return text;
}

BOOST_AUTO_TEST_SUITE(bert_conll)

BOOST_AUTO_TEST_CASE(sentences_and_documents_are_read) {
  struct {
    const char* bytes;
    const char* expected;
  } const cases[] = {
      {"Ann B-PER\nran O\n\nhome O\n", "0@1 Ann/B-PER ran/O; 0@4 home/O; "},
      {"Ann NNP B-NP B-PER", "0@1 Ann/B-PER; "},
      {"\xEF\xBB\xBF  Ann\t\tB-PER  \r\n\r\nran O\r\n", "0@1 Ann/B-PER; 0@3 ran/O; "},
      {"-DOCSTART- -X- O\n\na O\n\n-DOCSTART-\nb O\n-DOCSTART- O\n-DOCSTART- O\nc O\n",
       "0@3 a/O; 1@6 b/O; 2@9 c/O; "},
      {"\n\n\na O\n\n\n", "0@4 a/O; "},
      {"S\xC3\xA3o B-LOC\n", "0@1 S\xC3\xA3o/B-LOC; "},
  };
  for (const auto& [bytes, expected] : cases)
    BOOST_TEST(describe(test::must(bert::parse_conll(bytes, "f"))) == expected);
}

BOOST_AUTO_TEST_CASE(mistakes_are_named_with_their_line) {
  const std::string long_line = "a O\n" + std::string(bert::corpus_limits::line_bytes, 'x') + " O";
  std::string long_sentence;
  for (std::size_t i = 0; i <= bert::corpus_limits::sentence_words; ++i)
    long_sentence += "a O\n";
  const std::pair<std::string, std::string> cases[] = {
      {"", "f has no words; expected a word and its tag on each line"},
      {"\n-DOCSTART- O\n\n", "f has no words; expected a word and its tag on each line"},
      {"a O\nb\n", "f:2 has one column; expected a word, blanks, and its tag"},
      {"a O\n\nb PER\n",
       "f:3 ends in \"PER\", which is no tag; expected O, or B-, I-, E- or S- and a type"},
      {"a \xFF\n", "f:1 is not UTF-8; convert the file"},
      {long_line, "f:2 has more than 65536 bytes"},
      {long_sentence, "f:65537 is word 65537 of one sentence; separate sentences by empty lines"},
  };
  for (const auto& [bytes, expected] : cases) {
    const auto read = bert::parse_conll(bytes, "f");
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().code == bert::bert_errc::bad_corpus);
    BOOST_TEST(read.error().context == expected);
  }
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_named) {
  const test::temporary_folder folder;
  const auto read = bert::load_conll(folder.path() / "none.txt");
  BOOST_REQUIRE(!read);
  BOOST_TEST(read.error().code == bert::bert_errc::unreadable_file);
  BOOST_TEST(read.error().context.find("none.txt") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_scheme_shows_in_the_tags) {
  const std::pair<const char*, const char*> cases[] = {
      {"a O\n", "iob2"},          {"a B-X\nb I-X\n", "iob2"},  {"a B-X\nb B-X\n", "iob2"},
      {"a I-X\nb I-X\n", "iob1"}, {"a I-X\nb B-X\n", "iob1"},  {"a I-X\nb I-Y\n", "iob1"},
      {"a S-X\n", "iobes"},       {"a B-X\nb E-X\n", "iobes"},
  };
  for (const auto& [bytes, expected] : cases)
    BOOST_TEST(to_string(test::must(
                   bert::detect_scheme(test::must(bert::parse_conll(bytes, "f"))))) == expected);
  const auto mixed =
      bert::detect_scheme(test::must(bert::parse_conll("a O\nb I-X\nc O\n\nd B-X\n", "f")));
  BOOST_REQUIRE(!mixed);
  BOOST_TEST(mixed.error().context.find("on line 2 an I- begins") != std::string::npos);
  BOOST_TEST(mixed.error().context.find("on line 5 a B- does") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(other_schemes_are_respelled) {
  const std::pair<bert::tag_sequence, bert::tag_sequence> cases[] = {
      {{"I-X", "I-X", "B-X", "I-Y"}, {"B-X", "I-X", "B-X", "B-Y"}},
      {{"S-X", "O", "B-Y", "I-Y", "E-Y"}, {"B-X", "O", "B-Y", "I-Y", "I-Y"}},
      {{}, {}},
  };
  for (const auto& [tags, expected] : cases)
    BOOST_TEST(test::must(bert::to_iob2(tags)) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
