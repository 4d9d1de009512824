#include "actors/agents/pii_rules.hpp"
#include "actors/agents/redaction.hpp"
#include "actors/agents/words.hpp"
#include "kernels/text/utf8.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

/// Whatever the text and the model's spans: no overlap, nothing covered is left, and offsets translate back and forth.
namespace troupe::agents {
namespace {

/// Texts of pieces that rules look for, letters of several lengths, and separators.
rc::Gen<std::string> texts() {
  const auto piece = rc::gen::element<std::string>(
      "ana@example.org", "+1 212 555 0100", "192.0.2.7", "2001:db8::1", "https://example.org/a",
      "4111 1111 1111 1111", "DE89370400440532013000", "Eriksson", "ö", "中", "\U0001F600", " ",
      "\n", ".", "-", "@", "+", "1", "12", "a", ":", "\u200d", "'");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const auto& pieces) {
    std::string text;
    for (const auto& one : pieces)
      text += one;
    return text;
  });
}

std::vector<pii_span> model_spans(const std::string& text) {
  const auto position = rc::gen::inRange<std::size_t>(0, text.size() + 2);
  return *rc::gen::container<std::vector<pii_span>>(rc::gen::exec([position] {
    return pii_span{*rc::gen::element<std::string>("GIVEN_NAME", "SURNAME", "EMAIL"),
                    {*position, *position},
                    0.9,
                    pii_source::model};
  }));
}

bool usable(const std::string& text, const pii_span& span) {
  const auto [start, end] = span.bytes;
  return start < end && end <= text.size() && is_boundary(text, start) && is_boundary(text, end);
}

void check_settled(const std::string& text, const std::vector<pii_span>& all,
                   const std::vector<pii_span>& merged) {
  std::vector<bool> covered(text.size());
  std::size_t before = 0;
  for (const auto& span : merged) {
    RC_ASSERT(usable(text, span));
    RC_ASSERT(span.bytes.start >= before);
    before = span.bytes.end;
    std::fill(covered.begin() + static_cast<std::ptrdiff_t>(span.bytes.start),
              covered.begin() + static_cast<std::ptrdiff_t>(span.bytes.end), true);
  }
  for (const auto& span : all)
    for (auto i = span.bytes.start; usable(text, span) && i < span.bytes.end;
         i += sequence_length(text[i]))
      RC_ASSERT(covered[i] || !is_word_character(code_point_at(text, i)));
}

void check_map(const std::string& text, const redacted_text& done) {
  const redaction_map map{done.redactions};
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const auto moved = map.to_redacted(i);
    RC_ASSERT(moved <= done.text.size());
    if (i == text.size() || !map.touches({i, i + 1})) RC_ASSERT(map.to_original(moved) == i);
    if (i < text.size() && !map.touches({i, i + 1})) RC_ASSERT(done.text[moved] == text[i]);
  }
  for (const auto& one : done.redactions) {
    RC_ASSERT(done.text.substr(one.redacted.start, one.redacted.end - one.redacted.start) ==
              one.replacement);
    RC_ASSERT(map.to_redacted(one.span.bytes.start) == one.redacted.start);
    RC_ASSERT(map.to_redacted(one.span.bytes.end, true) == one.redacted.end);
    RC_ASSERT(map.to_original(one.redacted.start) == one.span.bytes.start);
    RC_ASSERT(map.to_original(one.redacted.end, true) == one.span.bytes.end);
  }
}

BOOST_AUTO_TEST_SUITE(redaction_properties)

BOOST_AUTO_TEST_CASE(any_text_and_any_spans) {
  BOOST_TEST(rc::check([] {
    const auto text = *texts();
    auto all = find_pii(text);
    const auto words = whole_words(text, model_spans(text));
    all.insert(all.end(), words.begin(), words.end());
    const auto merged = merge_spans(text, all);
    check_settled(text, all, merged);
    const auto style = *rc::gen::element(redaction_style::mask, redaction_style::pseudonyms);
    const auto done = apply_redactions(text, merged, style, "key");
    RC_ASSERT(text::is_valid_utf8(done.text));
    check_map(text, done);
  }));
}

BOOST_AUTO_TEST_CASE(no_value_stays_at_its_place) {
  BOOST_TEST(rc::check([] {
    const auto text = *texts();
    const auto once =
        apply_redactions(text, merge_spans(text, find_pii(text)), redaction_style::mask, "");
    for (const auto& one : once.redactions) {
      const auto [start, end] = one.span.bytes;
      const auto value = text.substr(start, end - start);
      RC_ASSERT(once.text.substr(one.redacted.start, value.size()) != value);
    }
  }));
}

BOOST_AUTO_TEST_CASE(whole_words_cut_no_word) {
  BOOST_TEST(rc::check([] {
    const auto text = *texts();
    for (const auto& span : whole_words(text, model_spans(text))) {
      const auto cuts = [&](std::size_t at) {
        return is_word_character(code_point_before(text, at)) &&
               is_word_character(code_point_at(text, at));
      };
      RC_ASSERT(!cuts(span.bytes.start));
      RC_ASSERT(!cuts(span.bytes.end));
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::agents
