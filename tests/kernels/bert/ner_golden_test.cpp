// The whole way from text to entities against recorded outputs of the Hugging Face pipeline, in
// fp32. Files that the golden folder lacks are skipped visibly.
#include "tests/kernels/bert/golden_ner.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <iostream>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr double score_tolerance = 1e-5;
constexpr double logit_tolerance = 2e-4;

/// Skips a case whose file is not in the golden folder.
struct has {
  std::string name;
  boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
    boost::test_tools::assertion_result there{
        std::filesystem::exists(golden_folder() / "ner" / name)};
    if (!there) {
      there.message() << "there is no ner/" << name << " in " << golden_folder();
      std::cout << "skipped: " << there.message().str() << "\n";
    }
    return there;
  }
};

auto needs(const std::string& name) {
  return boost::unit_test::precondition(has{name});
}

/// Decodes every line in every way that it has expected entities for, and reports.
template <class Prepare>
void check_lines(const std::string& file, Prepare prepare) {
  classifier run{pii_model()};
  std::size_t texts = 0, outputs = 0, entities = 0;
  double largest = 0;
  for (const auto& line : golden_ner_lines(file)) {
    const classified text = run.classify(prepare(line));
    BOOST_TEST_CONTEXT(file << " line " << texts << ": " << text.prepared.text) {
      if (line.contains("windows"))
        BOOST_TEST(text.logits.size() == line["windows"].get<std::size_t>());
      for (const auto& [name, how] : aggregations) {
        if (!line.contains(name)) continue;
        const auto spans = run.decode(text, how);
        const auto wrong = difference(spans, line[name], how, score_tolerance, largest);
        BOOST_TEST(wrong == "", name << ": " << wrong);
        ++outputs;
        entities += spans.size();
      }
    }
    ++texts;
  }
  BOOST_TEST(texts > 0U);
  BOOST_TEST(outputs >= 4 * texts);
  std::cout << file << ": " << texts << " texts, " << outputs << " outputs, " << entities
            << " entities, largest score difference " << largest << "\n";
}

std::string text_of(const nlohmann::json& line) {
  return line.at("text").get_ref<const std::string&>();
}

} // namespace

BOOST_AUTO_TEST_SUITE(ner_golden)

BOOST_AUTO_TEST_CASE(texts, *needs("pipeline.jsonl")) {
  std::string text; // outlives what is prepared from it
  check_lines("pipeline.jsonl", [&](const auto& line) {
    text = text_of(line);
    return pii_model()->prepare(text);
  });
}

BOOST_AUTO_TEST_CASE(words, *needs("presplit.jsonl")) {
  check_lines("presplit.jsonl", [](const auto& line) {
    return pii_model()->prepare_words(line.at("words").template get<std::vector<std::string>>());
  });
}

BOOST_AUTO_TEST_CASE(windows, *needs("stride.jsonl")) {
  std::string text;
  check_lines("stride.jsonl", [&](const auto& line) {
    text = text_of(line);
    return pii_model()->prepare(text, {line.at("model_max_length").template get<std::size_t>(),
                                       line.at("stride").template get<std::size_t>()});
  });
}

BOOST_AUTO_TEST_CASE(logits, *needs("logits.safetensors") * needs("pipeline.jsonl")) {
  const auto expected = read_float_tensors(golden_folder() / "ner" / "logits.safetensors");
  const auto lines = golden_ner_lines("pipeline.jsonl");
  classifier run{pii_model()};
  double largest = 0;
  std::size_t compared = 0;
  for (const auto& [name, values] : expected) {
    const std::string text = text_of(lines.at(std::stoul(name)));
    BOOST_TEST_CONTEXT(name << ": " << text) {
      const auto ours = run.classify(pii_model()->prepare(text)).logits;
      // A text without pieces has only [CLS] and [SEP], which are not run.
      if (ours.empty()) continue;
      BOOST_REQUIRE(ours[0].size() == values.size());
      double apart = 0;
      for (std::size_t i = 0; i < values.size(); ++i)
        apart = std::max(apart, static_cast<double>(std::abs(ours[0][i] - values[i])));
      BOOST_TEST(apart <= logit_tolerance);
      largest = std::max(largest, apart);
      ++compared;
    }
  }
  BOOST_TEST(compared > 0U);
  std::cout << "logits.safetensors: " << compared << " texts, largest difference " << largest
            << "\n";
}

/// Decoding alone: from the reference's own logits.
BOOST_AUTO_TEST_CASE(decoding, *needs("logits.safetensors") * needs("pipeline.jsonl")) {
  const auto expected = read_float_tensors(golden_folder() / "ner" / "logits.safetensors");
  const auto lines = golden_ner_lines("pipeline.jsonl");
  double largest = 0;
  for (const auto& [name, values] : expected) {
    const auto& line = lines.at(std::stoul(name));
    const std::string text = text_of(line);
    const auto prepared = pii_model()->prepare(text);
    BOOST_REQUIRE(prepared);
    if (prepared->windows.empty()) continue;
    for (const auto& [aggregation, how] : aggregations) {
      auto spans = pii_model()->collect(*prepared, how);
      BOOST_REQUIRE(pii_model()->decode(*prepared, 0, values, spans));
      const auto wrong = difference(spans.finish(), line[aggregation], how, 1e-6, largest);
      BOOST_TEST(wrong == "", name << " " << aggregation << ": " << wrong);
    }
  }
  std::cout << "decoding reference logits: largest score difference " << largest << "\n";
}

BOOST_AUTO_TEST_SUITE_END()
