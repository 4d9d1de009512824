// How 'troupe top' looks: widths, heights, order, escapes.
#include "tools/troupe/top_view.hpp"

#include "tools/troupe/terminal_text.hpp"
#include "tools/troupe/top_json.hpp"
#include "troupe/v1/run.pb.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::cli;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(tools_top_view)

namespace {

const std::chrono::system_clock::time_point now{std::chrono::seconds{1'800'000'000}};

top_run run_of(const std::string& id, std::chrono::seconds age, std::int32_t priority = 0) {
  top_run made;
  made.entry.run_id = id;
  made.entry.workflow = "w";
  made.entry.status = v1::RUN_STATUS_RUNNING;
  made.entry.started = now - age;
  made.looked_at = true;
  made.priority = priority;
  made.steps = 4;
  made.steps_done = 1;
  return made;
}

top_run waiting_run(const std::string& id, std::chrono::seconds age, std::chrono::seconds waits,
                    bool alarm = false) {
  top_run made = run_of(id, age);
  made.wait.emplace();
  made.wait->step = "ask";
  made.wait->reason = "signal";
  made.wait->since = now - waits;
  made.wait->detail = "approve";
  made.wait->alarm = alarm;
  return made;
}

top_state some_state(std::size_t runs) {
  top_state made;
  made.store = "sqlite:runs.db";
  made.time = now;
  made.window = 10min;
  made.totals.running = runs;
  made.totals.completed = 30;
  made.totals.runs_per_second = 1.25;
  made.totals.queued = {{"slot", 0}, {"resources", 12}};
  for (std::size_t i = 0; i < runs; ++i)
    made.runs.push_back(run_of(fmt::format("run-{:03}", i), 100s));
  top_node node;
  node.what.owner = "17-a";
  node.what.host = "host";
  node.what.process = 17;
  node.what.in_flight = 2;
  node.what.places = 256;
  node.what.resources = {{"cpu", 2'000, 1'500}, {"memory", 8ull << 30, 1ull << 30}};
  node.what.tenants = {{"acme", 3, 2, 10}, {"", 1, 0, 1}};
  node.what.keys = {{"api", 4, 1, now + 90s}};
  made.nodes.push_back(node);
  made.failures.push_back({run_of("broken", 50s).entry, "files.not_found", "no such file"});
  made.failures.back().run.closed = now - 20s;
  return made;
}

std::string text_of(const std::vector<styled_line>& lines) {
  std::string made;
  for (const auto& each : lines)
    made += each.text + "\n";
  return made;
}

std::string plain(const top_state& of) {
  return text_of(top_lines(of, {}));
}

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

std::vector<std::string> ids(std::vector<top_run> runs, top_order by) {
  sort_runs(runs, by);
  std::vector<std::string> made;
  for (const auto& each : runs)
    made.push_back(each.entry.run_id);
  return made;
}

using names = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(everything_is_there) {
  const std::string shown = plain(some_state(2));
  for (const char* words :
       {"sqlite:runs.db", "Runs:  2 running", "in 10m00s: 30 completed", "1.2/s closed",
        "waiting in processes: resources 12", "host:17", "2/256", "cpu 1.5/2", "memory 1GiB/8GiB",
        "acme", "(none)", "api", "1m30s", "run-000", "run-001", "1/4", "broken",
        "[files.not_found] no such file"})
    BOOST_TEST(has(shown, words), words << " in\n" << shown);
  BOOST_TEST(has(plain({}), "No runs are at work"));
}

BOOST_AUTO_TEST_CASE(spans_are_short) {
  const std::pair<std::chrono::nanoseconds, std::string> cases[] = {
      {-5s, "0ms"},          {250ms, "250ms"}, {59'999ms, "59s"},     {185s, "3m05s"},
      {2h + 10min, "2h10m"}, {98h, "4d02h"},   {24h * 365, "365d00h"}};
  for (const auto& [time, text] : cases)
    BOOST_TEST(short_span(time) == text);
}

BOOST_AUTO_TEST_CASE(a_screen_is_filled_and_never_exceeded) {
  for (const std::size_t height : {2u, 5u, 10u, 24u, 60u})
    for (const std::size_t width : {1u, 20u, 80u, 200u})
      for (const std::size_t runs : {0u, 1u, 100u})
        BOOST_TEST_CONTEXT(width << " x " << height << ", " << runs) {
          const auto lines = top_lines(some_state(runs), {width, height, top_order::age, "keys"});
          BOOST_TEST(lines.size() == height);
          BOOST_TEST(lines.back().text == cut("keys", width));
          for (const auto& each : lines)
            BOOST_TEST(columns_of(each.text) <= width);
        }
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_counted) {
  const auto lines = top_lines(some_state(100), {80, 40, top_order::age, "keys"});
  const std::string shown = text_of(lines);
  const auto listed = std::ranges::count_if(
      lines, [](const styled_line& each) { return each.text.starts_with("run-"); });
  BOOST_TEST(listed > 5);
  BOOST_TEST(has(shown, fmt::format("and {} more", 100 - listed)), shown);
  BOOST_TEST(has(shown, "broken")); // below the runs, however many there are
}

BOOST_AUTO_TEST_CASE(an_alarm_is_marked_also_without_colours) {
  top_state of = some_state(0);
  of.runs = {waiting_run("late", 500s, 400s, true), waiting_run("fine", 500s, 4s)};
  const auto lines = top_lines(of, {});
  const auto line_of = [&](const char* id) {
    return *std::ranges::find_if(
        lines, [&](const styled_line& each) { return each.text.starts_with(id); });
  };
  BOOST_TEST((line_of("late").style == line_style::alarm));
  BOOST_TEST(has(line_of("late").text, "6m40s!"));
  BOOST_TEST(has(line_of("late").text, "ask: signal (approve)"));
  BOOST_TEST((line_of("fine").style == line_style::plain));
  BOOST_TEST(!has(line_of("fine").text, "!"));
}

BOOST_AUTO_TEST_CASE(hostile_texts_do_not_reach_the_terminal) {
  const std::string hostile = "x\x1b[2J\x07\xc2\x9b\xe2\x80\xae\xff\n";
  top_state of = some_state(1);
  of.store = hostile;
  of.unreadable = {hostile};
  of.totals.queued[hostile] = 3;
  top_run& run = of.runs[0];
  run = waiting_run(hostile, 500s, 400s);
  run.entry.workflow = run.tenant = run.wait->detail = run.wait->step = run.wait->reason = hostile;
  auto& node = of.nodes[0].what;
  node.host = hostile;
  node.resources[0].name = hostile;
  node.tenants[0].name = node.keys[0].name = hostile;
  of.failures[0].run.run_id = of.failures[0].type = of.failures[0].message = hostile;
  for (const auto& line : top_lines(of, {})) {
    BOOST_TEST(printable(line.text) == line.text);
    BOOST_TEST(!has(line.text, "\xe2\x80\xae"));
  }
  const std::string json =
      top_json(of).dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  BOOST_TEST(std::ranges::all_of(json, [](char c) { return c >= 0x20 && c < 0x7f; }));
}

BOOST_AUTO_TEST_CASE(runs_are_sorted_as_asked) {
  std::vector<top_run> runs{run_of("young", 5s, 3), run_of("old", 500s, -1),
                            waiting_run("waits", 50s, 40s), waiting_run("alarm", 60s, 30s, true)};
  top_run unknown = run_of("unknown", 900s, 9);
  unknown.looked_at = false;
  runs.push_back(unknown);
  BOOST_TEST(ids(runs, top_order::age) == (names{"unknown", "old", "alarm", "waits", "young"}),
             boost::test_tools::per_element());
  BOOST_TEST(ids(runs, top_order::waiting) == (names{"alarm", "waits", "unknown", "old", "young"}),
             boost::test_tools::per_element());
  BOOST_TEST(ids(runs, top_order::priority) == (names{"young", "alarm", "waits", "old", "unknown"}),
             boost::test_tools::per_element());
  runs[0].entry.workflow = "a";
  BOOST_TEST(ids(runs, top_order::workflow).front() == "young");
  runs[1].entry.status = v1::RUN_STATUS_COMPENSATING;
  BOOST_TEST(ids(runs, top_order::status).front() == "old");
}

BOOST_AUTO_TEST_CASE(programs_get_all_of_it) {
  top_state of = some_state(1);
  of.runs[0] = waiting_run("r", 500s, 400s, true);
  const auto made = top_json(of);
  BOOST_TEST(made["totals"]["running"] == 1);
  BOOST_TEST(made["totals"]["steps_per_second"].is_null());
  BOOST_TEST(made["totals"]["queued"]["resources"] == 12);
  BOOST_TEST(made["nodes"][0]["resources"][0]["used"] == 1'500);
  BOOST_TEST(made["nodes"][0]["tenants"][0]["weight"] == 3.0);
  BOOST_TEST(made["runs"][0]["wait"]["why"] == "signal");
  BOOST_TEST(made["runs"][0]["wait"]["alarm"] == true);
  BOOST_TEST(made["runs"][0]["wait"]["seconds"] == 400.0);
  BOOST_TEST(made["failures"][0]["type"] == "files.not_found");
}

BOOST_AUTO_TEST_SUITE_END()
