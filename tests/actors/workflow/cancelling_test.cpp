// Runs that are to be cancelled and wait for what agents have.
#include "actors/workflow/stored_cancel.hpp"
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_cancelling)

namespace {

const failure broken{"x.broken", "no more", true};

const std::string pair_of_steps = "name: w\nsteps:\n"
                                  "  a: { agent: files.list, compensate: { agent: files.list } }\n"
                                  "  b: { agent: files.list }\n"
                                  "  c: { agent: files.list, needs: [a], when: \"true\" }\n"
                                  "  d: { wait: 1h }\n"
                                  "  e: { signal: go }\n";

bool refused(driver& run, decltype(event::what) what) {
  return !run.state.apply({run.state.version() + 1, run.now, std::move(what)});
}

/// Waits for both, or for the first alone.
driver cancelling(bool both) {
  driver run{load(pair_of_steps), {}};
  std::vector<std::uint64_t> awaited{run.current({"a", 0}).token};
  if (both) awaited.push_back(run.current({"b", 0}).token);
  run.record(run_cancelling{"enough", at(30), awaited});
  return run;
}

} // namespace

BOOST_AUTO_TEST_CASE(nothing_is_begun_and_what_is_awaited_counts) {
  driver run = cancelling(true);
  BOOST_TEST(run.state.cancelling());
  BOOST_TEST((run.state.cancel_due() == at(30)));
  run.complete({"a", 0}, listing(0)); // what needs it is not decided
  BOOST_TEST(run.state.cancelling());
  run.fail({"b", 0}, broken);
  BOOST_TEST(run.state.compensating());
  run.complete({"a", 0, true}, listing(0));
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(run.state.summary().cancel_reason() == "enough");
  BOOST_TEST(run.waits.empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_awaited_is_abandoned_at_once) {
  driver run{load(pair_of_steps), {}};
  const attempt_id other = run.current({"b", 0});
  run.record(run_cancelling{"enough", at(30), {run.current({"a", 0}).token}});
  BOOST_TEST(!run.state.is_current(other));
  BOOST_TEST(refused(run, step_completed{other, listing(0)}));
  run.fail({"a", 0}, broken);
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_CANCELLED);
}

BOOST_AUTO_TEST_CASE(its_end_may_come_before_the_answers) {
  driver run = cancelling(true);
  run.record(run_cancelled{"enough"});
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(run.state.in_flight().empty());
}

BOOST_AUTO_TEST_CASE(a_new_owner_waits_for_nothing) {
  driver run = cancelling(true);
  run.record(run_recovered{"next"});
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_CANCELLED);
  driver half = cancelling(true);
  half.complete({"a", 0}, listing(0));
  half.record(run_recovered{"next"});
  BOOST_TEST(half.state.compensating());
}

BOOST_AUTO_TEST_CASE(other_things_do_not_happen_meanwhile) {
  driver run{load(pair_of_steps), {}};
  const auto a = run.current({"a", 0});
  BOOST_TEST(refused(run, run_cancelling{"x", at(30), {77}}));
  run.record(run_cancelling{"enough", at(30), {a.token}});
  BOOST_TEST(refused(run, run_cancelling{"again", at(30), {}}));
  BOOST_TEST(refused(run, timer_fired{{"d", 0}}));
  BOOST_TEST(refused(run, step_timed_out{{"e", 0}, broken}));
  BOOST_TEST(refused(run, step_decided{{"c", 0}, false}));
  BOOST_TEST(refused(run, run_completed{}));
  BOOST_TEST(refused(run, run_timed_out{broken}));
  run.send("go"); // kept for nobody
  BOOST_TEST(run.state.cancelling());
}

BOOST_AUTO_TEST_CASE(force_ends_it_wherever_it_stands) {
  for (const bool compensating : {false, true})
    BOOST_TEST_CONTEXT(compensating) {
      driver run = cancelling(true);
      run.complete({"a", 0}, listing(0));
      if (compensating) run.record(run_compensating{std::nullopt, "enough"});
      if (compensating) BOOST_TEST(refused(run, run_cancelled{"enough"}));
      run.record(run_cancelled{"enough", true});
      BOOST_TEST(run.state.status() == v1::RUN_STATUS_CANCELLED);
      BOOST_TEST(run.state.in_flight().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_wish_is_kept_in_one_text) {
  const cancel_request cases[] = {{"r", "why"},
                                  {"r", ""},
                                  {"r", "", 30s, false},
                                  {"r", "because \x1f of it", 1ms, true},
                                  {"r", "x", 0ms, true}};
  for (const cancel_request& each : cases) {
    const auto again = cancel_from_text("r", stored_text(each));
    BOOST_TEST(again.run_id == "r");
    BOOST_TEST(again.reason == each.reason);
    BOOST_TEST((again.grace == each.grace));
    BOOST_TEST(again.force == each.force);
  }
  BOOST_TEST(stored_text({"r", "as ever"}) == "as ever");
  for (const std::string odd : {"\x1f", "\x1f-5\x1fx", "\x1fmany\x1fx",
                                "\x1f"
                                "99999999999999999999\x1fx"})
    BOOST_TEST(cancel_from_text("r", odd).reason == odd);
}

BOOST_AUTO_TEST_SUITE_END()
