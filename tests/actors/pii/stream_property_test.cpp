#include "actors/agents/pii_rules.hpp"
#include "actors/agents/redaction.hpp"
#include "actors/agents/words.hpp"
#include "actors/pii/finder.hpp"
#include "actors/pii/stream.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/actors/pii/stream_support.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

/// Whatever the text: however it is cut and whoever works on it, the output is the same; spans are in order and inside.
namespace troupe::pii {
namespace {

rc::Gen<std::string> texts() {
  const auto piece = rc::gen::element<std::string>(
      "ana@example.org", "+1 212 555 0100", "192.0.2.7", "2001:db8::1", "https://example.org/a",
      "4111 1111 1111 1111", "DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "Olga", "Kim",
      "From: ", "Dear ", "Thanks,", "\nThanks,\n\n", "2026-01-31T10:20:30Z", "f6ae28652eb6fa7c",
      "ö", "中", "\xff", "\U0001F600", " ", "\n", "\r\n", ".", ",", "-", "@", "+", "1", "12",
      "212-555-", "a", ":", "'");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const auto& pieces) {
    std::string text;
    for (const auto& one : pieces)
      text += one;
    return text;
  });
}

std::vector<pii_span> sorted(std::vector<pii_span> spans) {
  std::ranges::sort(spans, {}, [](const pii_span& span) {
    return std::tuple{span.bytes.start, span.bytes.end, span.label};
  });
  return spans;
}

std::string redacted(const std::string& text, const std::vector<std::size_t>& sizes,
                     std::size_t threads) {
  test::memory_ends ends{test::blocks_of(text, sizes)};
  RC_ASSERT(redact_stream({}, test::text_options(threads), ends));
  RC_ASSERT(ends.bytes == text.size());
  return ends.output;
}

BOOST_AUTO_TEST_SUITE(pii_properties)

BOOST_AUTO_TEST_CASE(one_pass_finds_what_every_rule_finds) {
  BOOST_TEST(rc::check([] {
    const auto text = text::repair_utf8(*texts()).text;
    RC_ASSERT(sorted(agents::find_pii(text)) == sorted(agents::find_pii_by_every_rule(text)));
  }));
}

BOOST_AUTO_TEST_CASE(no_rule_looks_across_lines) {
  BOOST_TEST(rc::check([] {
    const auto text = text::repair_utf8(*texts()).text;
    std::vector<pii_span> by_line;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      for (auto span : agents::find_pii(text.substr(at, end - at))) {
        span.bytes.start += at;
        span.bytes.end += at;
        by_line.push_back(std::move(span));
      }
      at = end + 1;
    }
    RC_ASSERT(sorted(by_line) == sorted(agents::find_pii(text)));
  }));
}

BOOST_AUTO_TEST_CASE(parts_of_any_size_give_the_whole) {
  BOOST_TEST(rc::check([] {
    const auto text = *texts();
    const auto sizes =
        *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 5));
    const auto threads = *rc::gen::inRange<std::size_t>(1, 4);
    RC_ASSERT(redacted(text, sizes, threads) == redacted(text, {text.size() + 1}, 1));
  }));
}

BOOST_AUTO_TEST_CASE(spans_are_in_order_and_their_text_is_gone) {
  BOOST_TEST(rc::check([] {
    const auto line = text::repair_utf8(*texts()).text;
    const settings all;
    auto finder = line_finder::make({}, all);
    const std::string_view lines[] = {line};
    const auto found = finder->find(lines, *rc::gen::arbitrary<bool>());
    RC_ASSERT(found);
    std::size_t before = 0;
    for (const auto& span : found->front()) {
      RC_ASSERT(span.bytes.start >= before && span.bytes.start < span.bytes.end);
      RC_ASSERT(span.bytes.end <= line.size());
      RC_ASSERT(agents::is_boundary(line, span.bytes.start));
      RC_ASSERT(agents::is_boundary(line, span.bytes.end));
      before = span.bytes.end;
    }
    const auto done =
        agents::apply_redactions(line, found->front(), agents::redaction_style::mask, "");
    for (const auto& one : done.redactions)
      RC_ASSERT(done.text.substr(one.redacted.start, one.redacted.end - one.redacted.start) ==
                "[" + one.span.label + "]");
  }));
}

/// Any answers of a model, at any place.
BOOST_AUTO_TEST_CASE(answers_lead_back_into_the_line) {
  BOOST_TEST(rc::check([] {
    const auto line = text::repair_utf8(*texts()).text;
    const auto settled = agents::merge_spans(line, agents::find_pii(line));
    const model_text made{line, {0, line.size()}, settled};
    RC_ASSERT(text::is_valid_utf8(made.text()));
    const auto start = *rc::gen::inRange<std::size_t>(0, made.text().size() + 1);
    const auto end = *rc::gen::inRange<std::size_t>(start, made.text().size() + 2);
    const auto back = made.to_line({start, end});
    RC_ASSERT(back.start <= back.end && back.end <= line.size());
    const auto spans = settle(line, settled, {{"CITY", back, 0.9, agents::pii_source::model}}, {});
    std::size_t before = 0;
    for (const auto& span : spans) {
      RC_ASSERT(span.bytes.start >= before && span.bytes.end <= line.size());
      before = span.bytes.end;
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::pii
