#include "actors/pii/stream.hpp"

#include "actors/agents/pii_rules.hpp"
#include "actors/agents/redaction.hpp"
#include "actors/pii/defaults.hpp"
#include "actors/pii/line_parts.hpp"
#include "actors/pii/model_text.hpp"
#include "tests/actors/pii/stream_support.hpp"
#include "tests/support/files.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

namespace troupe::pii {
namespace {

using test::blocks_of;
using test::memory_ends;
using test::text_options;

models shipped_models() {
  const auto folder = troupe::test::source_folder() / "models";
  auto loaded = load_models(folder / "pii-rampart", folder / "ner-default", {});
  BOOST_REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
  return *loaded;
}

BOOST_AUTO_TEST_SUITE(pii_stream)

BOOST_AUTO_TEST_CASE(rules_alone) {
  memory_ends ends{blocks_of("one\r\nmail ana@example.org\n\nhost 192.0.2.7", {1, 2})};
  const auto done = redact_stream({}, text_options(2), ends);
  BOOST_REQUIRE(done);
  BOOST_TEST((done->outcome == stream_outcome::done));
  BOOST_TEST(ends.output == "one\r\nmail [EMAIL]\n\nhost [IP_ADDRESS]");
  BOOST_TEST(done->stats.lines == 4U);
  BOOST_TEST(done->stats.spans == 2U);
  BOOST_TEST(done->stats.asked_texts == 0U);
}

BOOST_AUTO_TEST_CASE(signatures_across_blocks_and_files) {
  auto blocks = blocks_of("Thanks,\n\nOlga\n", {1});
  blocks.push_back({.bytes = "Thanks,\n", .input = 1});
  blocks.push_back({.bytes = "Olga\n", .input = 2}); // another file
  memory_ends ends{blocks};
  BOOST_REQUIRE(redact_stream({}, text_options(3), ends));
  BOOST_TEST(ends.output == "Thanks,\n\n[NAME]\nThanks,\nOlga\n");
}

BOOST_AUTO_TEST_CASE(models_read_only_where_names_can_be) {
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += "2026-01-31T10:20:30Z INFO cache evicted " + std::to_string(1000 + i) + " entries\n";
  const std::string named = "WARN crm callback requested by Olga Petrov, order ";
  for (int i = 0; i < 20; ++i)
    text += named + std::to_string(1000 + i) + "\n";
  const auto with = shipped_models();
  memory_ends ends{blocks_of(text, {64})};
  const auto done = redact_stream(with, text_options(1), ends);
  BOOST_REQUIRE(done);
  BOOST_TEST(done->stats.asked_texts == 20U);
  BOOST_TEST(done->stats.read_texts == 1U); // digits apart, they are the same
  BOOST_TEST(ends.output.find("Olga") == std::string::npos);
  BOOST_TEST(ends.output.find("Petrov") == std::string::npos);
  BOOST_TEST(ends.output.find("evicted 1000 entries") != std::string::npos);

  auto thorough = text_options(2);
  thorough.wanted.thorough = true;
  memory_ends again{blocks_of(text, {7})};
  const auto all = redact_stream(with, thorough, again);
  BOOST_REQUIRE(all);
  BOOST_TEST(all->stats.asked_texts == 220U);
  BOOST_TEST(again.output == ends.output);
}

BOOST_AUTO_TEST_CASE(labels_and_thresholds) {
  const auto with = shipped_models();
  const auto redacted = [&](settings wanted) {
    auto options = text_options(1);
    options.wanted = std::move(wanted);
    memory_ends ends{blocks_of("My name is Oscar Eriksson, write to oscar@example.org.\n", {})};
    BOOST_REQUIRE(redact_stream(with, options, ends));
    return ends.output;
  };
  BOOST_TEST(redacted({}) == "My name is [GIVEN_NAME] [SURNAME], write to [EMAIL].\n");
  settings surname;
  surname.labels = {"SURNAME"};
  BOOST_TEST(redacted(surname) == "My name is Oscar [SURNAME], write to oscar@example.org.\n");
  settings strict;
  strict.threshold = 1.0;
  BOOST_TEST(redacted(strict) == "My name is Oscar Eriksson, write to [EMAIL].\n");
  strict.thresholds["SURNAME"] = 0.1;
  BOOST_TEST(redacted(strict).find("Eriksson") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(errors_ends_and_stops) {
  const auto blocks = blocks_of("a@example.org\nb@example.org\nc@example.org\n", {1});
  memory_ends broken{blocks};
  broken.failure = error{std::make_error_code(std::errc::io_error), "disk"};
  const auto failed = redact_stream({}, text_options(2), broken);
  BOOST_REQUIRE(!failed);
  BOOST_TEST(failed.error().context == "disk");
  BOOST_TEST(broken.output == "[EMAIL]\n[EMAIL]\n[EMAIL]\n"); // what came before it is out

  memory_ends closed{blocks};
  closed.closes_after = 1;
  BOOST_TEST(
      (redact_stream({}, text_options(2), closed)->outcome == stream_outcome::output_closed));
  BOOST_TEST(closed.output == "[EMAIL]\n");

  memory_ends stopped{blocks};
  stopped.stops = true;
  BOOST_TEST((redact_stream({}, text_options(2), stopped)->outcome == stream_outcome::stopped));
  BOOST_TEST(stopped.output == "");

  memory_ends empty{{}};
  BOOST_TEST((redact_stream({}, text_options(1), empty)->outcome == stream_outcome::done));
}

/// Each line in one piece; a step that is quadratic in it would take hours, and the test's timeout ends it.
BOOST_AUTO_TEST_CASE(hostile_lines_take_linear_time) {
  constexpr std::size_t size_bytes = std::size_t{1} << 20;
  for (const std::string unit :
       {"a@b.cc ", "From: A <a@b.cc>, ", "A. ", "Olga ", "aaaaaaaa-", "10:20:30 ", "1.1.1.1 ", "O'",
        "12 St ", "\xe4\xb8\xad", ", OR ", "Dear ", "> "})
    BOOST_TEST_CONTEXT("repeated: " << unit) {
      std::string text = "From: ";
      while (text.size() < size_bytes)
        text += unit;
      memory_ends ends{{{.bytes = text + "\n"}}};
      const auto done = redact_stream({}, text_options(1), ends);
      BOOST_REQUIRE(done);
      BOOST_TEST(done->stats.lines == 1U);
    }
}

/// The model's side of it without a model: parts, what is read of them, and the gate.
BOOST_AUTO_TEST_CASE(hostile_lines_are_prepared_in_linear_time) {
  constexpr std::size_t size_bytes = std::size_t{4} << 20;
  for (const std::string unit : {"a@b.cc ", "x ", "1", "ab", "\xe4\xb8\xad"}) {
    std::string line;
    while (line.size() < size_bytes)
      line += unit;
    auto settled = agents::merge_spans(line, agents::find_pii(line));
    std::span<const pii_span> rest{settled};
    for (const auto part : parts_of(line, settled, defaults::part_bytes)) {
      while (!rest.empty() && rest.front().bytes.end <= part.start)
        rest = rest.subspan(1);
      BOOST_TEST_REQUIRE(model_text(line, part, rest).text().size() <= part.end - part.start + 16);
    }
  }
}

BOOST_AUTO_TEST_CASE(models_that_do_not_load) {
  const auto missing = load_models("/nonexistent", {}, {});
  BOOST_REQUIRE(!missing);
  BOOST_TEST(missing.error().message().find("/nonexistent") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::pii
