#include "kernels/bert/decode.hpp"
#include "kernels/bert/errors.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <sstream>

using namespace troupe::bert;

namespace {

const label_set conll_labels{{"O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC"}};

/// Tokens of one text with the probability of their best label; the rest is spread evenly.
struct sentence {
  std::string text;
  std::vector<decode_token> tokens{};
  std::vector<float> logits{};

  sentence& special() { return add({"[CLS]", 0, 0, true, false}, 0, 0.99); }
  sentence& piece(std::string_view piece, std::uint32_t start, std::uint32_t end, std::size_t label,
                  double probability, std::int32_t word = -1) {
    return add({piece, start, end, false, piece == "[UNK]", word}, label, probability);
  }
  sentence& add(decode_token token, std::size_t label, double probability) {
    tokens.push_back(token);
    const double rest = (1 - probability) / static_cast<double>(conll_labels.size() - 1);
    for (std::size_t i = 0; i < conll_labels.size(); ++i)
      logits.push_back(static_cast<float>(std::log(i == label ? probability : rest)));
    return *this;
  }
  [[nodiscard]] std::vector<byte_span> decode(const decode_options& how) const {
    auto spans = decode_window(text, tokens, logits, conll_labels, how);
    BOOST_REQUIRE_MESSAGE(spans, (spans ? "" : spans.error().message()));
    return *spans;
  }
};

std::string describe(const std::vector<byte_span>& spans) {
  std::ostringstream out;
  for (const auto& span : spans) {
    out << conll_labels.tag(span.label) << ' ' << span.start << '-' << span.end << " '" << span.word
        << "' " << std::lround(span.score * 100);
    if (span.index >= 0) out << '@' << span.index;
    out << "; ";
  }
  return out.str();
}

// "Jim Henson won": jim | hen ##son | won
sentence jim() {
  sentence made{"Jim Henson won"};
  made.special();
  made.piece("jim", 0, 3, 1, 0.9).piece("hen", 4, 7, 2, 0.6).piece("##son", 7, 10, 4, 0.8);
  made.piece("won", 11, 14, 0, 0.9).special();
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(decoding)

BOOST_AUTO_TEST_CASE(each_aggregation_treats_a_divided_word_its_own_way) {
  const sentence text = jim();
  BOOST_TEST(describe(text.decode(aggregation::none)) ==
             "PER 0-3 'jim' 90@1; PER 4-7 'hen' 60@2; LOC 7-10 '##son' 80@3; ");
  BOOST_TEST(describe(text.decode(aggregation::simple)) ==
             "PER 0-7 'jim hen' 75; LOC 7-10 '##son' 80; ");
  BOOST_TEST(describe(text.decode(aggregation::first)) == "PER 0-10 'jim henson' 75; ");
  BOOST_TEST(describe(text.decode(aggregation::max)) == "PER 0-3 'jim' 90; LOC 4-10 'henson' 80; ");
  // I-LOC: (0.08 + 0.8) / 2 = 0.44 beats I-PER: (0.6 + 0.04) / 2 = 0.32.
  BOOST_TEST(describe(text.decode(aggregation::average)) ==
             "PER 0-3 'jim' 90; LOC 4-10 'henson' 44; ");
}

BOOST_AUTO_TEST_CASE(groups_follow_the_labels_prefixes) {
  struct {
    std::vector<std::size_t> of_pieces;
    const char* expected;
  } const cases[] = {
      {{1, 2}, "PER 0-3 'a b' 90; "},
      {{1, 1}, "PER 0-1 'a' 90; PER 2-3 'b' 90; "},
      {{2, 2}, "PER 0-3 'a b' 90; "},
      {{0, 2}, "PER 2-3 'b' 90; "},
      {{1, 4}, "PER 0-1 'a' 90; LOC 2-3 'b' 90; "},
      {{5, 5}, "MISC 0-3 'a b' 90; "},
      {{0, 0}, ""},
  };
  for (const auto& [of_pieces, expected] : cases) {
    sentence text{"a b"};
    text.piece("a", 0, 1, of_pieces[0], 0.9).piece("b", 2, 3, of_pieces[1], 0.9);
    BOOST_TEST_CONTEXT(expected)
    BOOST_TEST(describe(text.decode(aggregation::simple)) == expected);
  }
}

BOOST_AUTO_TEST_CASE(neighbouring_tokens_join_whatever_lies_between_them) {
  sentence text{"Ann \xC2\xAD , Bob"};
  text.piece("ann", 0, 3, 1, 0.9).special().piece("bob", 9, 12, 2, 0.9);
  BOOST_TEST(describe(text.decode(aggregation::simple)) == "PER 0-12 'ann bob' 90; ");
}

BOOST_AUTO_TEST_CASE(a_piece_shorter_than_its_source_continues_the_word) {
  // The soft hyphen inside "mi-lan" was deleted: 5 code points stand for 6.
  sentence text{"in mi\xC2\xADlan"};
  text.piece("in", 0, 2, 3, 0.9).piece("milan", 3, 10, 0, 0.9);
  BOOST_TEST(describe(text.decode(aggregation::first)) == "LOC 0-10 'in milan' 90; ");
  BOOST_TEST(describe(text.decode(aggregation::simple)) == "LOC 0-2 'in' 90; ");
}

BOOST_AUTO_TEST_CASE(words_by_ids_are_the_tokenizer_s_words) {
  // Where the pipeline joins "milan" with the word before it, ids do not; and they do join [UNK].
  sentence text{"in mi\xC2\xADlan \xF0\x9F\x98\x80Q"};
  text.piece("in", 0, 2, 3, 0.9, 0).piece("milan", 3, 10, 0, 0.9, 1);
  text.piece("q", 11, 15, 1, 0.6, 2).piece("[UNK]", 15, 16, 0, 0.9, 2);
  const auto by_ids = [&](aggregation how) {
    return describe(text.decode({how, word_grouping::ids}));
  };
  BOOST_TEST(by_ids(aggregation::first) == "LOC 0-2 'in' 90; PER 11-16 'q Q' 60; ");
  BOOST_TEST(by_ids(aggregation::max) == "LOC 0-2 'in' 90; ");
  BOOST_TEST(by_ids(aggregation::average) == "LOC 0-2 'in' 90; ");
  BOOST_TEST(by_ids(aggregation::simple) == describe(text.decode(aggregation::simple)));
}

BOOST_AUTO_TEST_CASE(unknown_pieces_show_the_source_and_begin_a_word) {
  sentence text{"Ann \xF0\x9F\x98\x80Q"};
  text.piece("ann", 0, 3, 1, 0.9).piece("[UNK]", 4, 9, 2, 0.7);
  BOOST_TEST(describe(text.decode(aggregation::first)) == "PER 0-9 'ann \xF0\x9F\x98\x80Q' 80; ");
  BOOST_TEST(describe(text.decode(aggregation::none)) ==
             "PER 0-3 'ann' 90@0; PER 4-9 '\xF0\x9F\x98\x80Q' 70@1; ");
}

BOOST_AUTO_TEST_CASE(punctuation_loses_its_space_as_the_reference_decoder_does_it) {
  sentence text{"St . Ann ' s , !"};
  text.piece("st", 0, 2, 3, 0.9).piece(".", 3, 4, 4, 0.9).piece("ann", 5, 8, 4, 0.9);
  text.piece("'", 9, 10, 4, 0.9).piece("s", 11, 12, 4, 0.9).piece(",", 13, 14, 4, 0.9);
  BOOST_TEST(describe(text.decode(aggregation::simple)) == "LOC 0-14 'st. ann ' s,' 90; ");
}

BOOST_AUTO_TEST_CASE(windows_without_entities_or_tokens_give_nothing) {
  for (auto how : {aggregation::none, aggregation::simple, aggregation::average}) {
    BOOST_TEST(sentence{""}.decode(how).empty());
    BOOST_TEST(sentence{""}.special().special().decode(how).empty());
  }
}

BOOST_AUTO_TEST_CASE(shapes_that_disagree_are_refused) {
  sentence text = jim();
  text.logits.pop_back();
  const auto short_logits =
      decode_window(text.text, text.tokens, text.logits, conll_labels, aggregation::simple);
  BOOST_TEST(short_logits.error().code == make_error_code(bert_errc::bad_batch));
  text = jim();
  text.tokens[4].end = 15;
  const auto beyond =
      decode_window(text.text, text.tokens, text.logits, conll_labels, aggregation::simple);
  BOOST_TEST(beyond.error().code == make_error_code(bert_errc::bad_batch));
  BOOST_TEST(beyond.error().context == "token 4 lies outside its text of 14 bytes");
}

BOOST_AUTO_TEST_CASE(logits_that_are_no_numbers_are_an_error_not_a_label) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    sentence text = jim();
    text.logits[2 * conll_labels.size() + 1] = bad;
    const auto spans =
        decode_window(text.text, text.tokens, text.logits, conll_labels, aggregation::simple);
    BOOST_REQUIRE(!spans);
    BOOST_TEST(spans.error().code == make_error_code(bert_errc::engine_failure));
    BOOST_TEST(spans.error().context.find("token 2") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(offsets_come_in_bytes_code_points_and_utf16_units) {
  const std::string text = "\xC3\xA9 \xF0\x9F\x98\x80 Ann";
  const auto spans = locate(text, {{1, 0.5, 8, 11, "ann", 3}}, conll_labels, aggregation::none);
  BOOST_REQUIRE(spans.size() == 1);
  const ner_span expected{"B-PER", 0.5, 8, 11, 4, 7, 5, 8, "ann", 3};
  BOOST_TEST((spans[0] == expected));
  BOOST_TEST(locate(text, {{1, 0.5, 8, 11, "ann", -1}}, conll_labels, aggregation::max)[0].label ==
             "PER");
}

BOOST_AUTO_TEST_CASE(names_of_aggregations_go_both_ways) {
  for (auto how : {aggregation::none, aggregation::simple, aggregation::first, aggregation::average,
                   aggregation::max, aggregation::viterbi})
    BOOST_TEST((parse_aggregation(to_string(how)).value() == how));
  BOOST_TEST(parse_aggregation("Simple").error().code == make_error_code(bert_errc::bad_options));
}

BOOST_AUTO_TEST_SUITE_END()
