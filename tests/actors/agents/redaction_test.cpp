#include "actors/agents/redaction.hpp"

#include "actors/agents/pii_agent.hpp"
#include "actors/agents/pseudonym.hpp"
#include "troupe/v1/redaction.pb.h"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <initializer_list>

namespace troupe::agents {
namespace {

pii_span model(std::string label, std::size_t start, std::size_t end, double score = 0.9) {
  return {std::move(label), {start, end}, score, pii_source::model};
}
pii_span rule(std::string label, std::size_t start, std::size_t end) {
  return {std::move(label), {start, end}, 1.0, pii_source::rule};
}

/// "LABEL[start,end)" of every span.
std::string written(const std::vector<pii_span>& spans) {
  std::string out;
  for (const auto& span : spans)
    out += span.label + "[" + std::to_string(span.bytes.start) + "," +
           std::to_string(span.bytes.end) + ") ";
  return out;
}

BOOST_AUTO_TEST_SUITE(redaction)

struct words_case {
  std::string text;
  std::vector<pii_span> spans;
  std::string expected;
};

BOOST_AUTO_TEST_CASE(model_spans_become_whole_words) {
  const std::vector<words_case> cases{
      {"Oscar Eriksson",
       {model("GIVEN_NAME", 0, 5), model("SURNAME", 6, 10), model("SURNAME", 10, 14)},
       "GIVEN_NAME[0,5) SURNAME[6,14) "},
      {"Eriksson", {model("SURNAME", 4, 8)}, "SURNAME[0,8) "},
      {"Eriksson,", {model("SURNAME", 0, 4)}, "SURNAME[0,8) "},
      {"O'Brien",
       {model("SURNAME", 0, 1), model("SURNAME", 1, 2), model("SURNAME", 2, 7)},
       "SURNAME[0,7) "},
      {"O'Brien", {model("SURNAME", 0, 1)}, "SURNAME[0,7) "},
      {"O’Brien", {model("SURNAME", 4, 6)}, "SURNAME[0,9) "},
      {"Ivanova's SSN", {model("SURNAME", 0, 4)}, "SURNAME[0,7) "},
      {"'Anna'", {model("GIVEN_NAME", 1, 3)}, "GIVEN_NAME[1,5) "},
      {"Anna-Maria", {model("GIVEN_NAME", 0, 4)}, "GIVEN_NAME[0,10) "},
      {"Berlin-based", {model("CITY", 0, 6)}, "CITY[0,6) "},
      {"555-0100", {model("PHONE", 0, 3)}, "PHONE[0,3) "},
      {"Jörgsen", {model("SURNAME", 0, 1)}, "SURNAME[0,8) "},
      {"Er\u00adik", {model("SURNAME", 0, 2)}, "SURNAME[0,6) "},
      {"东京市", {model("CITY", 0, 3)}, "CITY[0,3) "},
      {"a b", {model("X", 0, 1), model("X", 2, 3)}, "X[0,1) X[2,3) "},
      {"abcd", {model("X", 0, 2), model("Y", 2, 4)}, "X[0,4) Y[0,4) "},
      {"late first", {model("X", 5, 10), model("X", 0, 4)}, "X[0,4) X[5,10) "},
      {"ö",
       {model("X", 0, 1), model("X", 1, 2), model("X", 0, 3), model("X", 1, 1), model("X", 2, 1)},
       ""},
  };
  for (const auto& [text, spans, expected] : cases)
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(written(whole_words(text, spans)) == expected);
    }
}

BOOST_AUTO_TEST_CASE(overlaps_are_settled) {
  const std::string text = "Ingrid Anderson ingrid@example.org";
  const std::vector<std::pair<std::vector<pii_span>, std::string>> cases{
      {{model("GIVEN_NAME", 16, 22), rule("EMAIL", 16, 34)}, "EMAIL[16,34) "},
      {{model("LONG", 0, 34), rule("EMAIL", 16, 34)}, "LONG[0,15) EMAIL[16,34) "},
      {{model("LONG", 0, 34), rule("X", 7, 15)}, "LONG[0,6) X[7,15) LONG[16,34) "},
      {{rule("A", 0, 6), rule("B", 0, 15)}, "B[0,15) "},
      {{model("A", 0, 6, 0.6), model("B", 0, 6, 0.8)}, "B[0,6) "},
      {{model("B", 0, 6), model("A", 0, 6)}, "A[0,6) "},
      {{model("A", 0, 7), model("B", 7, 15)}, "A[0,7) B[7,15) "},
      {{model("A", 22, 24), rule("B", 23, 34)}, "B[23,34) "}, // what is left is "@"
      {{model("A", 0, 99), model("B", 3, 3)}, ""},
      {{}, ""},
  };
  for (const auto& [spans, expected] : cases)
    BOOST_TEST_CONTEXT(written(spans)) {
      BOOST_TEST(written(merge_spans(text, spans)) == expected);
    }
}

BOOST_AUTO_TEST_CASE(masks_and_their_map) {
  const std::string text = "Zoë: zoë@example.org!";
  const auto done = apply_redactions(
      text, std::vector{rule("GIVEN_NAME", 0, 4), rule("EMAIL", 6, 22)}, redaction_style::mask, "");
  BOOST_TEST(done.text == "[GIVEN_NAME]: [EMAIL]!");
  const redaction_map map{done.redactions};
  const std::vector<std::array<std::size_t, 2>> outside{{4, 12}, {5, 13}, {22, 21}, {23, 22}};
  for (const auto& [original, redacted] : outside)
    BOOST_TEST_CONTEXT(original) {
      BOOST_TEST(map.to_redacted(original) == redacted);
      BOOST_TEST(map.to_original(redacted) == original);
    }
  BOOST_TEST(map.to_redacted(8) == 14U);
  BOOST_TEST(map.to_redacted(8, true) == 21U);
  BOOST_TEST(map.to_redacted(6, true) == 14U);
  BOOST_TEST(map.to_original(15) == 6U);
  BOOST_TEST(map.to_original(15, true) == 22U);
  BOOST_TEST(map.touches({3, 5}));
  BOOST_TEST(map.touches({0, 23}));
  BOOST_TEST(!map.touches({4, 6}));
  BOOST_TEST(!map.touches({22, 23}));
}

BOOST_AUTO_TEST_CASE(pseudonyms) {
  const auto name = pseudonym("EMAIL", "ana@example.org", "secret");
  BOOST_TEST(name.size() == std::string{"EMAIL_3f9a1c"}.size());
  BOOST_TEST(name.substr(0, 6) == "EMAIL_");
  BOOST_TEST(name.find_first_not_of("0123456789abcdef", 6) == std::string::npos);
  BOOST_TEST(pseudonym("EMAIL", " Ana@Example.ORG ", "secret") == name);
  BOOST_TEST(pseudonym("EMAIL", "ana@example.org", "other") != name);
  BOOST_TEST(pseudonym("EMAIL", "bo@example.org", "secret") != name);
  BOOST_TEST(pseudonym("URL", "ana@example.org", "secret").substr(4) != name.substr(6));
  // Computed with Python: hmac.new(b"secret", b"EMAIL\0ana@example.org", "sha256").hexdigest()[:6]
  BOOST_TEST(name == "EMAIL_8ada23");
}

BOOST_AUTO_TEST_CASE(values_are_normalised) {
  const std::vector<std::array<std::string, 3>> cases{
      {"SURNAME", "  De  La\n Cruz ", "de la cruz"},
      {"SURNAME", "MÜLLER", "müller"},
      {"SURNAME", "ŁUKASZ ŽIŽEK ΔΕΛΤΑ ЁЖ", "łukasz žižek δελτα ёж"},
      {"PHONE", "+1 (212) 555-0100", "12125550100"},
      {"IBAN", "DE89 3704", "de893704"},
      {"CITY", "東京", "東京"},
      {"SURNAME", "×", "×"},
      {"SURNAME", "", ""}};
  for (const auto& [label, value, expected] : cases)
    BOOST_TEST_CONTEXT(value) {
      BOOST_TEST(normalised_value(label, value) == expected);
    }
}

v1::NerReply reply_with(std::initializer_list<pii_span> spans) {
  v1::NerReply reply;
  for (const auto& span : spans) {
    auto& out = *reply.add_spans();
    out.set_label(span.label);
    out.set_score(span.score);
    out.set_start_byte(static_cast<std::uint32_t>(span.bytes.start));
    out.set_end_byte(static_cast<std::uint32_t>(span.bytes.end));
    out.set_word("as the model spells it");
  }
  return reply;
}

BOOST_AUTO_TEST_CASE(replies_have_offsets_and_no_values) {
  v1::RedactRequest request;
  request.set_name("a.txt");
  request.set_text("\U0001F600 Zoë Lind, ana@example.org");
  const auto answer = redact(
      request, check_request(request).value(),
      reply_with({model("GIVEN_NAME", 5, 9), model("SURNAME", 10, 12), model("CITY", 5, 9, 0.4)}));
  BOOST_TEST(answer.text() == "\U0001F600 [GIVEN_NAME] [SURNAME], [EMAIL]");
  BOOST_TEST(answer.name() == "a.txt");
  BOOST_REQUIRE_EQUAL(answer.redactions_size(), 3);
  const auto& surname = answer.redactions(1);
  BOOST_TEST(surname.span().start_byte() == 10U);
  BOOST_TEST(surname.span().end_byte() == 14U);
  BOOST_TEST(surname.span().start_codepoint() == 6U);
  BOOST_TEST(surname.span().start_utf16() == 7U);
  BOOST_TEST(surname.redacted_start_byte() == 18U);
  BOOST_TEST(surname.redacted_start_codepoint() == 15U);
  BOOST_TEST(surname.redacted_end_codepoint() == 24U);
  BOOST_TEST(surname.source() == v1::REDACTION_SOURCE_MODEL);
  BOOST_TEST(answer.redactions(2).source() == v1::REDACTION_SOURCE_RULE);
  for (const auto* value : {"Zo", "Lind", "ana", "spells"})
    BOOST_TEST(answer.DebugString().find(value) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(labels_and_scores_filter) {
  v1::RedactRequest request;
  request.set_text("Ana ana@example.org");
  request.add_labels("GIVEN_NAME");
  const auto spans = reply_with({model("GIVEN_NAME", 0, 3, 0.55), model("GIVEN_NAME", 4, 7, 0.8)});
  BOOST_TEST(redact(request, check_request(request).value(), spans).text() ==
             "[GIVEN_NAME] [GIVEN_NAME]@example.org");
  request.set_min_score(0.7);
  BOOST_TEST(redact(request, check_request(request).value(), spans).text() ==
             "Ana [GIVEN_NAME]@example.org");
  request.clear_labels();
  BOOST_TEST(redact(request, check_request(request).value(), spans).text() == "Ana [EMAIL]");
}

struct refused {
  std::string type;
  std::function<void(v1::RedactRequest&)> spoil;
};

BOOST_AUTO_TEST_CASE(bad_requests_are_refused) {
  const std::vector<refused> cases{
      {"pii.missing_key", [](auto& request) { request.set_style(v1::REDACTION_STYLE_PSEUDONYMS); }},
      {"pii.bad_style",
       [](auto& request) { request.set_style(static_cast<v1::RedactionStyle>(77)); }},
      {"pii.bad_label", [](auto& request) { request.add_labels("e-mail"); }},
      {"pii.bad_label", [](auto& request) { request.add_labels(""); }},
      {"pii.bad_score", [](auto& request) { request.set_min_score(1.5); }},
      {"pii.bad_score", [](auto& request) { request.set_min_score(-0.1); }},
      {"pii.bad_score", [](auto& request) { request.set_min_score(std::nan("")); }},
      {"pii.invalid_utf8", [](auto& request) { request.set_text("a\xff"); }},
      {"pii.text_too_large",
       [](auto& request) { request.set_text(std::string((64U << 20U) + 1, 'a')); }},
  };
  for (const auto& [type, spoil] : cases) {
    v1::RedactRequest request;
    request.set_text("Ana");
    spoil(request);
    const auto checked = check_request(request);
    BOOST_REQUIRE(!checked);
    BOOST_TEST(checked.error().type == type);
    BOOST_TEST(!checked.error().retryable);
  }
}

/// Half a million pieces with two labels in one word of a megabyte: a search per piece would take hours, and the
/// test's timeout ends it.
BOOST_AUTO_TEST_CASE(hostile_spans_take_linear_time) {
  const std::string text(1U << 20U, 'a');
  std::vector<pii_span> spans;
  for (std::size_t i = 0; i + 2 <= text.size(); i += 2)
    spans.push_back(model(i % 4 == 0 ? "A" : "B", i, i + 2));
  BOOST_TEST(written(merge_spans(text, whole_words(text, spans))) == "A[0,1048576) ");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::agents
