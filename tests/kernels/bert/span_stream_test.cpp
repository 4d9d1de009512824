// A text in parts has the entities of the whole text, whatever the parts, the windows and the way to decode. The logits
// are made up from the windows' tokens: what matters is that both ways see the same ones.
#include "kernels/bert/piece_text.hpp"
#include "kernels/bert/span_stream.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/kernels/bert/golden_ner.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>
#include <sstream>

using namespace troupe;
using namespace troupe::bert;

namespace {

/// Words, what stands between them, and what makes tokenizers stumble: marks behind a blank, Hangul, special tokens, a
/// special token's beginning, malformed UTF-8.
const std::vector<std::string> fragments{"Anna",
                                         "lives",
                                         "unbelievably",
                                         " ",
                                         " ",
                                         "  ",
                                         "\n",
                                         "\r\n",
                                         ".",
                                         ",",
                                         "[MASK]",
                                         "[MA",
                                         "[",
                                         "]",
                                         "\xCC\x81",
                                         "\xCC\xA3",
                                         "\xED\x95\x9C",
                                         "é",
                                         "\xE6\xB1\x89",
                                         "🙂",
                                         "x",
                                         "##",
                                         "\xFF",
                                         "\xE2\x82",
                                         "\xC3",
                                         "",
                                         std::string(1, '\0'),
                                         "Straße",
                                         "\t",
                                         "İ",
                                         "-",
                                         "don't"};

std::string any_text() {
  const auto picked = *rc::gen::container<std::vector<std::size_t>>(
      rc::gen::inRange<std::size_t>(0, fragments.size()));
  std::string text;
  for (const auto one : picked)
    text += fragments[one];
  return text;
}

/// [tokens, labels] logits that depend on the tokens of the window and their places, and are often equal: ties must go
/// the same way too.
std::vector<float> made_up(const text::encoding& window, std::size_t labels, int levels) {
  std::vector<float> logits;
  for (std::size_t i = 0; i < window.size(); ++i)
    for (std::size_t label = 0; label < labels; ++label) {
      std::uint64_t key = static_cast<std::uint64_t>(window.token_ids[i]) * 131 + label * 7 +
                          i * 3 + static_cast<std::uint64_t>(window.token_ids[i ? i - 1 : 0]);
      key *= 0x9E3779B97F4A7C15;
      logits.push_back(static_cast<float>((key >> 40) % static_cast<std::uint64_t>(levels)));
    }
  return logits;
}

struct way {
  decode_options how;
  window_options windows;
  int levels = 3;
};

way any_way() {
  const auto how = *rc::gen::inRange(0, 6), words = *rc::gen::inRange(0, 3),
             windows = *rc::gen::inRange(0, 3);
  const auto length = *rc::gen::inRange<std::size_t>(3, 14);
  return {{static_cast<aggregation>(how), static_cast<word_grouping>(words),
           static_cast<window_policy>(windows)},
          {length, *rc::gen::inRange<std::size_t>(0, length - 2)},
          *rc::gen::element(2, 3, 50)};
}

const label_set& labels() {
  return test::pii_model()->labels();
}

std::string describe(const std::string& label, double score, std::uint64_t start, std::uint64_t end,
                     const std::string& word) {
  std::ostringstream out;
  out << label << ' ' << score << ' ' << start << '-' << end << ' ' << word << '\n';
  return out.str();
}

std::string in_one(const std::string& text, const way& by) {
  const auto& model = *test::pii_model();
  const auto prepared = model.prepare(text, by.windows);
  RC_ASSERT(prepared.has_value());
  auto spans = model.collect(*prepared, by.how);
  for (std::size_t i = 0; i < prepared->windows.size(); ++i)
    RC_ASSERT(
        model.decode(*prepared, i, made_up(prepared->windows[i], labels().size(), by.levels), spans)
            .has_value());
  std::string found;
  for (const auto& span : spans.finish())
    found += describe(span.label, span.score, span.start_codepoint, span.end_codepoint, span.word);
  return found;
}

/// How the text comes: how many bytes are read at a time, and how many windows go out before their answers come.
struct pace {
  std::size_t bytes, windows;
};

class reader {
public:
  reader(const std::string& bytes, const way& by, pace at)
      : bytes_{bytes}, by_{by}, at_{at}, stream_{*span_stream::make(test::pii_model(), by.how,
                                                                    by.windows)} {}

  std::string read() {
    const auto& tokenizer = test::pii_model()->tokenizer();
    std::string waiting;
    for (std::size_t at = 0; at < bytes_.size(); at += at_.bytes) {
      waiting += bytes_.substr(at, at_.bytes);
      const auto cut = tokenizer.last_cut(waiting);
      RC_ASSERT(stream_.push(waiting.substr(0, cut)).has_value());
      waiting.erase(0, cut);
      answer(at_.windows);
    }
    RC_ASSERT(stream_.push(waiting).has_value());
    stream_.close();
    answer(1);
    RC_ASSERT(!stream_.has_window());
    return found_;
  }

private:
  void answer(std::size_t at_least) {
    while (stream_.has_window())
      out_.push_back(stream_.next_window());
    if (out_.size() < at_least) return;
    for (const auto& window : out_)
      RC_ASSERT(stream_.add(made_up(window, labels().size(), by_.levels)).has_value());
    out_.clear();
    for (const auto& span : stream_.take()) {
      found_ +=
          describe(span.label, span.score, span.start.codepoint, span.end.codepoint, span.word);
      check(span.start);
      check(span.end);
    }
  }

  /// The byte of the original is where the code point begins.
  void check(const stream_position& at) const {
    RC_ASSERT(at.byte <= bytes_.size());
    RC_ASSERT(codepoints(text::repair_utf8(bytes_.substr(0, at.byte)).text) == at.codepoint);
  }

  const std::string& bytes_;
  way by_;
  pace at_;
  span_stream stream_;
  std::vector<text::encoding> out_;
  std::string found_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(span_stream_test)

BOOST_AUTO_TEST_CASE(the_parts_of_a_text_have_the_entities_of_the_whole) {
  BOOST_TEST(rc::check([] {
    const auto bytes = any_text();
    const auto by = any_way();
    const pace at{*rc::gen::inRange<std::size_t>(1, 40), *rc::gen::inRange<std::size_t>(1, 5)};
    const auto whole = in_one(text::repair_utf8(bytes).text, by);
    RC_CLASSIFY(!whole.empty(), "entities");
    RC_ASSERT(reader(bytes, by, at).read() == whole);
  }));
}

/// Every piece is the same word: nothing settles a path, so it is the hard case for viterbi.
BOOST_AUTO_TEST_CASE(a_long_text_of_one_word) {
  std::string bytes;
  for (int i = 0; i < 3000; ++i)
    bytes += "Anna ";
  for (const auto how : {aggregation::simple, aggregation::average, aggregation::viterbi})
    for (const auto policy : {window_policy::pipeline, window_policy::farthest}) {
      const way by{{how, word_grouping::ids, policy}, {12, 3}, 3};
      BOOST_TEST(reader(bytes, by, {700, 2}).read() == in_one(bytes, by));
    }
}

BOOST_AUTO_TEST_CASE(an_empty_text_has_no_window) {
  auto stream = span_stream::make(test::pii_model(), {});
  BOOST_REQUIRE(stream);
  BOOST_REQUIRE(stream->push(" \n "));
  stream->close();
  BOOST_TEST(!stream->has_window());
  BOOST_TEST(stream->take().empty());
}

BOOST_AUTO_TEST_CASE(refusals) {
  BOOST_TEST(!span_stream::make(test::pii_model(), {}, {5, 3}));
  BOOST_TEST(!span_stream::make(test::pii_model(), {}, {1'000'000, 3}));
  auto stream = span_stream::make(test::pii_model(), {});
  BOOST_REQUIRE(stream);
  BOOST_REQUIRE(stream->push("Anna"));
  stream->close();
  const auto window = stream->next_window();
  auto logits = made_up(window, labels().size(), 3);
  logits[4] = std::numeric_limits<float>::quiet_NaN();
  BOOST_TEST(!stream->add(logits));
  BOOST_TEST(!stream->add(std::vector<float>(3)));
}

BOOST_AUTO_TEST_SUITE_END()
