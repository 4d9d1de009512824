// Steps that are runs of definitions which agents made while the run went on.
#include "tests/actors/workflow/definition_texts.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_engine_plan)

namespace {

const std::string outer =
    "name: w\nsteps:\n"
    "  plan: { agent: plan.make }\n"
    "  all: { workflow: \"${steps.plan}\", reply_type: troupe.v1.ReadFileReply }\n"
    "  report: { agent: report.write, input: { documents: [\"${steps.all}\"] } }\n";

/// What the planner answers; the other agents answer as ever.
engine_harness::rule planning(const v1::WorkflowDefinition& made) {
  return [made](const attempt_request& asked) -> reply<message_ptr> {
    if (asked.target.type == "plan.make") return std::make_shared<v1::WorkflowDefinition>(made);
    return answer(*asked.payload);
  };
}

v1::WorkflowDefinition planned(const std::string& more = "output: ${steps.read}\n") {
  return load("name: planned\n" + more +
              "steps:\n"
              "  read: { agent: files.read, input: { path: there } }\n"
              "  after: { agent: ner.extract, needs: [read] }\n")
      ->source;
}

/// How the run of `outer` failed.
std::string failed(engine_harness& engine, const v1::WorkflowDefinition& made) {
  engine.answers = planning(made);
  BOOST_REQUIRE(engine.submit(load(outer), {}));
  engine.go_on();
  const auto summary = engine.summary("r");
  BOOST_TEST(summary.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(summary.failure().type() == "workflow.bad_plan");
  return summary.failure().message();
}

} // namespace

BOOST_FIXTURE_TEST_CASE(what_was_planned_is_a_run_of_its_own, engine_fixture) {
  engine_harness engine{open()};
  engine.answers = planning(planned());
  BOOST_REQUIRE(engine.submit(load(outer), {}));
  engine.go_on();
  BOOST_TEST(engine.summary("r").status() == v1::RUN_STATUS_COMPLETED);
  const auto child = engine.summary("r..all.0");
  BOOST_TEST(child.workflow() == "planned");
  BOOST_TEST(child.steps_size() == 2);
  BOOST_TEST(std::count(engine.started.begin(), engine.started.end(), "r..all.0/read/0") == 1);
}

BOOST_FIXTURE_TEST_CASE(it_goes_on_after_a_crash_at_any_commit, engine_fixture) {
  for (std::size_t commits = 1; commits < 12; ++commits) {
    const std::string run = "r" + std::to_string(commits);
    {
      engine_harness first{std::make_unique<failing_store>(open(), commits)};
      first.answers = planning(planned());
      (void)first.submit(load(outer), {}, run);
      first.go_on();
    }
    engine_harness second{open()};
    second.answers = planning(planned());
    if (const auto taken = second.core->resume(run); taken) second.go_on();
    BOOST_TEST(must(second.core->summary(run)).status() == v1::RUN_STATUS_COMPLETED, commits);
  }
}

BOOST_FIXTURE_TEST_CASE(bad_plans_are_named, engine_fixture) {
  engine_harness engine{open()};
  auto made = planned();
  made.mutable_steps(0)->set_agent("files.raed");
  BOOST_TEST(failed(engine, made).find("files.raed") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_plan_that_gives_something_else, engine_fixture) {
  engine_harness engine{open()};
  BOOST_TEST(failed(engine, planned("")).find("it gives a troupe.v1.RunSummary") !=
             std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_plan_that_needs_inputs, engine_fixture) {
  engine_harness engine{open()};
  BOOST_TEST(
      failed(engine, planned("output: ${steps.read}\ninputs: { word: string }\n")).find("word") !=
      std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(an_empty_plan, engine_fixture) {
  engine_harness engine{open()};
  BOOST_TEST(failed(engine, {}).find("name") != std::string::npos);
}

/// Each run plans the next one.
BOOST_FIXTURE_TEST_CASE(plans_within_plans_are_bounded, engine_fixture) {
  engine_harness engine{open()};
  const auto self = load("name: again\nsteps:\n  plan: { agent: plan.make }\n"
                         "  more: { workflow: \"${steps.plan}\" }\n");
  engine.answers = planning(self->source);
  BOOST_REQUIRE(engine.submit(self, {}));
  engine.go_on();
  const auto summary = engine.summary("r");
  BOOST_TEST(summary.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(summary.failure().message().find("within 8 others") != std::string::npos,
             summary.failure().message());
  BOOST_TEST(must(engine.core->list({})).size() == definition_limits::workflow_depth);
}

BOOST_AUTO_TEST_CASE(mistakes_of_planned_steps) {
  const std::pair<std::string, std::string> cases[] = {
      {"  plan: { agent: plan.make }\n  a: { workflow: \"${steps.plan.name}\" }\n",
       "troupe.v1.WorkflowDefinition"},
      {"  list: { agent: files.list }\n  a: { workflow: \"${steps.list}\" }\n",
       "troupe.v1.WorkflowDefinition"},
      {"  a: { workflow: \"${steps.nobody}\" }\n", "unknown step 'nobody'"},
      {"  a: { workflow: \"${steps.a}\" }\n", "a"},
      {"  plan: { agent: plan.make }\n  a: { workflow: \"${steps.plan}\", input: { x: 1 } }\n",
       "has no inputs"},
      {"  plan: { agent: plan.make }\n  a: { workflow: \"${steps.plan}\", reply_type: no.Such }\n",
       "no.Such"},
      {"  plan: { agent: plan.make }\n  a: { workflow: \"${steps.plan}\", agent: files.list }\n",
       "keep one of them"}};
  for (const auto& [steps, words] : cases) {
    const std::string said = mistakes_of(with_steps(steps));
    BOOST_TEST(said.find(words) != std::string::npos, steps << said);
    BOOST_TEST(said.find("w.yaml:") != std::string::npos, said);
  }
}

BOOST_AUTO_TEST_SUITE_END()
