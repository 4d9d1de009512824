// Several logs as one stream: the order of lines, lines without a time, lines that are not whole yet.
#include "cluster/launch/log_stream.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

namespace {

/// Logs in memory, read a few bytes at a time.
struct logs_in_memory {
  std::vector<std::string> texts;
  std::size_t most = 7;

  log_stream stream() {
    std::vector<log_stream::source> sources;
    for (std::size_t i = 0; i < texts.size(); ++i)
      sources.push_back({std::to_string(i), [this, i](std::uint64_t from, std::size_t limit) {
                           const auto part = texts[i].substr(from, std::min(limit, most));
                           return result<log_part>{log_part{part, from + part.size()}};
                         }});
    return log_stream{std::move(sources)};
  }
};

std::vector<std::string> drained(log_stream& of, bool whole = false) {
  std::vector<std::string> all;
  for (auto line = of.next(whole); line && *line; line = of.next(whole))
    all.push_back(of.source_of(**line).name + ":" + (*line)->text);
  return all;
}

BOOST_AUTO_TEST_SUITE(launch_log_stream)

BOOST_AUTO_TEST_CASE(the_time_of_a_line) {
  using namespace std::chrono;
  const auto moment = sys_days{2026y / 11 / 27} + 22h + 46min + 51s;
  const std::vector<std::pair<std::string, microseconds>> cases{
      {"2026-11-27T22:46:51Z info x", 0us},
      {"2026-11-27 22:46:51.123 UTC [7] LOG:  x", 123'000us},
      {"[2026-11-27 22:46:51.123456789] [info] x", 123'456us},
      {R"({"level":"info","time":"2026-11-27T22:46:51.5Z"})", 500'000us},
      {R"({"time": "2026-11-27T22:46:51Z"})", 0us}};
  for (const auto& [line, fraction] : cases)
    BOOST_TEST((time_of_line(line) == moment + fraction), line);
  for (const char* line :
       {"", "x", "2026-13-27T22:46:51Z", "2026-02-30T22:46:51Z", "2026-11-27T24:00:00Z",
        "2026-11-27", "{\"time\":7}", "{\"at\":\"2026-11-27T22:46:51Z\"}", "{", "["})
    BOOST_TEST(!time_of_line(line).has_value(), line);
}

BOOST_AUTO_TEST_CASE(lines_come_in_the_order_of_their_times) {
  logs_in_memory logs{
      {"2026-01-01T00:00:01Z a\n  of a\n2026-01-01T00:00:04Z d\n", "",
       "2026-01-01T00:00:02Z b\n2026-01-01T00:00:03Z c\nof c\n\n2026-01-01T00:00:05Z e"}};
  auto stream = logs.stream();
  const std::vector<std::string> expected{"0:2026-01-01T00:00:01Z a",
                                          "0:  of a",
                                          "2:2026-01-01T00:00:02Z b",
                                          "2:2026-01-01T00:00:03Z c",
                                          "2:of c",
                                          "2:",
                                          "0:2026-01-01T00:00:04Z d",
                                          "2:2026-01-01T00:00:05Z e"};
  BOOST_TEST(drained(stream) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_line_that_grows_waits_until_it_is_whole) {
  logs_in_memory logs{{"2026-01-01T00:00:01Z half"}};
  auto stream = logs.stream();
  BOOST_TEST(drained(stream, true).empty());
  logs.texts[0] += " of it\nnext";
  BOOST_TEST(
      (drained(stream, true) == std::vector<std::string>{"0:2026-01-01T00:00:01Z half of it"}));
  BOOST_TEST((drained(stream, false) == std::vector<std::string>{"0:next"}));
}

BOOST_AUTO_TEST_CASE(a_line_without_end_does_not_fill_the_memory) {
  logs_in_memory logs{{std::string(3 * launch_defaults::log_bytes, 'x')},
                      launch_defaults::log_bytes};
  auto stream = logs.stream();
  const auto lines = drained(stream, true);
  std::size_t total = 0;
  for (const auto& each : lines)
    total += each.size() - 2;
  BOOST_TEST(total == logs.texts[0].size());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_told) {
  log_stream stream{{{"a", [](auto, auto) -> result<log_part> {
                        return fail(launch_errc::provider_failed, "gone");
                      }}}};
  BOOST_TEST(stream.next(false).error().context == "gone");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
