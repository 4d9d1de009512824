// Engines that end, and those that go on where they stood: crashes at every commit, full disks, runs taken over.
#include "tests/actors/workflow/engine_harness.hpp"

#include <algorithm>
#include <map>
#include <set>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_recovery)

namespace {

std::vector<std::string> completed_in(const std::vector<v1::Event>& events) {
  std::vector<std::string> made;
  for (const v1::Event& each : events)
    if (each.has_step_completed())
      made.push_back(each.step_completed().attempt().step() + "/" +
                     std::to_string(each.step_completed().attempt().index()));
  std::sort(made.begin(), made.end());
  return made;
}

/// The replies of a finished run, by instance: what must not depend on crashes.
std::map<std::string, std::string> replies_in(const std::vector<v1::Event>& events) {
  std::map<std::string, std::string> made;
  for (const v1::Event& each : events)
    if (each.has_step_completed()) {
      const auto& done = each.step_completed();
      made[done.attempt().step() + "/" + std::to_string(done.attempt().index())] =
          done.reply().value();
    }
  return made;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(every_commit_is_a_good_place_to_crash, engine_fixture) {
  std::map<std::string, std::string> expected;
  std::size_t commits = 0;
  {
    engine_harness engine{open("whole.db")};
    BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
    engine.go_on();
    expected = replies_in(must(engine.core->history("r")));
    commits = 15; // the submission, and one per answer
  }
  for (std::size_t after = 0; after <= commits + 1; ++after) {
    BOOST_TEST_CONTEXT("crash after commit " << after) {
      const std::string name = "crash" + std::to_string(after) + ".db";
      std::vector<std::string> before;
      {
        engine_harness engine{std::make_unique<failing_store>(open(name), after)};
        const auto submitted = engine.submit(load(main_job), main_inputs);
        BOOST_TEST(submitted.has_value() == (after > 0));
        engine.go_on();
        BOOST_TEST(engine.core->failed().has_value() == (after < commits));
        before = completed_in(engine.committed);
      }
      engine_harness again{open(name, at(1))};
      const auto found = must(again.core->recover());
      BOOST_TEST(found.refused.empty());
      if (after == 0) {
        BOOST_TEST(found.runs.empty()); // it was never accepted
        continue;
      }
      again.go_on();
      BOOST_TEST(found.runs.size() == (after < commits ? 1u : 0u));
      const auto history = must(again.core->history("r"));
      BOOST_TEST((replies_in(history) == expected));
      // No committed step was tried again, and none was committed twice.
      const auto all = completed_in(history);
      BOOST_TEST(std::set<std::string>(all.begin(), all.end()).size() == all.size());
      for (const std::string& done : before)
        BOOST_TEST(std::count(again.started.begin(), again.started.end(), "r/" + done) == 0);
      BOOST_TEST(again.summary().status() == v1::RUN_STATUS_COMPLETED);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(crash_upon_crash_still_ends, engine_fixture) {
  std::size_t crashes = 0;
  {
    engine_harness first{open()};
    BOOST_REQUIRE(first.submit(load(main_job), main_inputs));
  }
  for (; crashes < 100; ++crashes) {
    engine_harness engine{
        std::make_unique<failing_store>(open(), 2)}; // the recovery itself, and one more
    if (must(engine.core->recover()).runs.empty()) break;
    engine.go_on();
  }
  BOOST_TEST(crashes < 40u);
  engine_harness last{open()};
  BOOST_TEST(last.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(completed_in(must(last.core->history("r"))).size() == 14u);
}

BOOST_FIXTURE_TEST_CASE(waits_survive_a_crash, engine_fixture) {
  {
    engine_harness engine{open()};
    engine.answers = [](const attempt_request&) -> reply<message_ptr> {
      return tl::unexpected(failure{"x.busy", "", true});
    };
    BOOST_REQUIRE(
        engine.submit(lone_step(", retry: { initial_interval: 60s, maximum_interval: 60s }"), {}));
    engine.go_on(false);
  }
  engine_harness again{open()};
  again.now = at(30);
  BOOST_TEST(must(again.core->recover()).runs.size() == 1u);
  again.go_on(false);
  BOOST_TEST(again.started.empty());
  again.now = at(61);
  again.go_on(false);
  BOOST_TEST(again.summary().steps(0).attempts() == 2u);
  BOOST_TEST(again.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_full_disk_stops_everything_with_its_reason, engine_fixture) {
  engine_harness engine{std::make_unique<failing_store>(open(), 1)};
  BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  result<v1::RunSummary> told = v1::RunSummary{};
  BOOST_TEST(engine.core->when_closed(
                 "r", [&](result<v1::RunSummary> done) { told = std::move(done); }) != 0u);
  engine.go_on();
  BOOST_REQUIRE(!told);
  BOOST_TEST((told.error().code == workflow_errc::engine_failed));
  BOOST_TEST(told.error().context.find("the disk of this test is full") != std::string::npos);
  BOOST_TEST(engine.started.size() == 1u); // nothing was started on what is not durable
  BOOST_TEST(!engine.submit(lone_step(""), {}, "q"));
}

// More than are claimed in one transaction: among them one that another engine has and one that is to be cancelled.
BOOST_FIXTURE_TEST_CASE(many_runs_are_taken_over_together, engine_fixture) {
  const std::size_t runs = 2 * claims_at_once + 7;
  engine_harness other{open()};
  {
    engine_harness engine{open()};
    const auto workflow = lone_step("");
    for (std::size_t i = 0; i < runs; ++i)
      engine.core->submit(workflow, {}, {"r" + std::to_string(i)}, [](const result<void>&) {});
    engine.turn();
    BOOST_REQUIRE(engine.history->request_cancel({"r700", "not needed"}, at(0)));
  }
  BOOST_REQUIRE(other.core->resume("r3"));
  other.turn();
  engine_harness again{open()};
  auto found = must(again.core->recover());
  BOOST_TEST(found.runs.size() == runs - 2);
  BOOST_REQUIRE(found.refused.size() == 2u);
  std::ranges::sort(found.refused, {}, [](const auto& each) { return each.first; });
  BOOST_TEST(found.refused[0].first == "r3");
  BOOST_TEST((found.refused[0].second.code == workflow_errc::run_owned));
  BOOST_TEST(found.refused[1].first == "r700");
  BOOST_TEST((found.refused[1].second.code == workflow_errc::run_cancelled));
  again.go_on();
  BOOST_TEST(again.core->runs_at_work() == 0u);
  BOOST_TEST(again.summary("r1").status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(again.summary("r700").status() == v1::RUN_STATUS_CANCELLED);
}

BOOST_FIXTURE_TEST_CASE(two_engines_do_not_run_one_run, engine_fixture) {
  engine_harness one{open()};
  engine_harness two{open()};
  BOOST_REQUIRE(one.submit(lone_step(""), {}));
  const auto found = must(two.core->recover());
  BOOST_TEST(found.runs.empty());
  BOOST_REQUIRE(found.refused.size() == 1u);
  BOOST_TEST((found.refused[0].second.code == workflow_errc::run_owned));
  // The first stops renewing; the second takes over; what the first still does is refused and costs
  // it that run only.
  two.now = at(3600);
  BOOST_REQUIRE(two.core->resume("r"));
  two.turn();
  result<v1::RunSummary> told = v1::RunSummary{};
  (void)one.core->when_closed("r", [&](result<v1::RunSummary> done) { told = std::move(done); });
  BOOST_REQUIRE(one.core->runs_at_work() == 1u);
  one.answer_one();
  one.turn();
  BOOST_TEST((told.error().code == workflow_errc::ownership_lost));
  BOOST_TEST(!one.core->failed());
  BOOST_TEST(one.submit(lone_step(""), {}, "another").has_value());
  two.go_on();
  BOOST_TEST(two.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(two.summary().steps(0).attempts() == 2u);
}

BOOST_FIXTURE_TEST_CASE(leases_are_renewed, engine_fixture) {
  engine_harness one{open()};
  engine_harness two{open()};
  BOOST_REQUIRE(one.submit(lone_step(""), {}));
  for (int i = 0; i < 20; ++i) {
    one.now = one.core->next_due();
    one.turn();
  }
  two.now = one.now + 1s;
  BOOST_TEST((two.core->resume("r").error().code == workflow_errc::run_owned));
}

BOOST_FIXTURE_TEST_CASE(runs_of_missing_agents_wait, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  }
  engine_harness again{open()};
  again.agents.remove("files.list");
  const auto found = must(again.core->recover());
  BOOST_REQUIRE(found.refused.size() == 1u);
  BOOST_TEST((found.refused[0].second.code == workflow_errc::agent_missing));
  again.agents = known_agents{};
  BOOST_TEST(again.core->resume("r").has_value());
  again.go_on();
  BOOST_TEST(again.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_SUITE_END()
