// What a history says of where a run's time went.
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/insight/insight.hpp"
#include "tests/actors/workflow/driver.hpp"

#include <boost/test/data/test_case.hpp>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_insight)

namespace {

constexpr const char* two_steps = R"(
name: w
steps:
  a: { agent: files.list, resources: { cpu: 2 } }
  b: { agent: files.list, needs: [a] }
)";

/// A run on a node with two cores.
struct timed_run : driver {
  explicit timed_run(const std::string& yaml, const std::string& resources = "cpu=2",
                     std::uint32_t slots = 4) {
    record(run_started{
        "r",
        load(yaml),
        {},
        0,
        std::nullopt,
        {},
        run_host{"small", *scheduling::make_resources(*scheduling::parse_resources(resources)),
                 slots, "me"}});
  }
  void pass(duration time) { now += time; }
  /// What the attempt did, all of it behind each other and up to now.
  [[nodiscard]] attempt_timing timing(duration ran, duration places = 0s,
                                      duration resources = 0s) const {
    attempt_timing made;
    made.started = now - ran;
    made.ran = ran;
    made.slot_wait = places;
    made.resource_wait = resources;
    return made;
  }
  void done(const instance_id& instance, attempt_timing how) {
    auto reply = answer(**state.request(instance));
    record(step_completed{current(instance), std::move(reply), std::move(how)});
  }
  void failed(const instance_id& instance, attempt_timing how) {
    step_failed made = state.judge(current(instance), {"test.failed", "it did", true}, now);
    made.timing = std::move(how);
    record(std::move(made));
  }
  [[nodiscard]] run_insight insight() const { return must(analyse(history)); }
};

using texts = std::vector<std::string>;

/// `resources 1.5s/1s`: on the chain, and of the gap.
texts parts(const run_insight& of) {
  texts made;
  const auto text = [](duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  };
  for (const gap_part& each : of.gap)
    made.push_back(std::string{name_of(each.why)} + " " + text(each.on_chain) + "/" +
                   text(each.gap));
  return made;
}

texts names(const std::vector<instance_id>& of) {
  texts made;
  for (const auto& each : of)
    made.push_back(each.step + std::to_string(each.index));
  return made;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_chain_without_waits_has_no_gap) {
  timed_run run{two_steps};
  run.pass(2s);
  run.done({"a"}, run.timing(2s));
  run.pass(3s);
  run.done({"b"}, run.timing(3s));
  const auto found = run.insight();
  BOOST_TEST(found.closed);
  BOOST_TEST(found.measured);
  BOOST_TEST((found.makespan == 5s));
  BOOST_TEST((found.bound.value() == 5s));
  BOOST_TEST((found.bound.binds == run_bound::kind::critical_path));
  BOOST_TEST(names(found.bound.path) == (texts{"a0", "b0"}));
  BOOST_TEST(names(found.chain) == (texts{"a0", "b0"}));
  BOOST_TEST(found.gap.empty());
  BOOST_TEST((*found.find({"b"})->ready == 2s));
  BOOST_TEST(found.find({"b"})->after->step == "a");
  BOOST_TEST(found.find({"a"})->attempts[0].node_class == "small");
  BOOST_TEST(found.find({"a"})->attempts[0].owner == "me");
}

BOOST_AUTO_TEST_CASE(waits_failures_and_back_off_are_the_gap) {
  timed_run run{two_steps};
  run.pass(3s); // 1 s for resources, 500 ms for the commit, the rest of 1.5 s at work
  run.failed({"a"}, run.timing(1500ms, 0s, 1s));
  run.fire(0); // a second of back-off
  run.pass(2s);
  run.done({"a"}, run.timing(2s));
  run.pass(4s);
  auto late = run.timing(3s, 500ms);
  late.ran = 2500ms; // its answer waited for the engine
  run.done({"b"}, late);
  const auto found = run.insight();
  BOOST_TEST((found.makespan == 10s));
  BOOST_TEST((found.bound.value() == 4500ms));
  BOOST_TEST(parts(found) ==
                 (texts{"failed_attempts 1500/1500", "resources 1000/1000", "back_off 1000/1000",
                        "commit 1000/1000", "places 500/500", "engine 500/500"}),
             boost::test_tools::per_element());
  const auto& a = *found.find({"a"});
  BOOST_TEST(a.attempts.size() == 2u);
  BOOST_TEST(a.attempts[0].why->type == "test.failed");
  BOOST_TEST((a.attempts[0].outcome == attempt_outcome::failed));
  BOOST_TEST(a.phases.size() == 5u);
  BOOST_TEST((a.phases[3].kind == phase_kind::back_off));
}

BOOST_AUTO_TEST_CASE(of_two_attempts_the_one_that_was_waited_for_counts) {
  const std::string watched =
      "name: w\nsteps: { a: { agent: files.list, speculate: { after: 2x } } }\n";
  const auto kinds = [](const instance_insight& of) {
    texts made;
    for (const phase& each : of.phases)
      made.push_back(std::string{name_of(each.kind)} + " " + std::to_string(each.attempt));
    return made;
  };
  for (const bool second_wins : {true, false})
    BOOST_TEST_CONTEXT(second_wins) {
      timed_run run{watched};
      run.pass(5s);
      const attempt_id first = run.current({"a"});
      const attempt_id second = run.speculate(first);
      run.pass(2s);
      const attempt_id& winner = second_wins ? second : first;
      run.record(step_completed{winner, listing(0), run.timing(second_wins ? 2s : 7s)});
      const auto found = run.insight();
      const auto& a = *found.find({"a"});
      BOOST_REQUIRE(a.attempts.size() == 2u);
      BOOST_TEST((a.attempts[second_wins ? 1 : 0].outcome == attempt_outcome::completed));
      BOOST_TEST((a.attempts[second_wins ? 0 : 1].outcome == attempt_outcome::superseded));
      BOOST_TEST((*a.attempts[second_wins ? 0 : 1].ended == 7s));
      BOOST_TEST(a.attempts[1].beside == 1u);
      BOOST_TEST((a.attempts[1].beside_ran == 3s));
      BOOST_TEST((a.attempts[1].allowed == 2s));
      BOOST_TEST(kinds(a) == (second_wins ? texts{"superseded_attempts 1", "running 2"}
                                          : texts{"running 1"}),
                 boost::test_tools::per_element());
      BOOST_TEST((found.bound.value() == (second_wins ? 2s : 7s)));
    }
  timed_run run{watched};
  run.pass(5s);
  const attempt_id first = run.current({"a"});
  const attempt_id second = run.speculate(first);
  run.pass(1s);
  run.fail_attempt(first, {"test.failed", "it did", true});
  run.pass(1s);
  run.record(step_completed{second, listing(0), run.timing(2s)});
  const auto found = run.insight();
  BOOST_TEST(kinds(*found.find({"a"})) == (texts{"failed_attempts 1", "running 2"}),
             boost::test_tools::per_element());
  BOOST_TEST((found.find({"a"})->attempts[0].outcome == attempt_outcome::failed));
}

BOOST_AUTO_TEST_CASE(a_place_that_was_given_up_is_named) {
  timed_run run{"name: w\nsteps: { a: { agent: files.list, preemptible: true } }\n"};
  run.pass(3s);
  run.record(step_preempted{run.current({"a"}), nullptr, "other/b/0", run.timing(3s)});
  run.pass(2s);
  run.done({"a"}, run.timing(2s));
  const auto found = run.insight();
  const auto& a = *found.find({"a"});
  BOOST_REQUIRE(a.attempts.size() == 2u);
  BOOST_TEST((a.attempts[0].outcome == attempt_outcome::preempted));
  BOOST_TEST(a.attempts[0].needed_by == "other/b/0");
  BOOST_TEST(parts(found) == texts{"preempted_attempts 3000/3000"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(work_over_resources_binds_where_all_want_the_same) {
  timed_run run{R"(
name: w
steps:
  a: { agent: files.list, resources: { cpu: 2 } }
  b: { agent: files.list, resources: { cpu: 2 } }
  c: { agent: files.list, resources: { cpu: 1 } }
)"};
  run.pass(2s);
  run.done({"a"}, run.timing(2s));
  run.pass(2s);
  run.done({"b"}, run.timing(2s, 0s, 2s));
  run.pass(3s);
  run.done({"c"}, run.timing(2s, 0s, 4s)); // kept waiting for a second more than it had to
  const auto found = run.insight();
  BOOST_TEST((found.bound.binds == run_bound::kind::work));
  BOOST_TEST(found.bound.resource == "cpu");
  BOOST_TEST((found.bound.value() == 5s)); // 2 + 2 + 1 core seconds each
  BOOST_TEST((found.bound.critical_path == 2s));
  BOOST_TEST(names(found.chain) == (texts{"c0"}));
  // Three of the four seconds for resources are in the bound.
  BOOST_TEST(parts(found) == (texts{"resources 4000/1000", "commit 1000/1000"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(few_places_bind_too) {
  timed_run run{"name: w\nsteps: { a: { agent: files.list }, b: { agent: files.list } }", "cpu=2",
                1};
  run.pass(2s);
  run.done({"a"}, run.timing(2s));
  run.pass(2s);
  run.done({"b"}, run.timing(2s, 2s));
  const auto found = run.insight();
  BOOST_TEST(found.bound.resource == "places");
  BOOST_TEST((found.bound.value() == 4s));
  BOOST_TEST((found.gap_total() == 0s));
}

BOOST_AUTO_TEST_CASE(a_capacity_that_cannot_be_true_is_no_bound) {
  timed_run run{two_steps, "cpu=1"}; // the step held two
  run.pass(2s);
  run.done({"a"}, run.timing(2s));
  run.done({"b"}, run.timing(0s));
  const auto found = run.insight();
  BOOST_TEST((found.bound.value() == 2s));
  BOOST_TEST((found.bound.binds == run_bound::kind::critical_path));
}

BOOST_AUTO_TEST_CASE(timers_signals_and_parallelism_are_named) {
  timed_run run{R"(
name: w
steps:
  nap: { wait: 5s }
  go: { signal: go, needs: [nap] }
  list: { agent: files.list, needs: [go] }
  each: { agent: files.read, for_each: '${steps.list.files}', parallelism: 1, input: { path: '${item.path}' } }
)"};
  run.fire_timer(0);
  run.pass(2s);
  run.send("go");
  run.pass(1s);
  run.done({"list"}, run.timing(1s));
  for (std::uint32_t i = 0; i < 3; ++i) {
    run.pass(1s);
    run.done({"each", i}, run.timing(1s));
  }
  const auto found = run.insight();
  BOOST_TEST((found.makespan == 11s));
  BOOST_TEST(names(found.chain) == (texts{"nap0", "go0", "list0", "each2"}));
  BOOST_TEST((found.bound.value() == 2s));
  BOOST_TEST(parts(found) ==
                 (texts{"timers 5000/5000", "parallelism 2000/2000", "signals 2000/2000"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(lost_attempts_are_named_and_the_next_owner_too) {
  timed_run run{two_steps};
  run.pass(3s);
  run.record(run_recovered{"next", run_host{"large", {}, 8, ""}});
  run.pass(1s);
  run.done({"a"}, run.timing(1s));
  run.done({"b"}, run.timing(0s));
  const auto found = run.insight();
  BOOST_TEST(parts(found) == (texts{"lost_attempts 3000/3000"}));
  const auto& attempts = found.find({"a"})->attempts;
  BOOST_TEST((attempts[0].outcome == attempt_outcome::lost));
  BOOST_TEST(attempts[1].owner == "next");
  BOOST_TEST(attempts[1].node_class == "large");
}

BOOST_AUTO_TEST_CASE(what_follows_a_failure_is_compensation) {
  timed_run run{R"(
name: w
steps:
  a: { agent: files.read, input: { path: x }, compensate: { agent: files.read, input: { path: y } } }
  b: { agent: files.list, needs: [a], retry: { maximum_attempts: 1 } }
)"};
  run.pass(1s);
  run.done({"a"}, run.timing(1s));
  run.pass(2s);
  run.failed({"b"}, run.timing(2s));
  run.pass(4s);
  run.done({"a", 0, true}, run.timing(4s));
  const auto found = run.insight();
  BOOST_TEST((found.status == v1::RUN_STATUS_FAILED));
  BOOST_TEST((found.bound.value() == 1s));
  BOOST_TEST(parts(found) == (texts{"compensation 4000/4000", "failed_attempts 2000/2000"}),
             boost::test_tools::per_element());
  BOOST_TEST(found.find({"a"})->compensations.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_run_names_what_it_gave_up) {
  timed_run run{two_steps};
  run.pass(2s);
  run.record(run_cancelled{"enough"});
  const auto found = run.insight();
  BOOST_TEST(parts(found) == (texts{"abandoned_attempts 2000/2000"}));
  BOOST_TEST((found.find({"a"})->attempts[0].outcome == attempt_outcome::abandoned));
  BOOST_TEST(!found.find({"b"})->ready.has_value());
}

BOOST_AUTO_TEST_CASE(an_older_history_gives_what_it_can) {
  driver run{load(two_steps), {}};
  run.now += 2s;
  run.complete({"a"});
  run.now += 1s;
  run.complete({"b"});
  const auto found = must(analyse(run.history));
  BOOST_TEST(!found.measured);
  BOOST_TEST((found.bound.value() == 3s));
  BOOST_TEST(!found.bound.work.has_value());
}

BOOST_AUTO_TEST_CASE(a_run_at_work_says_what_each_instance_waits_for) {
  timed_run run{R"(
name: w
steps:
  a: { agent: files.list }
  b: { agent: files.list, needs: [a] }
  go: { signal: go }
  nap: { wait: 1h }
)"};
  run.pass(3s);
  const auto found = must(analyse(run.history, run.now + 7s));
  BOOST_TEST(!found.closed);
  BOOST_TEST((found.makespan == 10s));
  const auto wait = [&](const char* step) { return *found.find({step})->waits; };
  BOOST_TEST(name_of(wait("a").why) == "attempt");
  BOOST_TEST(name_of(wait("b").why) == "dependencies");
  BOOST_TEST(wait("b").names == texts{"a"});
  BOOST_TEST(name_of(wait("go").why) == "signal");
  BOOST_TEST(wait("go").names == texts{"go"});
  BOOST_TEST(name_of(wait("nap").why) == "timer");
  BOOST_TEST((wait("nap").due == run.history[0].time + 1h));
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_does_not_make_time_negative) {
  timed_run run{two_steps};
  run.pass(2s);
  run.done({"a"}, run.timing(2s));
  run.now -= 3600s;
  run.done({"b"}, run.timing(1s));
  const auto found = run.insight();
  BOOST_TEST((found.makespan == 2s));
  BOOST_TEST((found.bound.value() == 2s));
}

BOOST_AUTO_TEST_CASE(timings_and_hosts_survive_the_wire) {
  attempt_timing how;
  how.started = at(1.5);
  how.ran = 2500ms;
  how.slot_wait = 1ms;
  how.resource_wait = 2ms;
  how.missing = {"cpu", "license"};
  how.request_bytes = 77;
  timed_run run{two_steps, "cpu=2,license=3"};
  run.done({"a"}, how);
  const auto done = must(decode(encode(run.history[2])));
  BOOST_TEST((std::get<step_completed>(done.what).timing == how));
  const auto first = must(decode(encode(run.history[0])));
  const auto& started = std::get<run_started>(first.what);
  BOOST_TEST((started.host == std::get<run_started>(run.history[0].what).host));
  BOOST_TEST(scheduling::format_resources(started.host->resources) == "cpu=2,license=3");
}

BOOST_AUTO_TEST_SUITE_END()
