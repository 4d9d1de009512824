// Second attempts beside those that take long: when they begin, what they may cost, and that one of the two counts.
#include "actors/scheduling/learning/cost_learner.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_second)

namespace {

using texts = std::vector<std::string>;

const std::string after_5s = ", speculate: { after: 5s }";

/// Answers one of those that agents have, not only the oldest.
void answer_at(engine_harness& engine, std::size_t which, reply<message_ptr> given = listing(1)) {
  auto flying = std::move(engine.attempts.at(which));
  engine.attempts.erase(engine.attempts.begin() + static_cast<std::ptrdiff_t>(which));
  flying.then(std::move(given));
  engine.turn();
}

reply<message_ptr> busy() {
  return tl::unexpected(failure{"x.busy", "later", true});
}

std::size_t count_of(const engine_harness& engine, bool (v1::Event::*is)() const) {
  return static_cast<std::size_t>(
      std::ranges::count_if(engine.committed, [&](const v1::Event& each) { return (each.*is)(); }));
}

std::size_t seconds_begun(const engine_harness& engine) {
  return count_of(engine, &v1::Event::has_step_speculated);
}

/// Answers what is left, late.
void check_nothing_left(engine_harness& engine) {
  const auto events = engine.committed.size();
  while (!engine.attempts.empty())
    answer_at(engine, 0);
  BOOST_TEST(engine.committed.size() == events);
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
  BOOST_TEST(engine.core->timers_armed() == 0u);
  BOOST_TEST(engine.core->resources().grants().size() == 0u);
  BOOST_TEST(engine.core->limits().holds() == 0u);
}

} // namespace

/// A run with both attempts of its one step in flight.
struct pair_in_flight : engine_fixture {
  engine_harness engine{open()};
  pair_in_flight() { begin(""); }
  void begin(const std::string& more) {
    BOOST_REQUIRE(engine.submit(lone_step(after_5s + more), {}));
    engine.wait_until(at(5));
    BOOST_REQUIRE(engine.attempts.size() == 2u);
  }
};

BOOST_FIXTURE_TEST_CASE(the_quick_second_one_counts_and_the_slow_one_is_told, pair_in_flight) {
  BOOST_TEST(engine.started == (texts{"r/a/0", "r/a/0"}), boost::test_tools::per_element());
  const v1::Event& begun = engine.committed.back();
  BOOST_REQUIRE(begun.has_step_speculated());
  BOOST_TEST(begun.step_speculated().beside() == 1u);
  BOOST_TEST(begun.step_speculated().ran().seconds() == 5);
  const auto slow = engine.attempts.front().request.pulse;
  BOOST_TEST(!slow->cancelled());
  answer_at(engine, 1, listing(7));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(slow->cancelled());
  BOOST_TEST(slow->abandoned());
  BOOST_TEST(engine.core->attempts_in_flight() == 1u); // its agent is at it
  BOOST_TEST(count_of(engine, &v1::Event::has_step_completed) == 1u);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(the_first_one_may_still_be_first, pair_in_flight) {
  const auto second = engine.attempts.back().request.pulse;
  answer_at(engine, 0);
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(second->abandoned());
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(who_loses_is_told_while_its_run_goes_on, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(
      engine.submit(load("name: w\nsteps:\n  a: { agent: files.list, speculate: { after: 5s "
                         "} }\n  b: { agent: files.list, needs: [a] }\n"),
                    {}));
  engine.wait_until(at(5));
  const auto slow = engine.attempts.front().request.pulse;
  answer_at(engine, 1);
  BOOST_TEST(slow->abandoned());
  BOOST_TEST(!engine.attempts.back().request.pulse->cancelled()); // of `b`
  answer_at(engine, 1);
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(a_failure_waits_for_the_other_one, pair_in_flight) {
  answer_at(engine, 0, busy());
  BOOST_TEST(engine.committed.back().step_failed().other_goes_on());
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  BOOST_TEST(engine.attempts.size() == 1u);
  answer_at(engine, 0);
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(two_failures_are_one_and_are_tried_again, pair_in_flight) {
  answer_at(engine, 1, busy());
  answer_at(engine, 0, busy());
  BOOST_TEST(!engine.committed.back().step_failed().other_goes_on());
  BOOST_TEST(engine.committed.back().step_failed().has_retry_time());
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.summary().steps(0).attempts() == 3u);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(both_are_told_and_waited_for_when_the_run_is_cancelled, pair_in_flight) {
  engine.core->cancel("r", {"enough", 30s}, [](const result<cancellation>&) {});
  engine.turn();
  BOOST_TEST(engine.committed.back().run_cancelling().tokens_size() == 2);
  for (const auto& each : engine.attempts) {
    BOOST_TEST(each.request.pulse->cancelled());
    BOOST_TEST(!each.request.pulse->abandoned());
  }
  answer_at(engine, 0, busy());
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  answer_at(engine, 0, busy());
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_CANCELLED);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(both_are_ended_at_once_without_grace, pair_in_flight) {
  engine.core->cancel("r", {"enough", 0s}, [](const result<cancellation>&) {});
  engine.turn();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_CANCELLED);
  for (const auto& each : engine.attempts)
    BOOST_TEST(each.request.pulse->abandoned());
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(a_new_owner_begins_with_one, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(lone_step(after_5s), {}));
    engine.wait_until(at(5));
    BOOST_REQUIRE(engine.attempts.size() == 2u);
  }
  engine_harness next{open("s.db", at(6))};
  next.now = at(6);
  BOOST_REQUIRE(next.core->resume("r"));
  next.turn();
  next.turn();
  BOOST_TEST(next.attempts.size() == 1u);
  next.wait_until(at(11)); // it may be late, too
  BOOST_TEST(next.attempts.size() == 2u);
  answer_at(next, 1);
  BOOST_TEST(next.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(next.summary().steps(0).attempts() == 4u);
  check_nothing_left(next);
}

BOOST_FIXTURE_TEST_CASE(timers_are_kept_for_each, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(after_5s + ", timeouts: { start_to_close: 8s }, retry: { "
                                                   "maximum_attempts: 1 }"),
                              {}));
  engine.wait_until(at(8)); // of the first
  BOOST_TEST(engine.committed.back().step_failed().other_goes_on());
  BOOST_TEST(engine.attempts.front().request.pulse->abandoned());
  BOOST_TEST(!engine.attempts.back().request.pulse->cancelled());
  engine.wait_until(at(13)); // of the second
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_FAILED);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(the_time_of_the_whole_step_ends_both, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(after_5s + ", timeouts: { schedule_to_close: 20s }"), {}));
  engine.wait_until(at(20));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(count_of(engine, &v1::Event::has_step_failed) == 2u);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(it_takes_nothing_from_those_that_wait, engine_fixture) {
  engine_options options;
  options.max_attempts_in_flight = 2;
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(lone_step(after_5s), {}, "slow"));
  for (const std::string run : {"r1", "r2", "r3"})
    BOOST_REQUIRE(engine.submit(lone_step(""), {}, run));
  engine.wait_until(at(9));
  BOOST_TEST(seconds_begun(engine) == 0u);
  for (int i = 0; i < 2; ++i)
    answer_at(engine, 1);
  BOOST_TEST(engine.started == (texts{"slow/a/0", "r1/a/0", "r2/a/0", "r3/a/0"}),
             boost::test_tools::per_element());
  BOOST_TEST(seconds_begun(engine) == 0u); // both places are taken
  answer_at(engine, 1);
  engine.turn();
  BOOST_TEST(engine.started.back() == "slow/a/0");
  BOOST_TEST(seconds_begun(engine) == 1u);
  answer_at(engine, 1);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(its_demand_and_its_keys_have_to_be_free, engine_fixture) {
  engine_options options;
  options.resources = *scheduling::make_resources(*scheduling::parse_resources("cpu=3"));
  const std::tuple<std::string, std::size_t> cases[] = {
      {", resources: { cpu: 2 }", 0},
      {", resources: { cpu: 1.5 }", 1},
      {", limits: [{ key: x, concurrency: 1 }]", 0},
      {", limits: [{ key: x, concurrency: 2 }]", 1},
      {", limits: [{ key: x, rate: 1/1h }]", 0},
      {", limits: [{ key: x, rate: 1/1h, burst: 2 }]", 1}};
  int number = 0;
  for (const auto& [more, begun] : cases)
    BOOST_TEST_CONTEXT(more) {
      engine_harness engine{open(std::to_string(++number) + ".db"), options};
      BOOST_REQUIRE(engine.submit(lone_step(after_5s + more), {}));
      engine.wait_until(at(30));
      BOOST_TEST(seconds_begun(engine) == begun);
      BOOST_TEST(engine.attempts.size() == 1 + begun);
      answer_at(engine, 0);
      BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
      check_nothing_left(engine);
    }
}

BOOST_FIXTURE_TEST_CASE(there_is_a_budget_of_a_run_and_of_the_node, engine_fixture) {
  const auto wide =
      load("name: w\nsteps:\n  list: { agent: files.list }\n  read: { agent: files.read, "
           "for_each: \"${steps.list.files}\", speculate: { after: 5s }, input: { path: "
           "\"${item.path}\" } }\n");
  const std::tuple<double, std::size_t, std::size_t> cases[] = {
      {0.1, 100, 3}, {0.01, 100, 1}, {1, 2, 2}, {1, 100, 30}, {0, 100, 0}, {1, 0, 0}};
  int number = 0;
  for (const auto& [share, per_run, begun] : cases)
    BOOST_TEST_CONTEXT(share << " " << per_run) {
      engine_options options;
      options.speculation = {share, per_run};
      engine_harness engine{open(std::to_string(++number) + ".db"), options};
      BOOST_REQUIRE(engine.submit(wide, {}));
      answer_at(engine, 0, listing(30));
      engine.turn();
      BOOST_REQUIRE(engine.attempts.size() == 30u);
      engine.wait_until(at(60));
      BOOST_TEST(seconds_begun(engine) == begun);
      BOOST_TEST(engine.attempts.size() == 30 + begun);
    }
}

BOOST_FIXTURE_TEST_CASE(what_a_run_has_spent_is_remembered, engine_fixture) {
  engine_options options;
  options.speculation.per_run = 1;
  {
    engine_harness engine{open(), options};
    BOOST_REQUIRE(engine.submit(lone_step(after_5s), {}));
    engine.wait_until(at(5));
    BOOST_REQUIRE(engine.attempts.size() == 2u);
  }
  engine_harness next{open("s.db", at(6)), options};
  next.now = at(6);
  BOOST_REQUIRE(next.core->resume("r"));
  next.wait_until(at(30));
  BOOST_TEST(next.attempts.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(what_is_late_is_learnt, engine_fixture) {
  const scheduling::cost_key key{"files.list", "", "w/a"};
  for (const int seen : {3, 20})
    BOOST_TEST_CONTEXT(seen) {
      engine_options options;
      options.costs = std::make_shared<scheduling::cost_learner>();
      for (int i = 0; i < seen; ++i)
        options.costs->observe(key, 4, 0);
      engine_harness engine{open(std::to_string(seen) + ".db"), options};
      BOOST_REQUIRE(engine.submit(lone_step(", speculate: { after: 2x }"), {}));
      engine.wait_until(at(7.9));
      BOOST_TEST(engine.attempts.size() == 1u);
      engine.wait_until(at(100));
      BOOST_TEST(engine.attempts.size() == (seen == 3 ? 1u : 2u)); // few do not say what is usual
      if (seen == 3) continue;
      BOOST_TEST(engine.committed.back().step_speculated().allowed().seconds() >= 8);
      const auto before = options.costs->estimate(key);
      const auto began = engine.now;
      engine.now += 4s;
      answer_at(engine, 1); // the hundred seconds of the other one are not learnt
      check_nothing_left(engine);
      BOOST_TEST((engine.now - began == 4s));
      const auto after = options.costs->estimate(key);
      BOOST_TEST(after.weight > before.weight);
      BOOST_TEST(after.weight < before.weight + 1.01);
    }
}

BOOST_FIXTURE_TEST_CASE(what_its_author_expects_stands_for_what_is_not_learnt, engine_fixture) {
  engine_options options;
  options.costs = std::make_shared<scheduling::cost_learner>();
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(lone_step(", cost: 10s, speculate: { after: 1x }"), {}));
  engine.wait_until(at(9.9));
  BOOST_TEST(engine.attempts.size() == 1u);
  engine.wait_until(at(100));
  BOOST_TEST(engine.attempts.size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(steps_that_say_nothing_have_one_attempt, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  engine.wait_until(at(500));
  BOOST_TEST(engine.attempts.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_share_that_is_none_is_refused, engine_fixture) {
  for (const double share : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    engine_options options;
    options.speculation.share = share;
    const auto refused = engine::start(
        known_agents{}, [](attempt_request, const responder&) {}, open(), options);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == workflow_errc::bad_input));
  }
}

BOOST_FIXTURE_TEST_CASE(none_begins_beyond_the_bound_of_repeats, engine_fixture) {
  engine_options few;
  few.max_uncommitted = 1;
  engine_harness engine{open(), few};
  BOOST_REQUIRE(engine.submit(lone_step(after_5s), {}));
  engine.wait_until(at(60));
  BOOST_TEST(seconds_begun(engine) == 0u);
  BOOST_REQUIRE(engine.attempts.size() == 1u);
  answer_at(engine, 0);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(none_begins_beyond_the_bound_of_its_run, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load("name: w\nmax_uncommitted: 1\nsteps:\n  a: { agent: files.list, "
                                   "speculate: { after: 5s } }\n"),
                              {}));
  engine.wait_until(at(60));
  BOOST_TEST(seconds_begun(engine) == 0u);
  answer_at(engine, 0);
  check_nothing_left(engine);
}

BOOST_AUTO_TEST_SUITE_END()
