#include "tests/actors/workflow/held_commits.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

/// Commits that take as long as the test says.
BOOST_AUTO_TEST_SUITE(workflow_engine_commit)

namespace {

std::size_t completed(const engine_harness& of) {
  return static_cast<std::size_t>(
      std::count_if(of.committed.begin(), of.committed.end(),
                    [](const v1::Event& each) { return each.has_step_completed(); }));
}

} // namespace

BOOST_FIXTURE_TEST_CASE(what_happens_meanwhile_is_the_next_commit, held_fixture) {
  const auto engine = start();
  submit(*engine, "one");
  submit(*engine, "two");
  submit(*engine, "three");
  BOOST_TEST(commits->begun == 1u);
  BOOST_TEST(told.empty());
  BOOST_TEST(engine->attempts.empty()); // nothing starts that is not durable
  let_go(*engine);
  BOOST_TEST(told.contains("one"));
  BOOST_TEST(told.size() == 1u);
  BOOST_TEST(commits->runs_held() == 2u);
  BOOST_TEST(engine->attempts.size() == 1u);
  engine->answer_one(); // while the others are being committed
  engine->turn();
  BOOST_TEST(commits->begun == 2u);
  let_go(*engine);
  BOOST_TEST(told.size() == 3u);
  finish(*engine);
  for (const char* run : {"one", "two", "three"})
    BOOST_TEST(engine->summary(run).status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(completed(*engine) == 6u);
}

BOOST_FIXTURE_TEST_CASE(a_run_is_closed_when_its_end_is_durable, held_fixture) {
  engine_options options;
  options.max_started_ahead = 4;
  const auto engine = start(options);
  submit(*engine, "r");
  let_go(*engine);
  bool closed = false;
  (void)engine->core->when_closed("r", [&](const result<v1::RunSummary>&) { closed = true; });
  engine->answer_one();
  engine->turn(); // a is done; b is at work while that is being committed
  BOOST_TEST(commits->runs_held() == 1u);
  BOOST_REQUIRE(engine->attempts.size() == 1u);
  engine->answer_one();
  engine->turn();
  BOOST_TEST(commits->begun == 2u);
  let_go(*engine);
  BOOST_TEST(completed(*engine) == 1u);
  BOOST_TEST(!closed);
  BOOST_TEST(engine->core->runs_at_work() == 1u);
  let_go(*engine);
  BOOST_TEST(completed(*engine) == 2u);
  BOOST_TEST(closed);
  BOOST_TEST(engine->core->runs_at_work() == 0u);
}

BOOST_FIXTURE_TEST_CASE(attempts_before_their_commit_are_bounded_over_both_commits, held_fixture) {
  engine_options options;
  options.max_started_ahead = 1;
  const auto engine = start(options);
  submit(*engine, "r");
  submit(*engine, "s");
  let_go(*engine);
  let_go(*engine);
  BOOST_REQUIRE(engine->attempts.size() == 2u);
  engine->answer_one();
  engine->turn(); // r's b begins before its commit, which is under way
  BOOST_TEST(engine->attempts.size() == 2u);
  engine->attempts[0].then(engine->answers(engine->attempts[0].request));
  engine->turn(); // s's b has to wait
  BOOST_TEST(engine->attempts.size() == 2u);
  let_go(*engine);
  BOOST_TEST(engine->attempts.size() == 3u);
}

BOOST_FIXTURE_TEST_CASE(a_refused_run_takes_along_what_it_did_meanwhile, held_fixture) {
  engine_options options;
  options.max_started_ahead = 4;
  const auto engine = start(options);
  submit(*engine, "lost");
  submit(*engine, "kept");
  let_go(*engine);
  let_go(*engine);
  while (!engine->attempts.empty() && commits->runs_held() < 2) {
    engine->answer_one();
    engine->answer_one();
    engine->turn();
  }
  engine->answer_one(); // more of the first one, for the commit after
  engine->turn();
  // Another owner has it by now.
  const auto another = claimed_by_another("lost");
  std::optional<result<v1::RunSummary>> end;
  (void)engine->core->when_closed("lost", [&](result<v1::RunSummary> told_end) { end = told_end; });
  let_go(*engine);
  BOOST_REQUIRE(end);
  BOOST_REQUIRE(!*end);
  BOOST_TEST((end->error().code == workflow_errc::ownership_lost));
  BOOST_TEST(engine->core->runs_at_work() == 1u);
  BOOST_TEST(!engine->core->failed());
  finish(*engine);
  BOOST_TEST(engine->summary("kept").status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_run_may_be_in_a_transaction_twice, held_fixture) {
  engine_options options;
  options.max_started_ahead = 4;
  const auto engine = start(options);
  submit(*engine, "r");
  submit(*engine, "s");
  let_go(*engine); // s is under way
  bool closed = false;
  (void)engine->core->when_closed("r", [&](const result<v1::RunSummary>&) { closed = true; });
  engine->answer_one();
  engine->turn();
  engine->answer_one(); // its b, at work before its commit
  engine->turn();
  let_go(*engine);
  BOOST_TEST(commits->runs_held() == 2u); // both of r
  BOOST_TEST(!closed);
  let_go(*engine);
  BOOST_TEST(closed);
  BOOST_TEST(completed(*engine) == 2u);
  BOOST_TEST(must(engine->history->find("r")).version == must(engine->history->read("r")).size());
}

BOOST_FIXTURE_TEST_CASE(a_run_that_was_dropped_is_not_the_next_one_of_its_id, held_fixture) {
  engine_options options;
  options.max_started_ahead = 4;
  const auto engine = start(options);
  submit(*engine, "r");
  let_go(*engine);
  engine->answer_one();
  engine->turn();
  engine->answer_one();
  engine->turn();                // one part under way, one gathered
  (void)claimed_by_another("r"); // and given free again
  let_go(*engine);
  BOOST_TEST(engine->core->runs_at_work() == 0u);
  BOOST_TEST(engine->core->resume("r").has_value()); // nobody has it any more
  engine->turn();
  let_go(*engine); // the second part of the old one: refused, and the new one goes on
  BOOST_TEST(engine->core->runs_at_work() == 1u);
  BOOST_TEST(!engine->core->failed());
  finish(*engine);
  BOOST_TEST(engine->summary("r").status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(draining_waits_for_all_that_arrived, held_fixture) {
  const auto engine = start();
  submit(*engine, "one");
  submit(*engine, "two");
  BOOST_TEST(commits->runs_held() == 1u);
  engine->core->drain();
  BOOST_TEST(told.size() == 2u);
  BOOST_TEST(engine->attempts.empty());
  BOOST_TEST(must(engine->history->read("two")).size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_repeated_submission_waits_for_the_first, held_fixture) {
  const auto engine = start();
  submit(*engine, "r");
  int again = 0;
  engine->core->submit(load("name: w\nsteps: { a: { agent: files.list }, b: { agent: files.list, "
                            "needs: [a] } }\n"),
                       {}, {"r"}, [&](const result<void>& done) { again += done ? 1 : 100; });
  BOOST_TEST(again == 0);
  let_go(*engine);
  BOOST_TEST(again == 1);
}

BOOST_AUTO_TEST_SUITE_END()
