// Many texts in one call: in the order asked for, equal ones once, and as each of them would be alone.
#include "kernels/bert/ner_extractor.hpp"
#include "kernels/bert/text_groups.hpp"
#include "tests/kernels/bert/golden_ner.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace troupe;
using texts = std::vector<std::string_view>;
using numbers = std::vector<std::size_t>;

BOOST_AUTO_TEST_SUITE(bert_ner_extractor)

BOOST_AUTO_TEST_CASE(equal_texts_are_one_group) {
  const texts asked{"b", "a", "b", "", "a", "b", ""};
  const auto once = bert::group_texts(asked, bert::equal_texts::computed_once);
  BOOST_TEST((once.texts == texts{"b", "a", ""}));
  BOOST_TEST((once.group == numbers{0, 1, 0, 2, 1, 0, 2}));
  const std::vector<std::string> found{"B", "A", "E"};
  BOOST_TEST((once.hand_out(found) == std::vector<std::string>{"B", "A", "B", "E", "A", "B", "E"}));

  const auto each = bert::group_texts(asked, bert::equal_texts::each_computed);
  BOOST_TEST((each.texts == asked));
  BOOST_TEST((each.group == numbers{0, 1, 2, 3, 4, 5, 6}));
}

BOOST_AUTO_TEST_CASE(texts_differ_by_any_byte) {
  using namespace std::string_view_literals;
  const texts asked{"a"sv, "a "sv, "A"sv, "a\0"sv, "a\0b"sv};
  BOOST_TEST(bert::group_texts(asked, bert::equal_texts::computed_once).texts.size() ==
             asked.size());
}

/// Short, long, several windows long and repeated ones, in no order of length.
std::vector<std::string> mixed_texts() {
  std::vector<std::string> mixed;
  for (std::size_t i = 0; i < 60; ++i) {
    std::string text;
    for (std::size_t part = 0; part <= i * 7 % 11; ++part)
      text += "Passenger " + std::to_string(i % 23) + " is Priya Raman of Elm Street " +
              std::to_string(part) + ", Dover. ";
    if (i % 20 == 3)
      while (text.size() < 6'000)
        text += text;
    mixed.push_back(i % 13 == 5 ? "" : text);
  }
  return mixed;
}

BOOST_AUTO_TEST_CASE(a_text_has_the_same_entities_alone_and_among_others) {
  const auto model = test::pii_model();
  auto extractor = test::must(bert::ner_extractor::make(model));
  const auto mixed = mixed_texts();
  const texts asked{mixed.begin(), mixed.end()};
  BOOST_TEST_REQUIRE(bert::group_texts(asked, bert::equal_texts::computed_once).texts.size() <
                     asked.size());
  const auto once = test::must(extractor.extract(asked));
  const auto each =
      test::must(extractor.extract(asked, {.equal = bert::equal_texts::each_computed}));
  BOOST_REQUIRE(once.size() == asked.size());
  std::size_t entities = 0;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    BOOST_TEST_CONTEXT("text " << i) {
      const auto alone = test::must(extractor.extract(asked[i]));
      BOOST_TEST((once[i] == alone));
      BOOST_TEST((each[i] == alone));
      entities += alone.size();
    }
  }
  BOOST_TEST(entities > asked.size());
}

BOOST_AUTO_TEST_CASE(one_bad_text_fails_the_call) {
  auto extractor = test::must(bert::ner_extractor::make(test::pii_model()));
  const texts asked{"Tom", "\xFF", "Tom"};
  BOOST_TEST(!extractor.extract(asked).has_value());
  BOOST_TEST(test::must(extractor.extract(texts{})).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
