// The best path of labels against every path there is, and what entities come of it.
#include "kernels/bert/decode.hpp"
#include "kernels/bert/viterbi.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <rapidcheck.h>

using namespace troupe::bert;

namespace {

using path = std::vector<std::size_t>;
using matrix = std::vector<std::vector<float>>;

/// Two types with a B-, one without, one label without any prefix.
const label_set labels{{"O", "B-PER", "I-PER", "I-ORG", "I-LOC", "MISC", "B-LOC"}};

bool is_inside(const label_set& of, std::size_t label) {
  return of.name(label).starts_with("I-");
}

/// The rule in other words: whether I-X stands behind an X where the set has a B-X.
bool allowed(const label_set& of, const path& labels_of_words) {
  for (std::size_t i = 0; i < labels_of_words.size(); ++i) {
    const auto label = labels_of_words[i];
    if (!is_inside(of, label)) continue;
    const std::string begin = "B-" + std::string{of.tag(label)};
    bool has_begin = false;
    for (std::size_t other = 0; other < of.size(); ++other)
      has_begin |= of.name(other) == begin;
    if (!has_begin) continue;
    if (i == 0) return false;
    const auto& before = of.name(labels_of_words[i - 1]);
    if (before != begin && before != of.name(label)) return false;
  }
  return true;
}

double score(const matrix& rows, const path& labels_of_words) {
  double sum = 0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    sum += rows[i][labels_of_words[i]];
  return sum;
}

/// The highest score of any allowed path.
double best_score(const label_set& of, const matrix& rows) {
  path at(rows.size(), 0);
  double best = -std::numeric_limits<double>::infinity();
  for (;;) {
    if (allowed(of, at)) best = std::max(best, score(rows, at));
    std::size_t digit = 0;
    while (digit < at.size() && ++at[digit] == of.size())
      at[digit++] = 0;
    if (digit == at.size()) return best;
  }
}

path find_path(const label_set& of, const matrix& rows) {
  const std::vector<std::span<const float>> spans{rows.begin(), rows.end()};
  return best_path(spans, of);
}

/// Words "a b c ..." whose labels' logits the test writes.
std::vector<byte_span> decode(const matrix& rows) {
  std::string text;
  std::vector<decode_token> tokens;
  std::vector<float> logits;
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    text += "x ";
    tokens.push_back({"x", 2 * i, 2 * i + 1, false, false, static_cast<std::int32_t>(i)});
    logits.insert(logits.end(), rows[i].begin(), rows[i].end());
  }
  return decode_window(text, tokens, logits, labels, aggregation::viterbi).value();
}

} // namespace

BOOST_AUTO_TEST_SUITE(viterbi)

BOOST_AUTO_TEST_CASE(no_allowed_path_is_better) {
  BOOST_TEST(rc::check("best_path is the best of all paths", [] {
    const auto words = *rc::gen::inRange<std::size_t>(0, 5);
    // Few different values, so that ties are frequent.
    const auto value = rc::gen::map(rc::gen::inRange(-4, 5), [](int v) { return 0.5F * float(v); });
    const auto rows = *rc::gen::container<matrix>(
        words, rc::gen::container<std::vector<float>>(labels.size(), value));
    const auto found = find_path(labels, rows);
    RC_ASSERT(found.size() == rows.size());
    RC_ASSERT(allowed(labels, found));
    if (!rows.empty()) RC_ASSERT(score(rows, found) == best_score(labels, rows));
  }));
}

BOOST_AUTO_TEST_CASE(only_labels_with_a_begin_are_bound) {
  const label_set plain{{"O", "I-X", "Y"}};
  const matrix rows{{0, 3, 1}, {0, 3, 1}, {0, 1, 3}};
  BOOST_TEST(find_path(plain, rows) == (path{1, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(labels.only_after(0).empty());
  BOOST_TEST(labels.only_after(3).empty());
  BOOST_TEST(labels.only_after(2).size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_entity_begins_where_the_best_path_says) {
  // Each word by itself would be O, I-PER: the path makes it B-PER, I-PER.
  const auto spans = decode({{2.0F, 1.5F, 0, 0, 0, 0, 0}, {0, 0, 5, 0, 0, 0, 0}});
  BOOST_REQUIRE(spans.size() == 1U);
  BOOST_TEST(labels.name(spans[0].label) == "B-PER");
  BOOST_TEST(spans[0].start == 0U);
  BOOST_TEST(spans[0].end == 3U);
  // The mean of the chosen labels' own probabilities.
  const double first = std::exp(1.5) / (std::exp(2.0) + std::exp(1.5) + 5);
  const double second = std::exp(5.0) / (std::exp(5.0) + 6);
  BOOST_TEST(std::abs(spans[0].score - (first + second) / 2) < 1e-9);
}

BOOST_AUTO_TEST_CASE(a_word_counts_once_with_its_first_piece) {
  const std::string text = "Jim Henson";
  const std::vector<decode_token> tokens{{"[CLS]", 0, 0, true, false, -1},
                                         {"jim", 0, 3, false, false, 0},
                                         {"hen", 4, 7, false, false, 1},
                                         {"##son", 7, 10, false, false, 1}};
  const std::vector<float> logits{9, 0, 0, 0, 0, 0, 0, /**/ 0, 4, 0, 0, 0, 0, 0,
                                  0, 0, 4, 0, 0, 0, 0, /**/ 9, 0, 0, 0, 0, 0, 0};
  const auto spans = decode_window(text, tokens, logits, labels, aggregation::viterbi).value();
  BOOST_REQUIRE(spans.size() == 1U);
  BOOST_TEST(spans[0].end == 10U);
  BOOST_TEST(spans[0].word == "jim henson");
}

BOOST_AUTO_TEST_SUITE_END()
