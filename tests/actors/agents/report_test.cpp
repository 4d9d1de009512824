#include "actors/agents/defaults.hpp"
#include "actors/agents/report_data.hpp"
#include "actors/agents/report_format.hpp"
#include "actors/agents/report_html.hpp"
#include "actors/agents/report_json.hpp"
#include "tests/actors/agents/html_check.hpp"
#include "tests/actors/agents/report_builder.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <nlohmann/json.hpp>

namespace troupe::agents {
namespace {

using nlohmann::ordered_json;
using test::add_document;
using test::complaint;
using test::times;
using test::visible_text;

constexpr auto hostile_name = "<script>alert(\"1\")</script> & '\u202Egpj.txt";
constexpr auto hostile_text =
    "</div><script>alert('x')</script> & \x01 in Paris, Zoë Lind <zoe@example.org>\n";

v1::WriteReportRequest sample(const std::string& run_id = "run-1",
                              std::int64_t start = 1'795'463'000) {
  v1::WriteReportRequest request;
  request.set_title("Quarterly <report> & \"more\"");
  add_document(request, hostile_name, hostile_text, {{"Paris", "LOC"}, {"Zoë Lind", "PER"}},
               {{"Zoë", "GIVEN_NAME"}, {"Lind", "SURNAME"}});
  add_document(request, "b.txt", "Oslo and Paris", {{"Oslo", "LOC"}, {"Paris", "LOC"}});
  *request.mutable_run() = test::run_of(run_id, start, 3);
  return request;
}

report_data data(const v1::WriteReportRequest& request) {
  auto report = make_report_data(request);
  BOOST_REQUIRE_MESSAGE(report, (report ? "" : report.error().message));
  return std::move(*report);
}

std::string page(const v1::WriteReportRequest& request) {
  return report_html(data(request));
}

BOOST_AUTO_TEST_SUITE(report_json_file)

BOOST_AUTO_TEST_CASE(has_everything_but_redacted_values) {
  const auto text = report_json(data(sample()));
  for (const auto* value : {"zoe@example.org", "Lind", "Zo\u00eb"})
    BOOST_TEST(text.find(value) == std::string::npos);
  const auto json = ordered_json::parse(text);
  BOOST_TEST(
      json["totals"].dump() ==
      R"({"documents":2,"size_bytes":90,"entities":{"LOC":3,"PER":1},"redactions":{"EMAIL":1,"GIVEN_NAME":1,"SURNAME":1}})");
  const auto& first = json["documents"][0];
  BOOST_TEST(first["name"] == hostile_name);
  BOOST_TEST(first["entities"][0]["text"] == "Paris");
  BOOST_TEST(first["entities"][0]["redacted"] == false);
  BOOST_TEST(first["entities"][1]["redacted"] == true);
  BOOST_TEST(!first["entities"][1].contains("text"));
  BOOST_TEST(first["redactions"][0]["replacement"] == "[GIVEN_NAME]");
  BOOST_TEST(first["redactions"][2]["source"] == "rule");
  BOOST_TEST(json["workflow"]["edges"].size() == 3U);
  BOOST_TEST(json["timing"]["run_id"] == "run-1");
  std::string keys;
  for (const auto& [key, value] : json.items())
    keys += key + " ";
  BOOST_TEST(keys == "format title workflow totals documents timing ");
}

BOOST_AUTO_TEST_CASE(two_runs_differ_in_timing_alone) {
  auto one = ordered_json::parse(report_json(data(sample("run-1", 1'795'463'000))));
  auto other_request = sample("run-2", 1'800'000'000);
  other_request.mutable_run()->mutable_steps(1)->set_attempts(3);
  auto other = ordered_json::parse(report_json(data(other_request)));
  BOOST_TEST(one["timing"] != other["timing"]);
  one.erase("timing");
  other.erase("timing");
  BOOST_TEST(one.dump() == other.dump());
}

BOOST_AUTO_TEST_CASE(originals_may_be_asked_for) {
  auto request = sample();
  request.set_include_original_text(true);
  const auto json = ordered_json::parse(report_json(data(request)));
  BOOST_TEST(json["documents"][0]["entities"][1]["text"] == "Zo\u00eb Lind");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(report_page)

BOOST_AUTO_TEST_CASE(is_well_formed_and_alone) {
  BOOST_TEST(complaint(page(sample())) == "");
  BOOST_TEST(complaint(page({})) == "");
  auto request = sample();
  request.set_include_original_text(true);
  request.mutable_run()->mutable_steps(2)->mutable_failure()->set_message("<b>bad</b> & worse");
  request.mutable_run()->mutable_steps(2)->set_status(v1::STEP_STATUS_FAILED);
  request.mutable_run()->set_workflow("<i>\"w'");
  BOOST_TEST(complaint(page(request)) == "");
  BOOST_TEST(page(request).find("&lt;b&gt;bad&lt;/b&gt; &amp; worse") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(skipped_and_cancelled_steps_are_named) {
  auto request = sample();
  auto& run = *request.mutable_run();
  v1::StepSummary& skipped = *run.mutable_steps(2);
  skipped.set_status(v1::STEP_STATUS_SKIPPED);
  skipped.clear_scheduled_time();
  run.mutable_steps(run.steps_size() - 1)->set_status(v1::STEP_STATUS_CANCELLED);
  run.set_status(v1::RUN_STATUS_CANCELLED);
  const auto html = page(request);
  BOOST_TEST(complaint(html) == "");
  const auto text = visible_text(html);
  BOOST_TEST(text.find(", 1 skipped") != std::string::npos);
  BOOST_TEST(times(html, ">skipped</text>") == 1U);
  BOOST_TEST(text.find("cancelled") != std::string::npos);
  const auto json = ordered_json::parse(report_json(data(request)));
  BOOST_TEST(json["timing"]["status"] == "cancelled");
  BOOST_TEST(json["timing"]["steps"][2]["status"] == "skipped");
}

/// The checker itself must be able to say no.
BOOST_AUTO_TEST_CASE(the_checker_complains) {
  for (const auto* bad : {"<p>", "</p>", "<p>a & b</p>", "<script></script>", "<p title=x></p>",
                          "<a href=\"http://example.org\"></a>", "<p><b></p></b>", "<p>\x01</p>",
                          "<img src=\"x\">", "<p onclick=\"x\"></p>"})
    BOOST_TEST_CONTEXT(bad) {
      BOOST_TEST(complaint(bad) != "");
    }
  BOOST_TEST(complaint("<!DOCTYPE html><p class=\"x\">a &amp; b<br></p>") == "");
}

BOOST_AUTO_TEST_CASE(shows_the_redacted_text_and_no_value) {
  const auto html = page(sample());
  for (const auto* value : {"zoe@example.org", "Lind", "Zoë"})
    BOOST_TEST(html.find(value) == std::string::npos);
  const auto text = visible_text(html);
  BOOST_TEST(text.find("</div><script>alert('x')</script> & \u2401 in ParisLOC, [GIVEN_NAME] "
                       "[SURNAME] <[EMAIL]>") != std::string::npos);
  BOOST_TEST(times(html, "<mark class=\"e k2\" title=\"LOC, score 0.900\"><bdi>Paris</bdi>") == 2U);
  BOOST_TEST(times(html, "class=\"tag\">PER") == 0U); // it overlaps a redaction
  BOOST_TEST(html.find("<bdi>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; "
                       "&#39;\u202Egpj.txt</bdi>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(shows_originals_when_asked) {
  auto request = sample();
  request.set_include_original_text(true);
  const auto html = page(request);
  BOOST_TEST(
      html.find("<mark class=\"v\" title=\"EMAIL, redacted by rule\"><bdi>zoe@example.org</bdi>") !=
      std::string::npos);
  BOOST_TEST(html.find("holds the original texts") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(survives_missing_replies) {
  auto request = sample();
  request.mutable_entities()->DeleteSubrange(1, 1);
  request.mutable_redactions()->DeleteSubrange(0, 1);
  const auto html = page(request);
  BOOST_TEST(complaint(html) == "");
  BOOST_TEST(html.find("There is no redacted text of this document") != std::string::npos);
  BOOST_TEST(html.find("No entities were looked for") != std::string::npos);
  BOOST_TEST(html.find("zoe@example.org") == std::string::npos);
  // Without redactions nobody knows what is personal, so no value of an entity is shown either.
  BOOST_TEST(html.find("Lind") == std::string::npos);
  const auto json = ordered_json::parse(report_json(data(request)));
  BOOST_TEST(json["documents"][0]["redactions"].is_null());
  BOOST_TEST(json["documents"][1]["entities"].is_null());
}

BOOST_AUTO_TEST_CASE(cuts_long_texts_visibly) {
  v1::WriteReportRequest request;
  std::string text;
  while (text.size() < 2 * defaults::max_page_document_bytes)
    text += "Zoë wrote to zoe@example.org from Paris. ";
  add_document(request, "long.txt", text, {{"Paris", "LOC"}});
  const auto html = page(request);
  BOOST_TEST(complaint(html) == "");
  BOOST_TEST(html.find("Cut here: ") != std::string::npos);
  BOOST_TEST(html.size() < 8 * defaults::max_page_document_bytes);
  BOOST_TEST(html.find("zoe@") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(cuts_many_documents_and_instances_visibly) {
  v1::WriteReportRequest request;
  for (int i = 0; i < 300; ++i)
    add_document(request, std::to_string(i) + ".txt", "Paris", {{"Paris", "LOC"}});
  *request.mutable_run() = test::run_of("run", 1'795'463'000, 500);
  const auto html = page(request);
  BOOST_TEST(complaint(html) == "");
  BOOST_TEST(times(html, "<article") == defaults::max_page_documents);
  BOOST_TEST(html.find("The texts of 100 more documents are left out") != std::string::npos);
  BOOST_TEST(html.find("502 step instances are more than the 200") != std::string::npos);
  BOOST_TEST(times(html, "class=\"open\"") == 0U);
}

BOOST_AUTO_TEST_CASE(draws_graph_and_timeline) {
  const auto html = page(sample());
  BOOST_TEST(times(html, "class=\"edge\"") == 3U);
  BOOST_TEST(times(html, "class=\"box\"") == 3U);
  BOOST_TEST(times(html, "class=\"span\"") == 4U);
  BOOST_TEST(times(html, "class=\"open\"") == 1U);
  BOOST_TEST(html.find("×3</text>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_run_that_lacks_only_the_report_is_complete) {
  auto request = sample();
  BOOST_TEST(page(request).find("up to this report") ==
             std::string::npos); // the step's agent is another
  request.mutable_run()->mutable_steps(4)->set_agent("report.write");
  BOOST_TEST(page(request).find("up to this report") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(report_requests)

struct refused {
  std::string type;
  std::function<void(v1::WriteReportRequest&)> spoil;
};

BOOST_AUTO_TEST_CASE(bad_requests_are_refused) {
  const std::vector<refused> cases{
      {"report.duplicate_name",
       [](auto& request) { request.mutable_documents(1)->set_name(hostile_name); }},
      {"report.duplicate_name",
       [](auto& request) { *request.add_entities() = request.entities(0); }},
      {"report.unknown_document",
       [](auto& request) { request.mutable_redactions(1)->set_name("c.txt"); }},
      {"report.bad_span",
       [](auto& request) { request.mutable_entities(1)->mutable_spans(0)->set_end_byte(15); }},
      {"report.bad_span",
       [](auto& request) { request.mutable_entities(1)->mutable_spans(0)->set_start_byte(9); }},
      {"report.bad_span",
       [](auto& request) { // inside the two bytes of ë
         auto& span = *request.mutable_entities(0)->mutable_spans(1);
         span.set_end_byte(span.start_byte() + 3);
       }},
      {"report.bad_span",
       [](auto& request) {
         request.mutable_redactions(0)->mutable_redactions()->SwapElements(0, 1);
       }},
      {"report.bad_span", [](auto& request) { request.mutable_redactions(0)->set_text("short"); }},
  };
  for (const auto& [type, spoil] : cases) {
    auto request = sample();
    spoil(request);
    const auto report = make_report_data(request);
    BOOST_REQUIRE_MESSAGE(!report, type << " was accepted");
    BOOST_TEST(report.error().type == type);
    BOOST_TEST(!report.error().retryable);
  }
}

BOOST_AUTO_TEST_CASE(values_are_formatted) {
  BOOST_TEST(format_duration(850) == "850 µs");
  BOOST_TEST(format_duration(12'340) == "12.3 ms");
  BOOST_TEST(format_duration(4'210'000) == "4.21 s");
  BOOST_TEST(format_duration(187'000'000) == "3 min 07 s");
  BOOST_TEST(format_duration(7'500'000'000) == "2 h 05 min");
  BOOST_TEST(format_size(512) == "512 B");
  BOOST_TEST(format_size(13'722) == "13.4 KiB");
  BOOST_TEST(format_size(300U << 20U) == "300 MiB");
  BOOST_TEST(format_count(1'234'567) == "1\u202F234\u202F567");
  BOOST_TEST(format_time(1'795'463'000'250'000) == "2026-11-23T19:43:20.250Z");
  BOOST_TEST(ellipsis("abcdef", 6) == "abcdef");
  BOOST_TEST(ellipsis("abcdefg", 6) == "abcde…");
  BOOST_TEST(ellipsis("東京都庁", 5) == "東京…");
  BOOST_TEST(escape_html("a<b>&\"'\x01\xff\t") == "a&lt;b&gt;&amp;&quot;&#39;\u2401\uFFFD\t");
}

BOOST_AUTO_TEST_CASE(ticks_are_round) {
  for (const std::int64_t length : {1LL, 7LL, 999LL, 330'000LL, 59'000'000LL, 3'600'000'000LL,
                                    900'000'000'000LL, 1'000'000'000'000'000LL}) {
    const auto ticks = time_ticks(length, 8);
    BOOST_TEST_CONTEXT(length) {
      BOOST_TEST(ticks.size() >= 2U);
      BOOST_TEST(ticks.size() <= 9U);
      BOOST_TEST(ticks.back() <= length);
    }
  }
  BOOST_TEST(time_ticks(330'000, 8) == (std::vector<std::int64_t>{0, 50'000, 100'000, 150'000,
                                                                  200'000, 250'000, 300'000}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::agents
