// What is shown of a run, and which of its waits.
#include "tools/troupe/top_run_look.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::cli;
using troupe::workflow::node_snapshot;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(tools_top_run_look)

namespace {

const std::chrono::system_clock::time_point now{std::chrono::seconds{1'800'000'000}};

top_wait waits_for(const std::string& step, const std::string& reason, std::chrono::seconds since,
                   std::optional<std::chrono::seconds> due_in = std::nullopt) {
  top_wait made;
  made.step = step;
  made.reason = reason;
  made.since = now - since;
  if (due_in) made.due = now + *due_in;
  return made;
}

std::vector<top_node> nodes_with(std::vector<node_snapshot::attempt> waiting,
                                 std::vector<node_snapshot::attempt> at_work) {
  top_node made;
  made.what.waiting = std::move(waiting);
  made.what.at_work = std::move(at_work);
  return {made};
}

top_wait chosen(std::vector<top_wait> waits, const std::vector<top_node>& nodes = {}) {
  run_look look;
  look.waits = std::move(waits);
  const auto made = choose_wait(look, "r", attempt_index{nodes}, now, 60s);
  BOOST_REQUIRE(made.has_value());
  return *made;
}

} // namespace

BOOST_AUTO_TEST_CASE(what_only_somebody_can_end_is_shown_first) {
  BOOST_TEST(chosen({waits_for("work", "attempt", 900s), waits_for("time", "timer", 800s, 10s),
                     waits_for("young", "signal", 5s), waits_for("old", "signal", 9s)})
                 .step == "old");
  BOOST_TEST(
      chosen({waits_for("work", "attempt", 900s), waits_for("time", "timer", 8s, 10s)}).step ==
      "time");
  BOOST_TEST(chosen({waits_for("b", "attempt", 9s), waits_for("a", "attempt", 90s)}).step == "a");
  // Whose time is over waits for its process.
  BOOST_TEST(chosen({waits_for("over", "timer", 8s, -1s), waits_for("s", "signal", 5s)}).step ==
             "over");
  BOOST_TEST(!choose_wait({}, "r", attempt_index{{}}, now, 60s));
}

BOOST_AUTO_TEST_CASE(an_alarm_is_of_what_is_old_and_has_no_time_to_come) {
  BOOST_TEST(chosen({waits_for("s", "signal", 61s)}).alarm);
  BOOST_TEST(!chosen({waits_for("s", "signal", 59s)}).alarm);
  BOOST_TEST(!chosen({waits_for("t", "timer", 3'600s, 5s)}).alarm);
  BOOST_TEST(chosen({waits_for("t", "timer", 3'600s, -5s)}).alarm);
  BOOST_TEST(chosen({waits_for("a", "attempt", 3'600s)}).alarm);
}

BOOST_AUTO_TEST_CASE(a_process_tells_waiting_and_working_attempts_apart) {
  const auto nodes =
      nodes_with({{"r", "queue", 2, 1, false, now - 30s, "resources", "cpu 1 of 1 taken"},
                  {"other", "work", 0, 1, false, now, "slot", ""}},
                 {{"r", "work", 0, 1, false, now - 50s, "files.list/default", "cpu=1"}});
  auto queue = waits_for("queue", "attempt", 40s);
  queue.index = 2;
  const top_wait made = chosen({waits_for("work", "attempt", 100s), queue}, nodes);
  BOOST_TEST(made.step == "queue");
  BOOST_TEST(made.reason == "resources");
  BOOST_TEST(made.detail == "cpu 1 of 1 taken");
  BOOST_TEST((made.since == now - 30s));
  const top_wait work = chosen({waits_for("work", "attempt", 100s)}, nodes);
  BOOST_TEST(work.reason == "at_work");
  BOOST_TEST(work.detail == "files.list/default");
  BOOST_TEST(!work.alarm);
  BOOST_TEST(chosen({waits_for("unknown", "attempt", 100s)}, nodes).reason == "attempt");
  BOOST_TEST(attempt_index{nodes}.runs() == (std::vector<std::string>{"other", "r"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_undoes_a_step_is_not_taken_for_it) {
  const auto nodes =
      nodes_with({}, {{"r", "work", 0, 1, true, now - 50s, "files.list/default", ""}});
  BOOST_TEST(chosen({waits_for("work", "attempt", 100s)}, nodes).reason == "attempt");
}

BOOST_AUTO_TEST_SUITE_END()
