// Attempts that give their places up for those of a higher priority.
#include "actors/scheduling/learning/cost_learner.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_preempt)

namespace {

using texts = std::vector<std::string>;

engine_options places(std::size_t count, const std::string& resources = "cpu=64") {
  engine_options made;
  made.max_attempts_in_flight = count;
  made.resources = *scheduling::make_resources(*scheduling::parse_resources(resources));
  return made;
}

const std::string yields = ", preemptible: true, retry: { maximum_attempts: 1 }";

message_ptr progress(const std::string& where) {
  auto made = std::make_shared<v1::ReadFileReply>();
  made->set_name(where);
  return made;
}

std::string where(const message_ptr& details) {
  return details ? dynamic_cast<const v1::ReadFileReply&>(*details).name() : "nowhere";
}

const failure yielded{"x.yielded", "gave its place up", true};

void answer_at(engine_harness& engine, std::size_t which, reply<message_ptr> given) {
  auto flying = std::move(engine.attempts.at(which));
  engine.attempts.erase(engine.attempts.begin() + static_cast<std::ptrdiff_t>(which));
  flying.then(std::move(given));
  engine.turn();
}

/// The agents that were asked end.
void yield_asked(engine_harness& engine) {
  for (std::size_t i = 0; i < engine.attempts.size(); ++i)
    if (engine.attempts[i].request.pulse->preempted())
      return answer_at(engine, i, tl::unexpected(yielded));
  BOOST_FAIL("nobody was asked");
}

/// By their runs.
texts asked(const engine_harness& engine) {
  texts made;
  for (const auto& each : engine.attempts)
    if (each.request.pulse->preempted())
      made.push_back(
          each.request.idempotency_key.substr(0, each.request.idempotency_key.find('/')));
  return made;
}

void check_nothing_left(const engine_harness& engine) {
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
  BOOST_TEST(engine.core->timers_armed() == 0u);
  BOOST_TEST(engine.core->resources().grants().size() == 0u);
}

} // namespace

BOOST_FIXTURE_TEST_CASE(the_place_goes_to_the_urgent_one_and_the_work_goes_on_later,
                        engine_fixture) {
  engine_harness engine{open(), places(1)};
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "low"));
  const auto pulse = engine.attempts.front().request.pulse;
  BOOST_TEST(!pulse->preempted());
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 10));
  BOOST_TEST(pulse->preempted());
  BOOST_TEST(!pulse->cancelled()); // who does not look goes on
  BOOST_TEST(pulse->beat(progress("half way")).has_value());
  yield_asked(engine);
  BOOST_TEST(engine.started == (texts{"low/a/0", "high/a/0"}), boost::test_tools::per_element());
  const auto given = std::ranges::find_if(
      engine.committed, [](const v1::Event& each) { return each.has_step_preempted(); });
  BOOST_REQUIRE((given != engine.committed.end()));
  BOOST_TEST(given->step_preempted().needed_by() == "high/a/0");
  answer_at(engine, 0, listing(0));
  BOOST_TEST(engine.summary("high").status() == v1::RUN_STATUS_COMPLETED);
  BOOST_REQUIRE(engine.attempts.size() == 1u);
  BOOST_TEST(where(engine.attempts.front().request.pulse->last_details()) == "half way");
  BOOST_TEST(!engine.attempts.front().request.pulse->preempted());
  answer_at(engine, 0, listing(0));
  const auto summary = engine.summary("low");
  BOOST_TEST(summary.status() == v1::RUN_STATUS_COMPLETED); // with one attempt that may fail
  BOOST_TEST(summary.steps(0).attempts() == 2u);
  BOOST_TEST(summary.steps(0).preemptions() == 1u);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(only_lower_priorities_that_say_so_are_asked, engine_fixture) {
  engine_harness engine{open(), places(3)};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "unwilling", -50));
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "equal", 10));
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "above", 20));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 10));
  BOOST_TEST(asked(engine) == texts{}, boost::test_tools::per_element());
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "higher", 15));
  BOOST_TEST(asked(engine) == texts{"equal"}, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(the_lowest_and_then_the_latest_is_asked, engine_fixture) {
  engine_harness engine{open(), places(4)};
  for (const auto& [run, priority] :
       {std::pair{"early", -5}, {"middle", 0}, {"late", -5}, {"last", 0}}) {
    BOOST_REQUIRE(engine.submit(lone_step(yields), {}, run, priority));
    engine.now += 1s;
  }
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 10));
  BOOST_TEST(asked(engine) == texts{"late"}, boost::test_tools::per_element());
  // The one that was asked is on its way: the same need asks nobody else.
  engine.turn();
  BOOST_TEST(asked(engine) == texts{"late"}, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(as_few_as_it_takes_give_their_resources_up, engine_fixture) {
  engine_harness engine{open(), places(64, "cpu=8")};
  const auto with = [](const std::string& cpu) {
    return lone_step(", resources: { cpu: " + cpu + " }" + yields);
  };
  BOOST_REQUIRE(engine.submit(with("5"), {}, "large"));
  engine.now += 1s;
  BOOST_REQUIRE(engine.submit(with("1"), {}, "small"));
  engine.now += 1s;
  BOOST_REQUIRE(engine.submit(with("2"), {}, "fair"));
  BOOST_REQUIRE(engine.submit(lone_step(", resources: { cpu: 5 }"), {}, "high", 10));
  BOOST_TEST(asked(engine) == texts{"large"}, boost::test_tools::per_element());
  yield_asked(engine);
  BOOST_TEST(engine.started.back() == "high/a/0");
  engine.go_on();
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(nobody_is_disturbed_in_vain, engine_fixture) {
  engine_harness engine{open(), places(64, "cpu=8")};
  BOOST_REQUIRE(engine.submit(lone_step(", resources: { cpu: 2 }" + yields), {}, "low"));
  BOOST_REQUIRE(engine.submit(lone_step(", resources: { cpu: 5 }"), {}, "firm"));
  BOOST_REQUIRE(engine.submit(lone_step(", resources: { cpu: 4 }"), {}, "high", 10));
  BOOST_TEST(asked(engine) == texts{}, boost::test_tools::per_element()); // not enough with both
}

BOOST_FIXTURE_TEST_CASE(one_instance_is_asked_so_often, engine_fixture) {
  engine_options options = places(1);
  options.max_preemptions = 2;
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "low"));
  for (const std::string run : {"h1", "h2"}) {
    BOOST_REQUIRE(engine.submit(lone_step(""), {}, run, 10));
    yield_asked(engine);
    BOOST_TEST(engine.started.back() == run + "/a/0");
    answer_at(engine, 0, listing(0));
    BOOST_TEST(engine.started.back() == "low/a/0");
  }
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "h3", 10));
  BOOST_TEST(asked(engine) == texts{}, boost::test_tools::per_element());
  engine.go_on();
  BOOST_TEST(engine.summary("low").steps(0).preemptions() == 2u);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(who_was_asked_may_complete_or_fail_as_ever, engine_fixture) {
  for (const std::string how : {"completes", "fails", "late"})
    BOOST_TEST_CONTEXT(how) {
      engine_harness engine{open(how + ".db"), places(1)};
      BOOST_REQUIRE(
          engine.submit(lone_step(yields + ", timeouts: { start_to_close: 60s }"), {}, "low"));
      BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 10));
      if (how == "completes") answer_at(engine, 0, listing(0));
      if (how == "fails")
        answer_at(engine, 0, tl::unexpected(failure{"x.broken", "for good", false}));
      if (how == "late") engine.wait_until(at(60));
      BOOST_TEST((engine.summary("low").status() ==
                  (how == "completes" ? v1::RUN_STATUS_COMPLETED : v1::RUN_STATUS_FAILED)));
      BOOST_TEST(engine.summary("low").steps(0).preemptions() == 0u);
      BOOST_TEST(engine.started.back() == "high/a/0");
    }
}

BOOST_FIXTURE_TEST_CASE(who_does_not_look_is_passed_over, engine_fixture) {
  engine_harness engine{open(), places(2)};
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "other", -5));
  engine.now += 1s;
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "deaf", -10));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 10));
  BOOST_TEST(asked(engine) == texts{"deaf"}, boost::test_tools::per_element());
  engine.wait_until(engine.now + 11s);
  BOOST_TEST(asked(engine) == (texts{"other", "deaf"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_run_that_is_cancelled_preempts_nothing, engine_fixture) {
  engine_harness engine{open(), places(1)};
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "low"));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 10));
  engine.core->cancel("low", {"enough", 30s}, [](const result<cancellation>&) {});
  engine.turn();
  yield_asked(engine);
  BOOST_TEST(engine.summary("low").status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(engine.summary("low").steps(0).preemptions() == 0u);
  BOOST_TEST(engine.started.back() == "high/a/0");
}

BOOST_FIXTURE_TEST_CASE(who_waits_for_nothing_any_more_disturbs_nobody, engine_fixture) {
  engine_harness engine{open(), places(1)};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "firm", -5));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 10));
  engine.core->cancel("high", {"enough", 0s}, [](const result<cancellation>&) {});
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "low"));
  answer_at(engine, 0, listing(0));
  BOOST_TEST(engine.started.back() == "low/a/0");
  BOOST_TEST(asked(engine) == texts{}, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_new_owner_knows_of_it, engine_fixture) {
  {
    engine_harness engine{open(), places(1)};
    BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "low"));
    BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 10));
    BOOST_TEST(engine.attempts.front().request.pulse->beat(progress("here")).has_value());
    yield_asked(engine);
  }
  engine_harness next{open("s.db", at(1)), places(1)};
  next.now = at(1);
  BOOST_REQUIRE(next.core->resume("low"));
  next.turn();
  next.turn();
  BOOST_REQUIRE(next.attempts.size() == 1u);
  BOOST_TEST(where(next.attempts.front().request.pulse->last_details()) == "here");
  BOOST_TEST(next.summary("low").steps(0).preemptions() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_part_of_the_work_is_not_learnt_as_the_whole, engine_fixture) {
  engine_options options = places(1);
  options.costs = std::make_shared<scheduling::cost_learner>();
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "low"));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 10));
  yield_asked(engine);
  answer_at(engine, 0, listing(0)); // of the urgent one: that is learnt
  const auto before = options.costs->estimate({"files.list", "", "w/a"});
  answer_at(engine, 0, listing(0));
  BOOST_TEST(engine.summary("low").status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(options.costs->estimate({"files.list", "", "w/a"}).weight == before.weight);
}

BOOST_FIXTURE_TEST_CASE(places_that_the_bound_of_repeats_leaves_are_asked_for_too, engine_fixture) {
  engine_options few = places(8);
  few.max_uncommitted = 1;
  engine_harness engine{open(), few};
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "low"));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "high", 10));
  BOOST_TEST(asked(engine) == texts{"low"}, boost::test_tools::per_element());
  yield_asked(engine);
  BOOST_TEST(engine.started == (texts{"low/a/0", "high/a/0"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(nobody_is_asked_for_one_that_its_own_run_holds_back, engine_fixture) {
  engine_harness engine{open(), places(2)};
  BOOST_REQUIRE(engine.submit(lone_step(yields), {}, "low"));
  BOOST_REQUIRE(
      engine.submit(load("name: w\nmax_uncommitted: 1\nsteps:\n  a: { agent: files.list }\n"
                         "  b: { agent: files.list }\n"),
                    {}, "high", 10));
  BOOST_TEST(engine.attempts.size() == 2u);
  BOOST_TEST(asked(engine).empty());
  BOOST_REQUIRE(
      engine.submit(lone_step(""), {}, "next", 5)); // this one's place is worth asking for
  BOOST_TEST(asked(engine) == texts{"low"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
