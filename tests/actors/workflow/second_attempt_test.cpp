// Two attempts of one instance at a time, and attempts that give their place up: the machine.
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/replay_check.hpp"
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_second_attempts)

namespace {

const failure busy{"x.busy", "later", true};

const std::string watched =
    "name: w\nsteps:\n"
    "  a: { agent: files.list, speculate: { after: 2x }, preemptible: true, "
    "retry: { maximum_attempts: 2 } }\n"
    "  b: { agent: files.list, needs: [a] }\n";

/// A run of `watched` with both attempts of `a` in flight.
struct pair_run : driver {
  attempt_id first, second;
  explicit pair_run(const std::string& yaml = watched) : driver{load(yaml), {}} {
    first = current({"a", 0});
    second = speculate(first);
  }
  bool refuses(decltype(event::what) what) {
    return !state.apply({state.version() + 1, now, std::move(what)});
  }
  [[nodiscard]] v1::StepSummary step() const { return state.summary().steps(0); }
  void check_replay() const {
    std::vector<v1::Event> wire;
    for (const event& each : history)
      wire.push_back(encode(each));
    const auto found = first_divergence(wire);
    BOOST_TEST(!found, (found ? found->recorded + " | " + found->expected + found->why : ""));
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(the_first_that_completes_counts_and_the_other_does_not) {
  for (const bool first_wins : {true, false})
    BOOST_TEST_CONTEXT(first_wins) {
      pair_run run;
      BOOST_TEST(run.second.attempt == 2u);
      BOOST_TEST(run.second.token > run.first.token);
      BOOST_TEST((run.state.other_of(run.first) == run.second));
      BOOST_TEST((run.state.other_of(run.second) == run.first));
      const auto& [winner, loser] =
          first_wins ? std::tie(run.first, run.second) : std::tie(run.second, run.first);
      run.complete_attempt(winner, listing(1));
      BOOST_TEST(!run.state.is_current(loser));
      BOOST_TEST(run.refuses(step_completed{loser, listing(2)}));
      BOOST_TEST(run.refuses(run.state.judge(loser, busy, run.now)));
      BOOST_TEST(run.step().status() == v1::STEP_STATUS_COMPLETED);
      BOOST_TEST(run.step().attempts() == 2u);
      BOOST_TEST(run.step().second_attempts() == 1u);
      BOOST_TEST((run.state.in_flight() == std::vector{run.current({"b", 0})}));
      run.complete_all();
      run.check_replay();
    }
}

BOOST_AUTO_TEST_CASE(a_failure_waits_for_the_other_one) {
  for (const bool first_fails : {true, false})
    BOOST_TEST_CONTEXT(first_fails) {
      pair_run run;
      const auto& [loser, winner] =
          first_fails ? std::tie(run.first, run.second) : std::tie(run.second, run.first);
      const step_failed judged = run.state.judge(loser, {"x.broken", "", false}, run.now);
      BOOST_TEST(judged.other_goes_on);
      BOOST_TEST(!judged.retry_time);
      run.record(judged);
      BOOST_TEST(run.step().status() == v1::STEP_STATUS_RUNNING);
      BOOST_TEST((run.state.in_flight() == std::vector{winner}));
      BOOST_TEST((run.state.attempt_of({"a", 0}) == winner));
      BOOST_TEST(!run.state.is_current(loser));
      run.complete_attempt(winner, listing(0));
      BOOST_TEST(run.step().status() == v1::STEP_STATUS_COMPLETED);
      BOOST_TEST(!run.step().has_failure());
      run.complete_all();
      run.check_replay();
    }
}

BOOST_AUTO_TEST_CASE(both_failures_count_as_one) {
  pair_run run;
  run.fail_attempt(run.first, busy);
  run.fail_attempt(run.second, busy);
  BOOST_TEST(run.step().status() == v1::STEP_STATUS_BACKING_OFF);
  BOOST_REQUIRE(run.waits.size() == 1u);
  run.fire(0);
  BOOST_TEST(run.current({"a", 0}).attempt == 3u);
  run.fail({"a", 0}, busy); // the second failure of two that may be
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
  run.check_replay();
}

BOOST_AUTO_TEST_CASE(another_one_may_begin_beside_the_one_that_is_left) {
  for (const bool first_fails : {true, false})
    BOOST_TEST_CONTEXT(first_fails) {
      pair_run run;
      run.fail_attempt(first_fails ? run.first : run.second, busy);
      const attempt_id left = run.current({"a", 0});
      const attempt_id third = run.speculate(left);
      BOOST_TEST(third.attempt == 3u);
      BOOST_TEST(run.state.in_flight().size() == 2u);
      run.complete_attempt(left, listing(0));
      BOOST_TEST(!run.state.is_current(third));
      BOOST_TEST(run.step().second_attempts() == 2u);
      BOOST_TEST(run.state.second_attempts() == 2u);
    }
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  pair_run run;
  const attempt_id third{{"a", 0}, 3, run.second.token + 1};
  BOOST_TEST(run.refuses(step_speculated{third, 2})); // two are enough
  step_failed wrong = run.state.judge(run.first, busy, run.now);
  wrong.other_goes_on = false;
  BOOST_TEST(run.refuses(wrong));
  run.fail_attempt(run.first, busy);
  BOOST_TEST(run.refuses(step_speculated{{{"a", 0}, 3, run.second.token}, 2}));     // an old token
  BOOST_TEST(run.refuses(step_speculated{{{"a", 0}, 3, run.second.token + 7}, 2})); // one ahead
  BOOST_TEST(run.refuses(step_speculated{third, 1}));                               // it has failed
  BOOST_TEST(run.refuses(step_speculated{{{"z", 0}, 3, run.second.token + 1}, 2}));
  run.complete_attempt(run.second, listing(0));
  const attempt_id b = run.current({"b", 0});
  BOOST_TEST(!run.state.may_have_second(b)); // its step does not say so
  BOOST_TEST(run.refuses(step_speculated{{{"b", 0}, 2, b.token + 1}, 1}));
  BOOST_TEST(run.refuses(step_preempted{b}));
}

BOOST_AUTO_TEST_CASE(a_new_owner_begins_with_one) {
  for (const bool one_failed : {false, true})
    BOOST_TEST_CONTEXT(one_failed) {
      pair_run run;
      if (one_failed) run.fail_attempt(run.second, busy);
      run.record(run_recovered{"next"});
      BOOST_TEST(run.state.in_flight().size() == 1u);
      const attempt_id again = run.current({"a", 0});
      BOOST_TEST(again.attempt == 3u);
      BOOST_TEST(!run.state.is_current(run.first));
      BOOST_TEST(!run.state.is_current(run.second));
      BOOST_TEST(run.state.may_have_second(again));
      run.complete_all();
      run.check_replay();
    }
}

BOOST_AUTO_TEST_CASE(cancelling_waits_for_both_or_for_one) {
  pair_run both;
  both.record(run_cancelling{"enough", at(30), {both.first.token, both.second.token}});
  BOOST_TEST(!both.state.may_have_second(both.first));
  both.fail_attempt(both.second, busy);
  BOOST_TEST(both.state.cancelling());
  both.fail_attempt(both.first, busy);
  BOOST_TEST(both.state.status() == v1::RUN_STATUS_CANCELLED);
  for (const bool first : {true, false})
    BOOST_TEST_CONTEXT(first) {
      pair_run one;
      const auto& [kept, lost] =
          first ? std::tie(one.first, one.second) : std::tie(one.second, one.first);
      one.record(run_cancelling{"enough", at(30), {kept.token}});
      BOOST_TEST(!one.state.is_current(lost));
      BOOST_TEST(one.state.cancelling());
      one.complete_attempt(kept, listing(0));
      BOOST_TEST(one.state.status() == v1::RUN_STATUS_CANCELLED);
      one.check_replay();
    }
  pair_run none;
  none.record(run_cancelling{"enough", at(30), {}});
  BOOST_TEST(none.state.status() == v1::RUN_STATUS_CANCELLED);
}

BOOST_AUTO_TEST_CASE(a_completed_pair_is_undone_once) {
  pair_run run{
      "name: w\nsteps:\n  a: { agent: files.list, speculate: { after: 1s, idempotent: true "
      "}, compensate: { agent: files.list } }\n  b: { agent: files.list, needs: [a], retry: "
      "{ maximum_attempts: 1 } }\n"};
  run.complete_attempt(run.second, listing(0));
  run.fail({"b", 0}, busy);
  BOOST_TEST(run.state.compensating());
  const attempt_id undo = run.current({"a", 0, true});
  BOOST_TEST(!run.state.may_have_second(undo));
  BOOST_TEST(!run.state.may_be_preempted(undo));
  run.complete({"a", 0, true}, listing(0));
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
  run.check_replay();
}

BOOST_AUTO_TEST_CASE(one_that_gives_its_place_up_is_tried_again_and_has_not_failed) {
  driver run{load("name: w\nsteps:\n  list: { agent: files.list }\n  a: { agent: files.read, "
                  "for_each: \"${steps.list.files}\", parallelism: 1, preemptible: true, retry: { "
                  "maximum_attempts: 1 }, input: { path: \"${item.path}\" } }\n"),
             {}};
  run.complete({"list", 0}, listing(2));
  for (std::uint32_t i = 1; i <= 3; ++i) {
    const attempt_id now = run.current({"a", 0}); // before others of its step
    BOOST_TEST(now.attempt == i);
    run.record(step_preempted{now, listing(i), "other/x/0"});
    BOOST_TEST(!run.state.is_current(now));
    BOOST_TEST(run.state.preemptions_of({"a", 0}) == i);
    BOOST_TEST(
        dynamic_cast<const v1::ListFilesReply&>(*run.state.details_of({"a", 0})).files_size() ==
        static_cast<int>(i));
  }
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(run.state.summary().steps(1).attempts() == 4u);
  BOOST_TEST(run.state.summary().steps(1).preemptions() == 3u);
}

BOOST_AUTO_TEST_CASE(of_two_one_may_give_its_place_up) {
  pair_run run;
  run.record(step_preempted{run.second, nullptr, "other/x/0"});
  BOOST_TEST((run.state.in_flight() == std::vector{run.first}));
  run.record(step_preempted{run.first, nullptr, "other/x/0"});
  BOOST_TEST(run.current({"a", 0}).attempt == 3u);
  run.complete_all();
  run.check_replay();
}

BOOST_AUTO_TEST_CASE(a_run_that_ends_preempts_nothing) {
  pair_run run;
  run.record(run_cancelling{"enough", at(30), {run.first.token, run.second.token}});
  BOOST_TEST(run.refuses(step_preempted{run.first}));
}

BOOST_AUTO_TEST_CASE(both_events_survive_the_wire) {
  pair_run run;
  attempt_timing timing;
  timing.started = run.now;
  timing.ran = 5s;
  run.record(step_preempted{run.second, listing(1), "other/x/0", timing});
  const auto begun = must(decode(encode(run.history[2])));
  const auto& speculated = std::get<step_speculated>(begun.what);
  BOOST_TEST((speculated.attempt == run.second));
  BOOST_TEST(speculated.beside == 1u);
  BOOST_TEST((speculated.ran == 3s));
  BOOST_TEST((speculated.allowed == 2s));
  const auto ended = must(decode(encode(run.history[3])));
  const auto& preempted = std::get<step_preempted>(ended.what);
  BOOST_TEST(preempted.needed_by == "other/x/0");
  BOOST_TEST((preempted.timing == timing));
  BOOST_TEST(dynamic_cast<const v1::ListFilesReply&>(*preempted.details).files_size() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
