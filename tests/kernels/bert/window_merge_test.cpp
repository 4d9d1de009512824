#include "kernels/bert/window_merge.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>
#include <sstream>

using namespace troupe::bert;

namespace {

const label_set merge_labels{{"O", "B-PER", "I-PER"}};

/// A text of one-letter words "a b c ...", cut into windows, whose logits the test writes.
struct letters {
  std::string text{};
  std::vector<decode_token> all{};

  explicit letters(std::size_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      text += "x ";
      all.push_back({"x", 2 * i, 2 * i + 1, false, false});
    }
  }

  /// Adds window `window` = pieces [start, start + of_pieces.size()) with these labels.
  void add(span_collector& collector, std::size_t window, std::size_t start,
           const std::vector<int>& of_pieces, float confidence) const {
    std::vector<decode_token> tokens{{"[CLS]", 0, 0, true, false}};
    std::vector<float> logits{9, 0, 0};
    for (std::size_t i = 0; i < of_pieces.size(); ++i) {
      tokens.push_back(all[start + i]);
      for (int label = 0; label < 3; ++label)
        logits.push_back(label == of_pieces[i] ? confidence : 0);
    }
    BOOST_REQUIRE(collector.add(window, tokens, logits));
  }
};

/// Window sizes as the tokenizer cuts them.
std::vector<std::size_t> cut(std::size_t pieces, std::size_t body, std::size_t stride) {
  std::vector<std::size_t> sizes;
  for (std::size_t start = 0;; start += body - stride) {
    sizes.push_back(std::min(body, pieces - start));
    if (start + body >= pieces) return sizes;
  }
}

std::string describe(const std::vector<ner_span>& spans) {
  std::ostringstream out;
  for (const auto& span : spans) {
    out << span.start_byte << '-' << span.end_byte;
    if (span.index >= 0) out << '@' << span.index;
    out << "; ";
  }
  return out.str();
}

} // namespace

BOOST_AUTO_TEST_SUITE(window_merge)

BOOST_AUTO_TEST_CASE(every_piece_is_owned_once_and_where_it_is_farthest_from_a_cut) {
  BOOST_TEST(rc::check([] {
    const auto body = *rc::gen::inRange<std::size_t>(1, 20);
    const auto stride = *rc::gen::inRange<std::size_t>(0, body);
    const auto pieces = *rc::gen::inRange<std::size_t>(1, 200);
    const auto sizes = cut(pieces, body, stride);
    const window_layout layout{sizes, stride};
    const auto distance = [&](std::size_t window, std::size_t piece) {
      const std::size_t start = layout.start(window), end = start + sizes[window];
      if (piece < start || piece >= end) return -1;
      const std::size_t left = window == 0 ? 9999 : piece - start;
      const std::size_t right = window + 1 == sizes.size() ? 9999 : end - 1 - piece;
      return static_cast<int>(std::min(left, right));
    };
    std::size_t next = 0;
    for (std::size_t window = 0; window < layout.windows(); ++window) {
      const auto [first, last] = layout.owned(window);
      RC_ASSERT(first == next);
      next = last;
      for (std::size_t piece = first; piece < last; ++piece)
        for (std::size_t other = 0; other < layout.windows(); ++other)
          RC_ASSERT(distance(window, piece) >= distance(other, piece) + (other < window ? 1 : 0));
    }
    RC_ASSERT(next == pieces);
  }));
}

BOOST_AUTO_TEST_CASE(without_grouping_each_piece_comes_from_its_owner) {
  const letters text{8};
  const std::array<std::size_t, 2> sizes{6, 6};
  span_collector collector{text.text, merge_labels, aggregation::none, {sizes, 4}};
  // Pieces 2-5 are in both; 2 and 3 belong to the first window, 4 and 5 to the second.
  text.add(collector, 1, 2, {1, 0, 1, 0, 0, 1}, 5);
  text.add(collector, 0, 0, {1, 0, 0, 1, 0, 1}, 5);
  BOOST_TEST(describe(collector.finish()) == "0-1@1; 6-7@4; 8-9@5; 14-15@8; ");
}

BOOST_AUTO_TEST_CASE(of_overlapping_groups_the_longer_stays_then_the_surer) {
  const letters text{8};
  const std::array<std::size_t, 2> sizes{5, 5};
  span_collector longer{text.text, merge_labels, aggregation::simple, {sizes, 2}};
  text.add(longer, 0, 0, {0, 0, 0, 1, 2}, 9);
  text.add(longer, 1, 3, {1, 2, 2, 0, 0}, 5);
  BOOST_TEST(describe(longer.finish()) == "6-11; ");

  span_collector surer{text.text, merge_labels, aggregation::simple, {sizes, 2}};
  text.add(surer, 0, 0, {0, 0, 0, 1, 2}, 4);
  text.add(surer, 1, 3, {1, 2, 0, 0, 0}, 8);
  const auto kept = surer.finish();
  BOOST_REQUIRE(kept.size() == 1);
  BOOST_TEST(kept[0].score > 0.99);
}

BOOST_AUTO_TEST_CASE(groups_that_touch_at_a_cut_are_not_joined) {
  const letters text{4};
  const std::array<std::size_t, 2> sizes{2, 2};
  span_collector collector{text.text, merge_labels, aggregation::simple, {sizes, 0}};
  text.add(collector, 0, 0, {0, 1}, 5);
  text.add(collector, 1, 2, {2, 0}, 5);
  BOOST_TEST(describe(collector.finish()) == "2-3; 4-5; ");
}

BOOST_AUTO_TEST_CASE(decoded_from_the_farthest_windows_nothing_is_cut) {
  const letters text{8};
  const std::array<std::size_t, 2> sizes{6, 6};
  const decode_options farthest{aggregation::simple, word_grouping::automatic,
                                window_policy::farthest};
  span_collector collector{text.text, merge_labels, farthest, {sizes, 4}};
  // Pieces 0-3 belong to the first window, 4-7 to the second; what the other says of them is not heard.
  text.add(collector, 1, 2, {0, 0, 2, 2, 2, 0}, 5);
  text.add(collector, 0, 0, {0, 1, 2, 2, 1, 1}, 5);
  BOOST_TEST(describe(collector.finish()) == "2-13; ");
}

BOOST_AUTO_TEST_CASE(farthest_windows_give_any_text_the_spans_of_one_window) {
  BOOST_TEST(rc::check([] {
    const auto of_pieces =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 3)));
    const auto body = *rc::gen::inRange<std::size_t>(1, 9);
    const auto stride = *rc::gen::inRange<std::size_t>(0, body);
    const letters text{of_pieces.size()};
    const auto sizes = cut(of_pieces.size(), body, stride);
    const window_layout layout{sizes, stride};
    for (const auto how : {aggregation::none, aggregation::simple, aggregation::first,
                           aggregation::average, aggregation::max, aggregation::viterbi}) {
      const decode_options farthest{how, word_grouping::pipeline, window_policy::farthest};
      span_collector parts{text.text, merge_labels, farthest, layout};
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        const auto from = of_pieces.begin() + static_cast<std::ptrdiff_t>(layout.start(i));
        text.add(parts, i, layout.start(i), {from, from + static_cast<std::ptrdiff_t>(sizes[i])},
                 3);
      }
      const std::array<std::size_t, 1> one{of_pieces.size()};
      span_collector whole{text.text, merge_labels, farthest, {one, 0}};
      text.add(whole, 0, 0, of_pieces, 3);
      RC_ASSERT(parts.finish() == whole.finish());
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()
