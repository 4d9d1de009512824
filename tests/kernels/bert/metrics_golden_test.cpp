// Metrics against recorded reports of seqeval and scikit-learn, or of this implementation after it agreed with
// those (see tests/golden/metrics).
#include "kernels/bert/metrics.hpp"
#include "tests/support/files.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

namespace {

using namespace troupe;
using bert::tag_sequence;
using nlohmann::json;

std::filesystem::path cases_file() {
  return test::golden_folder() / "metrics" / "cases.jsonl";
}

boost::test_tools::assertion_result cases_exist(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result there{std::filesystem::exists(cases_file())};
  if (!there) {
    there.message() << "there is no " << cases_file();
    std::cout << "skipped: " << there.message().str() << "\n";
  }
  return there;
}

/// Python writes NaN, which is no JSON; it stands for null here.
json parse_line(std::string line) {
  for (std::size_t at = 0; (at = line.find(": NaN", at)) != std::string::npos;)
    line.replace(at, 5, ": null");
  for (std::size_t at = 0; (at = line.find(":NaN", at)) != std::string::npos;)
    line.replace(at, 4, ":null");
  return json::parse(line);
}

std::vector<json> cases() {
  std::vector<json> all;
  std::istringstream lines{test::read_file(cases_file())};
  for (std::string line; std::getline(lines, line);)
    all.push_back(parse_line(line));
  return all;
}

std::vector<tag_sequence> sentences_of(const json& list) {
  std::vector<tag_sequence> all;
  for (const std::string text : list) {
    std::istringstream words{text};
    all.emplace_back(std::istream_iterator<std::string>{words},
                     std::istream_iterator<std::string>{});
  }
  return all;
}

void check_figure(const char* name, double found, const json& expected) {
  if (expected.is_null())
    BOOST_TEST(std::isnan(found), name << " is " << found << " instead of NaN");
  else
    BOOST_TEST(std::abs(found - expected.get<double>()) <= 1e-12,
               name << " is " << found << " instead of " << expected);
}

void check_score(const std::string& name, const bert::score& found, const json& report) {
  BOOST_TEST_CONTEXT(name) {
    const json& expected = report.at(name);
    check_figure("precision", found.precision, expected.at("precision"));
    check_figure("recall", found.recall, expected.at("recall"));
    check_figure("f1", found.f1, expected.at("f1-score"));
    BOOST_TEST(static_cast<double>(found.support) == expected.at("support").get<double>());
  }
}

void check_report(const bert::metrics_report& found, const json& expected) {
  // Classes, micro or accuracy, macro, weighted.
  BOOST_TEST(found.classes.size() + 3 == expected.size());
  for (const auto& [name, value] : found.classes)
    check_score(name, value, expected);
  BOOST_TEST(found.accuracy.has_value() == expected.contains("accuracy"));
  if (found.accuracy)
    check_figure("accuracy", *found.accuracy, expected.at("accuracy"));
  else
    check_score("micro avg", found.micro, expected);
  check_score("macro avg", found.macro, expected);
  check_score("weighted avg", found.weighted, expected);
}

/// The golden files count words through all sentences, with one extra after each.
json all_entities(const std::vector<tag_sequence>& of) {
  json all = json::array();
  std::size_t offset = 0;
  for (const auto& tags : of) {
    for (const auto& [type, first, last] : test::must(bert::lenient_entities(tags)))
      all.push_back({type, first + offset, last + offset});
    offset += tags.size() + 1;
  }
  return all;
}

bert::tag_scheme scheme_of(const json& one) {
  const auto name = one.at("scheme").get<std::string>();
  return name == "IOB2"   ? bert::tag_scheme::iob2
         : name == "IOB1" ? bert::tag_scheme::iob1
                          : bert::tag_scheme::iobes;
}

void check_case(const json& one) {
  const auto truth = sentences_of(one.at("y_true")), predicted = sentences_of(one.at("y_pred"));
  const auto lenient = test::must(bert::entity_report(truth, predicted));
  const auto tokens = test::must(bert::token_report(truth, predicted));
  BOOST_TEST_CONTEXT("default") {
    check_report(lenient, one.at("default"));
  }
  BOOST_TEST_CONTEXT("strict") {
    check_report(test::must(bert::entity_report(truth, predicted, scheme_of(one))),
                 one.at("strict"));
  }
  BOOST_TEST_CONTEXT("token") {
    check_report(tokens, one.at("token"));
  }
  check_figure("accuracy", test::must(bert::token_accuracy(truth, predicted)), one.at("accuracy"));
  if (one.contains("entities_true")) {
    BOOST_TEST(all_entities(truth) == one.at("entities_true"));
    BOOST_TEST(all_entities(predicted) == one.at("entities_pred"));
  }
  BOOST_TEST(bert::to_text(tokens, 3) == one.at("token_text").get<std::string>());
  if (one.at("default_text").is_string())
    BOOST_TEST(bert::to_text(lenient, 3) == one.at("default_text").get<std::string>());
}

BOOST_AUTO_TEST_SUITE(bert_metrics_golden)

BOOST_AUTO_TEST_CASE(reports_are_those_of_the_reference_libraries,
                     *boost::unit_test::precondition(cases_exist)) {
  const auto all = cases();
  for (std::size_t i = 0; i < all.size(); ++i)
    BOOST_TEST_CONTEXT("line " << i + 1 << ", " << all[i].at("scheme") << " "
                               << all[i].at("name")) {
      check_case(all[i]);
    }
  BOOST_TEST(all.size() > 0U);
  std::cout << "metrics: " << all.size() << " cases\n";
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
