// What comes of steps that failed for good, through commits and crashes.
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_engine_failure)

namespace {

const std::string tolerant = "name: w\nsteps:\n"
                             "  list: { agent: files.list }\n"
                             "  read: { agent: files.read, for_each: \"${steps.list.files}\", "
                             "on_failure: continue, input: { path: \"${item.path}\", name: "
                             "\"${item.name}\" } }\n"
                             "  report: { agent: report.write, input: { documents: "
                             "\"${steps.read}\" } }\n";

/// Reading the second file is not possible.
reply<message_ptr> second_is_broken(const attempt_request& asked) {
  if (asked.idempotency_key.ends_with("read/1"))
    return tl::unexpected(failure{"files.broken", "unreadable", false});
  return answer(*asked.payload);
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_run_completes_without_what_failed, engine_fixture) {
  engine_harness engine{open()};
  engine.answers = second_is_broken;
  BOOST_REQUIRE(engine.submit(load(tolerant), {}));
  engine.go_on();
  const auto summary = engine.summary(); // from the store
  BOOST_TEST(summary.status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(summary.steps(2).status() == v1::STEP_STATUS_FAILED);
  BOOST_TEST(summary.steps(2).failure().type() == "files.broken");
  for (const auto& each : engine.committed)
    if (each.step_completed().attempt().step() == "report") {
      v1::WriteReportReply reply;
      each.step_completed().reply().UnpackTo(&reply);
      BOOST_TEST(reply.documents() == 2u);
    }
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_crash_at_any_commit_leads_to_the_same_end, engine_fixture) {
  for (std::size_t commits = 1; commits < 8; ++commits)
    BOOST_TEST_CONTEXT(commits << " commits") {
      const std::string file = "s" + std::to_string(commits) + ".db";
      {
        engine_harness engine{std::make_unique<failing_store>(open(file), commits)};
        engine.answers = second_is_broken;
        (void)engine.submit(load(tolerant), {});
        engine.go_on();
      }
      engine_harness next{open(file)};
      next.answers = second_is_broken;
      (void)next.core->recover();
      next.go_on();
      const auto summary = next.summary();
      BOOST_TEST(summary.status() == v1::RUN_STATUS_COMPLETED);
      BOOST_TEST(summary.steps(2).status() == v1::STEP_STATUS_FAILED);
      BOOST_TEST(summary.steps(3).status() == v1::STEP_STATUS_COMPLETED);
    }
}

BOOST_AUTO_TEST_SUITE_END()
