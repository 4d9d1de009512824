// How many effects a crash may repeat.
#include "actors/scheduling/resources/resource_text.hpp"
#include "tests/actors/workflow/held_commits.hpp"

#include <random>
#include <set>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_uncommitted)

namespace {

engine_options at_most_uncommitted(std::size_t bound) {
  engine_options made;
  made.max_uncommitted = bound;
  return made;
}

const std::string three_at_once = "name: w\nsteps:\n  a: { agent: files.list }\n"
                                  "  b: { agent: files.list }\n  c: { agent: files.list }\n";

bool is_end(const v1::Event& each) {
  return each.has_step_completed() || each.has_step_failed();
}

std::size_t durable_ends(const engine_harness& of) {
  return static_cast<std::size_t>(std::ranges::count_if(of.committed, is_end));
}

void answer_all(engine_harness& of) {
  while (!of.attempts.empty())
    of.answer_one();
  of.turn();
}

} // namespace

BOOST_FIXTURE_TEST_CASE(an_end_counts_until_it_is_durable, held_fixture) {
  const auto engine = start(at_most_uncommitted(2));
  for (const char* run : {"r1", "r2", "r3"})
    submit(*engine, run);
  let_go(*engine);
  let_go(*engine);
  BOOST_TEST(engine->attempts.size() == 2u);
  const auto waits = engine->core->waiting("r3");
  BOOST_REQUIRE(waits.size() == 1u);
  BOOST_TEST((waits[0].why == waiting_reason::cause::uncommitted));
  BOOST_TEST(to_string(waits[0]) == "waits for: commits: 2 of 2 effects are not durable yet");
  answer_all(*engine);
  BOOST_TEST(engine->attempts.empty()); // their places are free, and what they did is not durable
  BOOST_TEST(engine->core->attempts_in_flight() == 0u);
  let_go(*engine);
  BOOST_TEST(engine->attempts.size() == 2u);
  finish(*engine);
  BOOST_TEST(durable_ends(*engine) == 6u);
}

BOOST_FIXTURE_TEST_CASE(a_failure_counts_until_it_is_durable, held_fixture) {
  const auto engine = start(at_most_uncommitted(1));
  submit(*engine, "r1");
  submit(*engine, "r2");
  let_go(*engine);
  let_go(*engine);
  BOOST_REQUIRE(engine->attempts.size() == 1u);
  engine->answers = [](const attempt_request&) -> reply<message_ptr> {
    return tl::unexpected(failure{"x.broken", "for good", false});
  };
  answer_all(*engine);
  BOOST_TEST(engine->attempts.empty());
  let_go(*engine);
  BOOST_TEST(engine->attempts.size() == 1u);
  finish(*engine);
  BOOST_TEST(engine->summary("r1").status() == v1::RUN_STATUS_FAILED);
}

BOOST_FIXTURE_TEST_CASE(an_answer_that_came_too_late_counts_as_long_as_what_made_it_so,
                        held_fixture) {
  const auto engine = start(at_most_uncommitted(2));
  engine->core->submit(load(three_at_once), {}, {"r1"}, [](const result<void>&) {});
  engine->core->commit();
  submit(*engine, "r2");
  let_go(*engine);
  let_go(*engine);
  BOOST_REQUIRE(engine->attempts.size() == 2u); // of r1
  engine->attempts[0].then(tl::unexpected(failure{"x.broken", "for good", false}));
  engine
      ->turn(); // the run has failed, which may be lost; so its other attempt is at work for nothing, or is not
  engine->attempts[1].then(engine->answers(engine->attempts[1].request));
  engine->attempts.clear();
  engine->turn();
  BOOST_TEST(engine->attempts.empty());
  let_go(*engine);
  BOOST_TEST(engine->attempts.size() == 1u);
  finish(*engine);
  BOOST_TEST(engine->summary("r1").status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(engine->summary("r2").status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_definition_bounds_each_of_its_runs, engine_fixture) {
  engine_harness engine{open()};
  const auto careful = load(three_at_once + "max_uncommitted: 1\n");
  BOOST_REQUIRE(engine.submit(careful, {}, "r"));
  BOOST_REQUIRE(engine.submit(careful, {}, "s"));
  BOOST_REQUIRE(engine.submit(load(three_at_once), {}, "t"));
  BOOST_TEST(engine.attempts.size() == 5u); // one each, and all of t
  const auto waits = engine.core->waiting("r");
  BOOST_REQUIRE(waits.size() == 2u);
  BOOST_TEST(to_string(waits[0]) == "waits for: commits: 1 of 1 effects are not durable yet");
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.started.back() == "r/b/0"); // in their order
  engine.go_on();
  for (const char* run : {"r", "s", "t"})
    BOOST_TEST(engine.summary(run).status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(none_at_all_means_one_at_a_time, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(three_at_once + "max_uncommitted: 0\n"), {}));
  BOOST_TEST(engine.attempts.size() == 1u);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(who_is_held_back_keeps_its_limits, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(
      engine.submit(load("name: w\nmax_uncommitted: 1\nsteps:\n  a: { agent: files.list }\n"
                         "  b: { agent: files.list, limits: [{ key: k, concurrency: 1 }] }\n"
                         "  c: { agent: files.list, timeouts: { schedule_to_start: 5s }, retry: { "
                         "maximum_attempts: 1 }, on_failure: continue }\n"),
                    {}));
  BOOST_TEST(engine.attempts.size() == 1u);
  engine.wait_until(at(6)); // c is over
  BOOST_TEST(engine.core->waiting("r").size() == 1u);
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.started == (std::vector<std::string>{"r/a/0", "r/b/0"}));
  BOOST_TEST(engine.core->limits().holds() == 1u);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.core->limits().holds() == 0u);
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

BOOST_FIXTURE_TEST_CASE(who_waits_for_resources_holds_nobody_back, engine_fixture) {
  engine_options options;
  options.resources = scheduling::make_resources(*scheduling::parse_resources("cpu=1")).value();
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(
      load("name: w\nsteps: { a: { agent: files.list, resources: { cpu: 1 } } }\n"), {}, "other"));
  BOOST_REQUIRE(engine.submit(load("name: w\nmax_uncommitted: 1\nsteps:\n"
                                   "  a: { agent: files.list }\n"
                                   "  b: { agent: files.list, resources: { cpu: 1 } }\n"
                                   "  c: { agent: files.list }\n  d: { agent: files.list }\n"),
                              {}));
  const auto answer_last = [&] {
    auto last = std::move(engine.attempts.back());
    engine.attempts.pop_back();
    last.then(engine.answers(last.request));
    engine.turn();
  };
  answer_last();
  answer_last();
  BOOST_TEST(engine.started == (std::vector<std::string>{"other/a/0", "r/a/0", "r/c/0", "r/d/0"}));
  engine.go_on();
  BOOST_TEST(engine.started.back() == "r/b/0");
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_ends_takes_those_along_that_it_held_back, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(three_at_once + "max_uncommitted: 1\n"), {}));
  engine.attempts[0].then(tl::unexpected(failure{"x.broken", "for good", false}));
  engine.attempts.clear();
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(engine.core->runs_at_work() == 0u);
  BOOST_TEST(engine.started.size() == 1u);
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_dropped_run_counts_no_more, held_fixture) {
  const auto engine = start(at_most_uncommitted(1));
  submit(*engine, "lost");
  submit(*engine, "kept");
  let_go(*engine);
  let_go(*engine);
  BOOST_REQUIRE(engine->attempts.size() == 1u);
  answer_all(*engine);
  const auto another = claimed_by_another("lost");
  let_go(*engine);
  BOOST_TEST(engine->core->runs_at_work() == 1u);
  BOOST_TEST(engine->attempts.size() == 1u);
  finish(*engine);
  BOOST_TEST(engine->summary("kept").status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(the_next_engine_repeats_at_most_so_many, held_fixture) {
  constexpr std::size_t runs = 6;
  const auto chain = load("name: w\nsteps:\n  a: { agent: files.list }\n"
                          "  b: { agent: files.list, needs: [a] }\n"
                          "  c: { agent: files.list, needs: [a] }\n");
  const unsigned seeds = other_stores() ? 8 : 60; // a server's take longer
  for (unsigned seed = 0; seed < seeds; ++seed)
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937 chance{seed};
      const auto draw = [&](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>{0, below - 1}(chance);
      };
      const std::size_t bound = 1 + draw(4), deeds = 5 + draw(60);
      const std::string file = "s" + std::to_string(seed) + ".db";
      engine_options options = at_most_uncommitted(bound);
      options.max_started_ahead = draw(3);
      std::vector<std::string> before;
      {
        engine_harness engine{open(file), options, [this](store& history) {
                                return commits = std::make_shared<held_committer>(history);
                              }};
        for (std::size_t i = 0; i < runs; ++i)
          engine.core->submit(chain, {}, {"r" + std::to_string(i)}, [](const result<void>&) {});
        engine.core->commit();
        for (std::size_t i = 0; i < 2; ++i)
          if (commits->runs_held() > 0) let_go(engine);
        for (std::size_t i = 0; i < deeds; ++i) {
          if (draw(2) == 0 && !engine.attempts.empty()) {
            std::swap(engine.attempts.front(), engine.attempts[draw(engine.attempts.size())]);
            engine.answer_one();
          } else if (commits->runs_held() > 0) {
            commits->let_go();
          }
          engine.turn();
          BOOST_TEST(engine.started.size() - durable_ends(engine) <= bound);
        }
        before = engine.started;
      } // as by a crash: what the committer had is lost
      engine_harness again{open(file), options};
      BOOST_TEST(must(again.core->recover()).runs.size() <= runs);
      again.go_on();
      std::set<std::string> keys(before.begin(), before.end());
      const auto repeats = std::ranges::count_if(
          again.started, [&](const std::string& key) { return keys.contains(key); });
      BOOST_TEST(static_cast<std::size_t>(repeats) <= bound);
      keys.insert(again.started.begin(), again.started.end());
      BOOST_TEST(keys.size() == runs * 3);
    }
}

BOOST_FIXTURE_TEST_CASE(an_attempt_knows_its_number, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(load("name: w\nsteps: { a: { agent: files.list } }\n"), {}));
    BOOST_TEST(engine.attempts[0].request.pulse->attempt() == 1u);
  }
  engine_harness again{open()};
  BOOST_REQUIRE(again.core->resume("r"));
  again.turn();
  BOOST_TEST(again.attempts.at(0).request.idempotency_key == "r/a/0");
  BOOST_TEST(again.attempts.at(0).request.pulse->attempt() == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_bound_of_none_is_refused, engine_fixture) {
  const auto made = engine::start(
      known_agents{}, [](const attempt_request&, const responder&) {}, open(),
      at_most_uncommitted(0));
  BOOST_REQUIRE(!made);
  BOOST_TEST(made.error().context.find("at least 1") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
