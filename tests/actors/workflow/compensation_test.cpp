// Runs that undo what they have done.
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_compensation)

namespace {

const failure broken{"x.broken", "no more", false};

/// Three reads that are undone by listings, then a step that may fail.
const std::string bookings =
    "name: w\nsteps:\n"
    "  list: { agent: files.list }\n"
    "  book: { agent: files.read, for_each: \"${steps.list.files}\", input: { path: "
    "\"${item.path}\" }, compensate: { agent: files.list, input: { folder: "
    "\"${steps.book.path} ${item.name} ${index}\" }, retry: { maximum_attempts: 2 } } }\n"
    "  pay: { agent: files.list, needs: [book], retry: { maximum_attempts: 1 } }\n";

driver booked(const std::vector<std::uint32_t>& order) {
  driver run{load(bookings), {}};
  run.complete({"list", 0}, listing(3));
  for (const std::uint32_t index : order)
    run.complete({"book", index});
  return run;
}

instance_id undoing(std::uint32_t index) {
  return {"book", index, true};
}

void check_in_flight(const driver& run, const std::vector<instance_id>& expected) {
  std::vector<instance_id> found;
  for (const attempt_id& each : run.state.in_flight())
    found.push_back(each.instance);
  BOOST_TEST((found == expected));
}

} // namespace

BOOST_AUTO_TEST_CASE(what_was_done_is_undone_in_reverse_order) {
  driver run = booked({1, 0, 2});
  run.fail({"pay", 0}, broken);
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPENSATING);
  for (const std::uint32_t index : {2u, 0u, 1u}) {
    check_in_flight(run, {undoing(index)}); // one after the other
    const auto request = run.state.request(undoing(index));
    const std::string i = std::to_string(index);
    BOOST_TEST(dynamic_cast<const v1::ListFilesRequest&>(**request).folder() ==
               "in/d" + i + " d" + i + " " + i);
    BOOST_TEST(run.state.idempotency_key(undoing(index)) == "r/book/" + i + "/compensate");
    run.complete(undoing(index));
  }
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
  const auto summary = run.state.summary();
  BOOST_TEST(summary.failure().type() == "x.broken");
  BOOST_TEST(summary.steps(1).status() == v1::STEP_STATUS_COMPLETED);
  BOOST_TEST(summary.steps(1).compensation().status() == v1::STEP_STATUS_COMPLETED);
  BOOST_TEST(!summary.steps(0).has_compensation());
}

BOOST_AUTO_TEST_CASE(only_what_completed_is_undone) {
  driver run = booked({1});
  run.fail({"book", 0}, broken); // while the third is at work
  check_in_flight(run, {undoing(1)});
  BOOST_TEST(run.state.summary().steps(3).status() == v1::STEP_STATUS_CANCELLED);
  run.complete(undoing(1));
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
}

BOOST_AUTO_TEST_CASE(without_anything_done_a_run_fails_at_once) {
  driver run = booked({});
  run.fail({"book", 0}, broken);
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
}

BOOST_AUTO_TEST_CASE(a_compensation_is_tried_again_and_its_failure_stops_no_other) {
  driver run = booked({0, 1, 2});
  run.fail({"pay", 0}, broken);
  run.fail(undoing(2), {"x.busy", "later", true});
  check_in_flight(run, {});
  BOOST_REQUIRE(run.waits.size() == 1u);
  BOOST_TEST(run.waits[0].instance.compensation);
  run.fire(0);
  check_in_flight(run, {undoing(2)});
  run.fail(undoing(2), {"x.busy", "never", true}); // the second of two
  check_in_flight(run, {undoing(1)});
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(run.state.compensation_failures() == "the compensation of book[2] failed: never");
  BOOST_TEST(run.state.summary().steps(3).compensation().status() == v1::STEP_STATUS_FAILED);
  BOOST_TEST(run.state.summary().steps(3).compensation().attempts() == 2u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_run_is_undone) {
  driver run = booked({0, 1});
  run.record(run_compensating{std::nullopt, "no longer wanted"});
  check_in_flight(run, {undoing(1)});
  run.fail(undoing(1), broken);
  run.complete(undoing(0));
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_CANCELLED);
  const auto summary = run.state.summary();
  BOOST_TEST(summary.cancel_reason() == "no longer wanted");
  BOOST_TEST(summary.failure().type() == "workflow.compensation_failed");
}

BOOST_AUTO_TEST_CASE(a_lost_compensation_is_tried_again_and_no_committed_one_repeated) {
  driver run = booked({0, 1});
  run.record(run_compensating{std::nullopt, "x"});
  run.complete(undoing(1));
  const auto lost = run.current(undoing(0));
  run.record(run_recovered{"next"});
  check_in_flight(run, {undoing(0)});
  BOOST_TEST(!run.state.is_current(lost));
  BOOST_TEST(run.current(undoing(0)).attempt == 2u);
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_CANCELLED);
}

BOOST_AUTO_TEST_CASE(a_wait_between_compensations_outlasts_its_owner) {
  driver run = booked({0});
  run.record(run_compensating{std::nullopt, "x"});
  run.fail(undoing(0), {"x.busy", "", true});
  run.record(run_recovered{"next"});
  BOOST_REQUIRE(run.waits.size() == 1u);
  run.fire(0);
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_CANCELLED);
}

BOOST_AUTO_TEST_CASE(events_that_do_not_fit_are_refused) {
  driver run = booked({0, 1});
  const auto refused = [&](const decltype(event::what)& what) {
    return !run.state.apply({run.state.version() + 1, run.now, what});
  };
  const auto at_work = run.current({"book", 2});
  BOOST_TEST(refused(run_compensating{run_failure{broken, at_work}, {}})); // nothing failed
  run.record(run_compensating{std::nullopt, "x"});
  BOOST_TEST(refused(run_compensating{std::nullopt, "x"}));
  BOOST_TEST(refused(run_cancelled{"x"})); // not yet
  BOOST_TEST(refused(run_failed{{broken, at_work}}));
  BOOST_TEST(refused(run_completed{}));
  BOOST_TEST(refused(step_completed{at_work, answer(v1::ReadFileRequest{})})); // abandoned
  BOOST_TEST(refused(step_completed{run.current(undoing(1)), answer(v1::ReadFileRequest{})}));
  BOOST_TEST(refused(step_scheduled{{undoing(0), 1, 99}}));
  BOOST_TEST(refused(step_retry_due{undoing(1), 2}));
  driver nothing = booked({});
  BOOST_TEST(!nothing.state.apply(
      {nothing.state.version() + 1, nothing.now, run_compensating{std::nullopt, "x"}}));
}

BOOST_AUTO_TEST_CASE(waits_and_signals_are_undone_as_well) {
  driver run{load("name: w\nsteps:\n"
                  "  ask: { signal: go, compensate: { agent: files.read, input: { path: "
                  "\"${steps.ask.by}\" } } }\n"
                  "  nap: { wait: 1s, compensate: { agent: files.read, input: { path: nap } } }\n"
                  "  last: { agent: files.list, needs: [ask, nap] }\n"),
             {}};
  run.fire_timer(0);
  run.send("go");
  run.fail({"last", 0}, broken);
  check_in_flight(run, {{"ask", 0, true}});
  run.complete({"ask", 0, true});
  check_in_flight(run, {{"nap", 0, true}});
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
}

BOOST_AUTO_TEST_CASE(a_reply_of_on_failure_was_not_done) {
  driver run{
      load("name: w\nsteps:\n"
           "  a: { agent: files.read, on_failure: { reply: { path: x } }, compensate: { agent: "
           "files.list } }\n"
           "  b: { agent: files.list, needs: [a] }\n"),
      {}};
  run.fail({"a", 0}, broken);
  run.fail({"b", 0}, broken);
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED); // there is nothing to undo
}

BOOST_AUTO_TEST_SUITE_END()
