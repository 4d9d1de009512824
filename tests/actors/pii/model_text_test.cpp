#include "actors/pii/model_text.hpp"

#include "actors/agents/pii_rules.hpp"
#include "actors/agents/redaction.hpp"
#include "actors/pii/answer_cache.hpp"
#include "actors/pii/block_lines.hpp"
#include "actors/pii/line_parts.hpp"
#include "actors/pii/noise.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

namespace troupe::pii {
namespace {

model_text whole(const std::string& line) {
  return {line, {0, line.size()}, agents::merge_spans(line, agents::find_pii(line))};
}

BOOST_AUTO_TEST_SUITE(pii_model_text)

BOOST_AUTO_TEST_CASE(what_a_model_reads) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"2026-01-31T10:20:30.123Z INFO  crm  callback by Olga Kim, phone +1 212-555-0100",
       "INFO crm callback by Olga Kim, phone phone"},
      {"Jan 31 10:20:30 mail to ana@example.org from 192.0.2.7", "mail to mail from host"},
      {"session=f6ae28652eb6fa7c done", "session=id done"},
      {"id 123e4567-e89b-12d3-a456-426614174000", "id id"},
      {"742 Maple Street, 62704", "242 Maple Street, 24242"},
      {"  a\t\tb  ", "a b"},
      {"", ""},
      {"31/Jan/2026:10:20:30 +0000] x", "] x"},
  };
  for (const auto& [line, expected] : cases)
    BOOST_TEST_CONTEXT(line) {
      BOOST_TEST(whole(line).text() == expected);
    }
}

BOOST_AUTO_TEST_CASE(places_lead_back_to_the_line) {
  const std::string line = "10:20:30 by  Olga Kim <olga@example.org> Leeds";
  const auto made = whole(line);
  const auto back = [&](const std::string& part) {
    const auto at = made.text().find(part);
    const auto [start, end] = made.to_line({at, at + part.size()});
    return line.substr(start, end - start);
  };
  BOOST_TEST(back("Olga Kim") == "Olga Kim");
  BOOST_TEST(back("Leeds") == "Leeds");
  BOOST_TEST(back("mail> Leeds") == "> Leeds"); // what stands in for an address is not the line's
  BOOST_TEST(back("mail") == "");
}

BOOST_AUTO_TEST_CASE(time_stamps_and_ids) {
  for (const auto* stamp :
       {"2026-01-31T10:20:30Z", "2026-01-31 10:20:30,123", "2026-01-31T10:20:30.5+01:00",
        "Jan  3 10:20:30", "10:20:30.123", "31/Jan/2026:10:20:30 +0100", "2026/01/31 10:20:30"})
    BOOST_TEST_CONTEXT(stamp) {
      BOOST_TEST(time_stamp_length(stamp, 0) == std::string_view{stamp}.size());
    }
  for (const auto* other : {"2026-01-31", "10:20", "10:20:30x", "Jan 31", "", "1:2:3"})
    BOOST_TEST_CONTEXT(other) {
      BOOST_TEST(time_stamp_length(other, 0) == 0U);
    }
  for (const auto* id : {"f6ae28652eb6", "0xf6ae28652eb6", "123e4567-e89b-12d3-a456-426614174000"})
    BOOST_TEST_CONTEXT(id) {
      BOOST_TEST(hex_id_length(id, 0) == std::string_view{id}.size());
    }
  for (const auto* other : {"f6ae2865", "123456789012", "deadbeefcafe", "f6ae28652eb6z", "facade"})
    BOOST_TEST_CONTEXT(other) {
      BOOST_TEST(hex_id_length(other, 0) == 0U);
    }
}

BOOST_AUTO_TEST_CASE(long_lines_are_cut_between_sentences) {
  const std::string line = "One sentence here. Another, with Olga Kim in it; and more of it yet";
  BOOST_TEST(safe_cut(line, 30) == 19U);
  BOOST_TEST(safe_cut("aaaaaaaaaaaaaaaa", 10) == 10U);
  BOOST_TEST(safe_cut("4111 1111 aaaa bbbb cc", 12) == 10U);
  std::size_t end = 0;
  for (const auto part : parts_of(line, {}, 30)) {
    BOOST_TEST(part.start == end);
    end = part.end;
  }
  BOOST_TEST(end == line.size());
  const std::vector<pii_span> settled{{"URL", {10, 60}}};
  BOOST_TEST(parts_of(line, settled, 30).front().end == 60U);
}

BOOST_AUTO_TEST_CASE(the_cache_is_bounded_and_exact) {
  answer_cache cache{10'000};
  for (int i = 0; i < 1'000; ++i)
    cache.add("text " + std::to_string(i), {{"CITY", 0.5, 0, static_cast<std::size_t>(i)}});
  int known = 0;
  for (int i = 0; i < 1'000; ++i)
    if (const auto* found = cache.find("text " + std::to_string(i))) {
      ++known;
      BOOST_TEST(found->front().end == static_cast<std::size_t>(i));
    }
  BOOST_TEST(known > 0);
  BOOST_TEST(known < 200);
  BOOST_TEST(cache.find("text") == nullptr);
}

BOOST_AUTO_TEST_CASE(lines_keep_their_ends) {
  const std::string bytes = "a\r\n\nb\xff\nlast\r";
  const block_lines lines{bytes, 7};
  std::string again;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = lines.line(i, {});
    again += line.bytes;
    again += line.end;
    BOOST_TEST(line.number == 7 + i);
    BOOST_TEST(line.replaced_sequences == (i == 2 ? 1U : 0U));
  }
  BOOST_TEST(again == bytes);
  BOOST_TEST(lines.texts()[2] == "b\uFFFD");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::pii
