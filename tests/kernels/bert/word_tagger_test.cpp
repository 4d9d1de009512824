// Labels of words against the pipeline's labels of pieces, and texts in one window against texts in several.
#include "kernels/bert/ner_extractor.hpp"
#include "kernels/bert/word_tagger.hpp"
#include "tests/kernels/bert/golden_ner.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace troupe;
using words = bert::word_tagger::words;

/// The last word has no pieces; some have several.
const words sentence{"Mail",    "Priyanka", "Featherstonehaugh", "at",     "priya@example.org",
                     "or",      "call",     "(212)555-0199",     "before", "noon",
                     "\xC2\xAD"};

std::vector<std::string> tag(const std::vector<words>& texts, std::size_t which,
                             const bert::window_options& windows = {}) {
  const auto model = test::pii_model();
  auto tagger = test::must(bert::word_tagger::make(model));
  const auto tagged = test::must(tagger.tag(texts, windows));
  BOOST_REQUIRE(tagged.size() == texts.size());
  std::vector<std::string> names;
  for (const auto& label : tagged[which])
    names.push_back(label ? model->labels().name(*label) : "nothing");
  return names;
}

/// What the pipeline says of each word's first piece.
std::vector<std::string> expected_labels() {
  const auto model = test::pii_model();
  auto extractor = test::must(bert::ner_extractor::make(model));
  const std::vector<bert::prepared_text> texts{test::must(model->prepare_words(sentence))};
  const auto found = test::must(extractor.run(texts, bert::aggregation::none));
  std::vector<std::string> names;
  std::uint32_t start = 0;
  for (const std::string& word : sentence) {
    std::string name = "O";
    for (const auto& span : found[0])
      if (span.start_byte == start) name = span.label;
    names.push_back(name);
    start += static_cast<std::uint32_t>(word.size()) + 1;
  }
  names.back() = "nothing";
  return names;
}

BOOST_AUTO_TEST_SUITE(bert_word_tagger)

BOOST_AUTO_TEST_CASE(a_word_has_the_label_of_its_first_piece) {
  const auto expected = expected_labels();
  BOOST_TEST(std::count(expected.begin(), expected.end(), "O") < 8);
  BOOST_TEST(tag({sentence}, 0) == expected, boost::test_tools::per_element());
  const std::vector<words> several{{"Oslo"}, {}, sentence, {"\xC2\xAD"}};
  BOOST_TEST(tag(several, 2) == expected, boost::test_tools::per_element());
  BOOST_TEST(tag(several, 1).empty());
  BOOST_TEST(tag(several, 3) == std::vector<std::string>{"nothing"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_word_of_a_long_text_is_labelled_once) {
  // Far more pieces than a window has room for, with every word cut by some window's edge.
  words text;
  for (int i = 0; i < 8; ++i)
    text.insert(text.end(), sentence.begin(), sentence.end() - 1);
  for (const std::size_t length : {24U, 31U})
    for (const std::size_t stride : {0U, 7U, 17U}) {
      const auto labels = tag({text}, 0, {length, stride});
      BOOST_TEST(labels.size() == text.size());
      BOOST_TEST(std::count(labels.begin(), labels.end(), "nothing") == 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
