// How far an attempt has come, for the next one; and telling agents that nobody waits for them any more.
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_heartbeat)

namespace {

const std::string tried_again = "name: w\nsteps: { a: { agent: files.list, retry: { "
                                "maximum_attempts: 4, initial_interval: 1s } } }\n";

/// Any message will do.
message_ptr progress(const std::string& where) {
  auto made = std::make_shared<v1::ReadFileReply>();
  made->set_name(where);
  return made;
}

std::string where(const message_ptr& details) {
  return details ? dynamic_cast<const v1::ReadFileReply&>(*details).name() : "nowhere";
}

heartbeat_sink& pulse_of(engine_harness& engine) {
  return *engine.attempts.front().request.pulse;
}

void fail_one(engine_harness& engine, double until) {
  auto flying = std::move(engine.attempts.front());
  engine.attempts.pop_front();
  flying.then(tl::unexpected(failure{"x.busy", "later", true}));
  engine.wait_until(at(until));
}

} // namespace

BOOST_FIXTURE_TEST_CASE(the_next_attempt_hears_how_far_the_last_one_came, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(tried_again), {}));
  BOOST_TEST(where(pulse_of(engine).last_details()) == "nowhere");
  BOOST_TEST(pulse_of(engine).beat(progress("first")).has_value());
  BOOST_TEST(pulse_of(engine).beat(progress("second")).has_value());
  BOOST_TEST(where(pulse_of(engine).last_details()) == "nowhere"); // of the one before
  fail_one(engine, 1);
  BOOST_TEST(where(pulse_of(engine).last_details()) == "second");
  fail_one(engine, 4); // it said nothing: what was said before still holds
  BOOST_TEST(where(pulse_of(engine).last_details()) == "second");
  const auto history = must(engine.core->history("r"));
  BOOST_TEST(history[2].step_failed().details().type_url().ends_with("troupe.v1.ReadFileReply"));
  BOOST_TEST(!history[5].step_failed().has_details());
}

BOOST_FIXTURE_TEST_CASE(it_outlasts_the_engine, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(load(tried_again), {}));
    BOOST_TEST(pulse_of(engine).beat(progress("here")).has_value());
    fail_one(engine, 0.5);
  }
  engine_harness next{open("s.db", at(2))};
  next.now = at(2);
  BOOST_REQUIRE(next.core->resume("r"));
  next.turn();
  next.turn();
  BOOST_REQUIRE(next.attempts.size() == 1u);
  BOOST_TEST(where(pulse_of(next).last_details()) == "here");
}

BOOST_FIXTURE_TEST_CASE(an_attempt_whose_time_is_over_has_said_it_too, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps: { a: { agent: files.list, timeouts: { "
                                   "start_to_close: 5s }, retry: { maximum_attempts: 2, "
                                   "initial_interval: 1s } } }\n"),
                              {}));
  const auto pulse = engine.attempts.front().request.pulse;
  BOOST_TEST(pulse->beat(progress("late")).has_value());
  BOOST_TEST(!pulse->cancelled());
  engine.wait_until(at(6));
  BOOST_TEST(pulse->cancelled()); // who is at it may end
  BOOST_REQUIRE(engine.attempts.size() == 2u);
  BOOST_TEST(where(engine.attempts.back().request.pulse->last_details()) == "late");
  BOOST_TEST(!engine.attempts.back().request.pulse->cancelled());
}

BOOST_FIXTURE_TEST_CASE(what_is_said_is_bounded, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(tried_again), {}));
  BOOST_TEST(pulse_of(engine).beat(progress("good")).has_value());
  for (const message_ptr& odd :
       {progress(std::string(70'000, 'x')), message_ptr{}, progress("\xff")}) {
    const auto refused = pulse_of(engine).beat(odd);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().type == "workflow.bad_details");
  }
  fail_one(engine, 1);
  BOOST_TEST(where(pulse_of(engine).last_details()) == "good");
}

BOOST_FIXTURE_TEST_CASE(details_with_a_heartbeat_limit_are_signs_of_life, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(
      engine.submit(load("name: w\nsteps: { a: { agent: files.list, timeouts: { heartbeat: "
                         "2s } } }\n"),
                    {}));
  for (int i = 1; i <= 5; ++i) {
    engine.wait_until(at(1.5 * i));
    BOOST_TEST(pulse_of(engine).beat(progress("x")).has_value());
  }
  BOOST_TEST(engine.core->attempts_in_flight() == 1u);
}

BOOST_FIXTURE_TEST_CASE(agents_of_a_run_that_ends_are_told, engine_fixture) {
  const std::string both =
      "name: w\nsteps: { a: { agent: files.list }, b: { agent: files.list, retry: "
      "{ maximum_attempts: 1 } } }\n";
  for (const std::string how : {"cancelled", "failed", "undone"})
    BOOST_TEST_CONTEXT(how) {
      engine_harness engine{open(how + ".db")};
      BOOST_REQUIRE(engine.submit(
          load(how == "undone" ? "name: w\nsteps: { z: { agent: files.list, compensate: { "
                                 "agent: files.read } }, a: { agent: files.list, needs: "
                                 "[z] }, b: { agent: files.list, needs: [z] } }\n"
                               : both),
          {}));
      if (how == "undone") {
        engine.answer_one();
        engine.turn();
      }
      BOOST_REQUIRE(engine.attempts.size() == 2u);
      const auto pulse = engine.attempts.front().request.pulse;
      BOOST_TEST(!pulse->cancelled());
      if (how == "failed")
        engine.attempts.back().then(tl::unexpected(failure{"x.broken", "", false}));
      else
        engine.core->cancel("r", {"", {}}, [](const result<cancellation>&) {});
      engine.turn();
      BOOST_TEST(pulse->cancelled());
      if (how == "undone") BOOST_TEST(!engine.attempts.back().request.pulse->cancelled());
    }
}

BOOST_AUTO_TEST_SUITE_END()
