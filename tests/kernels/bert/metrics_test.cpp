// Metrics: what the recorded reports do not show, refusals above all.
#include "kernels/bert/errors.hpp"
#include "kernels/bert/metrics.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace troupe;
using bert::tag_sequence;
using sentences = std::vector<tag_sequence>;

BOOST_AUTO_TEST_SUITE(bert_metrics)

BOOST_AUTO_TEST_CASE(what_is_no_tag_is_refused_with_its_place) {
  for (const char* tag : {"", "X", "PER", "B_PER", "B-", "O-PER", "b-PER", "-"}) {
    const sentences good{{"O"}, {"O", "B-PER"}}, bad{{"O"}, {"O", tag}};
    const auto report = bert::entity_report(good, bad);
    BOOST_REQUIRE_MESSAGE(!report, "accepted \"" << tag << "\"");
    BOOST_TEST(report.error().code == bert::bert_errc::bad_tags);
    BOOST_TEST(report.error().context.starts_with("sentence 2: word 2 has the tag \""));
  }
}

BOOST_AUTO_TEST_CASE(a_scheme_takes_only_its_prefixes) {
  const tag_sequence tags{"B-PER", "E-PER"};
  BOOST_TEST(bert::lenient_entities(tags).has_value());
  BOOST_TEST(bert::strict_entities(tags, bert::tag_scheme::iobes).has_value());
  for (const auto scheme : {bert::tag_scheme::iob1, bert::tag_scheme::iob2})
    BOOST_TEST(bert::strict_entities(tags, scheme)
                   .error()
                   .context.starts_with("word 2 has the tag \"E-PER\""));
}

BOOST_AUTO_TEST_CASE(shapes_must_agree) {
  const sentences two{{"O"}, {"O", "O"}}, one{{"O"}}, shorter{{"O"}, {"O"}};
  for (const auto& other : {one, shorter}) {
    BOOST_TEST(bert::entity_report(two, other).error().code == bert::bert_errc::bad_tags);
    BOOST_TEST(bert::token_report(two, other).error().code == bert::bert_errc::bad_tags);
  }
  BOOST_TEST(bert::token_report(two, shorter).error().context ==
             "sentence 2 has 2 true tags but 1 predicted ones");
}

BOOST_AUTO_TEST_CASE(listed_tags_keep_their_order_and_decide_about_accuracy) {
  const sentences truth{{"B-PER", "I-PER", "O"}}, predicted{{"B-PER", "O", "O"}};
  const std::vector<std::string> all{"I-PER", "B-PER", "B-LOC", "O"}, some{"I-PER", "B-PER"};
  const auto whole = test::must(bert::token_report(truth, predicted, all));
  BOOST_TEST(whole.classes.size() == 4U);
  BOOST_TEST(whole.classes[2].value.support == 0U);
  BOOST_REQUIRE(whole.accuracy.has_value());
  BOOST_TEST(*whole.accuracy == 2.0 / 3);
  const auto part = test::must(bert::token_report(truth, predicted, some));
  BOOST_TEST(!part.accuracy.has_value());
  BOOST_TEST(part.micro.recall == 0.5);
  BOOST_TEST(part.micro.precision == 1.0);
  BOOST_TEST(bert::to_text(part, 1) == "              precision    recall  f1-score   support\n\n"
                                       "       I-PER        0.0       0.0       0.0         1\n"
                                       "       B-PER        1.0       1.0       1.0         1\n\n"
                                       "   micro avg        1.0       0.5       0.7         2\n"
                                       "   macro avg        0.5       0.5       0.5         2\n"
                                       "weighted avg        0.5       0.5       0.5         2\n");
}

BOOST_AUTO_TEST_CASE(nothing_at_all_has_figures_too) {
  const auto report = test::must(bert::entity_report({}, {}));
  BOOST_TEST(report.micro.f1 == 0);
  BOOST_TEST(test::must(bert::token_accuracy({}, {})) == 0);
  BOOST_TEST(bert::to_text(report).find("nan") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(names_of_schemes_go_both_ways) {
  for (auto scheme : {bert::tag_scheme::iob2, bert::tag_scheme::iob1, bert::tag_scheme::iobes})
    BOOST_TEST((test::must(bert::parse_tag_scheme(to_string(scheme))) == scheme));
  BOOST_TEST(bert::parse_tag_scheme("bio").error().code == bert::bert_errc::bad_options);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
