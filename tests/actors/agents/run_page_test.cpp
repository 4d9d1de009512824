#include "actors/agents/run_page.hpp"
#include "tests/actors/agents/html_check.hpp"
#include "tests/actors/workflow/driver.hpp"

namespace troupe::agents {
namespace {

using namespace troupe::test;
using namespace std::chrono_literals;
using agents::test::complaint;
using agents::test::times;
using agents::test::visible_text;

constexpr const char* hostile = "<script>alert(\"1\")</script> & '";

attempt_timing ran(time_point now, duration time) {
  attempt_timing made;
  made.started = now - time;
  made.ran = time;
  made.resource_wait = 1s;
  made.missing = {"cpu"};
  return made;
}

/// A run with a failed attempt, a fan-out and names that want to be markup.
driver hostile_run() {
  const auto workflow = load(R"(
name: w
steps:
  list: { agent: files.list }
  read: { agent: files.read, for_each: '${steps.list.files}', input: { path: '${item.path}' } }
)");
  driver run;
  run.record(
      run_started{"r", workflow, {}, 0, std::nullopt, {}, run_host{hostile, {}, 4, hostile}});
  run.now += 3s;
  step_failed failed = run.state.judge(run.current({"list"}), {hostile, hostile, true}, run.now);
  failed.timing = ran(run.now, 2s);
  run.record(std::move(failed));
  run.fire(0);
  run.now += 2s;
  run.record(step_completed{run.current({"list"}), listing(3), ran(run.now, 2s)});
  run.complete_all();
  return run;
}

std::string page_of(const driver& run) {
  const auto insight = must(workflow::analyse(run.history));
  const auto page = run_page(run.state.summary(), insight);
  BOOST_REQUIRE_MESSAGE(page, (page ? "" : page.error().message));
  return *page;
}

BOOST_AUTO_TEST_SUITE(agents_run_page)

BOOST_AUTO_TEST_CASE(is_well_formed_and_escapes_all_that_came_from_outside) {
  const auto page = page_of(hostile_run());
  BOOST_TEST(complaint(page) == "");
  BOOST_TEST(page.find("<script") == std::string::npos);
  const auto text = visible_text(page);
  BOOST_TEST(times(text, hostile) >= 2u); // where, failure
}

BOOST_AUTO_TEST_CASE(shows_graph_chart_bound_attempts_and_gap) {
  const auto page = page_of(hostile_run());
  for (const auto* part : {"<svg class=\"graph\"", "<svg class=\"time\"", "class=\"bound\"",
                           "id=\"gap\"", "id=\"attempts\"", "class=\"chain\""})
    BOOST_TEST(page.find(part) != std::string::npos, part);
  const auto text = visible_text(page);
  for (const auto* words : {"failed attempts", "back-off between attempts", "waiting for resources",
                            "for resources (cpu)", "read[2]", "Critical path"})
    BOOST_TEST(text.find(words) != std::string::npos, words);
  // Two attempts of the list, one of each file.
  BOOST_TEST(times(page, "<tr><th scope=\"row\" class=\"name\">") == 5u);
}

BOOST_AUTO_TEST_CASE(two_attempts_at_a_time_are_both_drawn) {
  driver run{load("name: w\nsteps:\n  a: { agent: files.list, speculate: { after: 2x }, "
                  "preemptible: true }\n"),
             {}};
  run.now += 5s;
  run.record(step_preempted{run.current({"a"}), nullptr, hostile, ran(run.now, 5s)});
  run.now += 5s;
  const attempt_id second = run.speculate(run.current({"a"}));
  run.now += 2s;
  run.complete_attempt(second);
  const auto page = page_of(run);
  BOOST_TEST(complaint(page) == "");
  BOOST_TEST(page.find("<script") == std::string::npos);
  for (const auto* words : {"a: attempt 2, superseded, 7 s from 5 s",
                            "a: attempt 3, completed, begun beside attempt 2, 2 s from 10 s",
                            "begun beside attempt 2, which had run 3 s and was late after 2 s",
                            "its place was needed by "})
    BOOST_TEST(page.find(words) != std::string::npos, words);
}

BOOST_AUTO_TEST_CASE(a_run_that_has_done_nothing_has_a_page_too) {
  driver run{load("name: w\nsteps: { a: { agent: files.list } }"), {}};
  const auto page = page_of(run);
  BOOST_TEST(complaint(page) == "");
  BOOST_TEST(visible_text(page).find("At work for") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_large_run_is_cut_and_says_so) {
  driver run{load(R"(
name: w
steps:
  list: { agent: files.list }
  read: { agent: files.read, for_each: '${steps.list.files}', input: { path: '${item.path}' } }
)"),
             {}};
  run.complete({"list"}, listing(1'500));
  run.complete_all();
  const auto page = page_of(run);
  BOOST_TEST(complaint(page) == "");
  const auto text = visible_text(page);
  BOOST_TEST(text.find("are drawn") != std::string::npos);
  BOOST_TEST(text.find("are shown, those that did not complete first") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::agents
