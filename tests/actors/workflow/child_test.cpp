// Steps that are runs of their own: the state machine of the one that starts them.
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_child)

namespace {

const failure broken{"workflow.child_failed", "run 'x' failed", true};

/// Each file is a run of its own, which gives what it has read.
std::string each_file(const std::string& more = "") {
  return "name: w\nworkflows:\n"
         "  one:\n"
         "    inputs: { path: string, number: { type: integer, default: 7 } }\n"
         "    output: ${steps.read}\n"
         "    steps: { read: { agent: files.read, input: { path: \"${inputs.path}\" } } }\n"
         "steps:\n"
         "  list: { agent: files.list }\n"
         "  each: { workflow: one, for_each: \"${steps.list.files}\", parallelism: 2, input: { "
         "path: "
         "\"${item.path}\", number: \"${index}\" }" +
         more +
         " }\n"
         "  report: { agent: report.write, input: { documents: \"${steps.each}\" } }\n";
}

message_ptr document(const std::string& path) {
  auto made = std::make_shared<v1::ReadFileReply>();
  made->set_path(path);
  return made;
}

driver listed(std::size_t files, const std::string& more = "") {
  driver run{load(each_file(more)), {}};
  run.complete({"list", 0}, listing(files));
  return run;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_instance_is_a_run_of_its_own) {
  driver run = listed(3);
  BOOST_TEST(run.state.child_of({"each", 0}) == "r..each.0");
  BOOST_TEST(run.state.child_of({"each", 1}) == "r..each.1");
  BOOST_TEST(run.state.child_of({"each", 2}).empty()); // parallelism
  const auto inputs = run.state.child_inputs({"each", 1});
  BOOST_REQUIRE(inputs);
  BOOST_TEST((*inputs == input_values{{"path", "in/d1"}, {"number", std::int64_t{1}}}));
  for (const std::uint32_t i : {1u, 0u, 2u})
    run.complete({"each", i}, document("d" + std::to_string(i)));
  const auto request = run.state.request({"report", 0});
  const auto& built = dynamic_cast<const v1::WriteReportRequest&>(**request);
  BOOST_REQUIRE(built.documents_size() == 3);
  BOOST_TEST(built.documents(2).path() == "d2");
  BOOST_TEST(run.state.summary().steps(1).agent() == "workflow one");
  BOOST_TEST(run.state.summary().steps(1).child_run_id() == "r..each.0");
}

BOOST_AUTO_TEST_CASE(without_retry_a_failed_run_is_not_started_again) {
  driver run = listed(1);
  run.fail({"each", 0}, broken);
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
}

BOOST_AUTO_TEST_CASE(another_attempt_is_another_run) {
  driver run = listed(1, ", retry: { maximum_attempts: 2 }");
  run.fail({"each", 0}, broken);
  BOOST_REQUIRE(run.waits.size() == 1u);
  run.fire(0);
  BOOST_TEST(run.state.child_of({"each", 0}) == "r..each.0.2");
  run.fail({"each", 0}, broken);
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
}

BOOST_AUTO_TEST_CASE(a_run_is_not_lost_with_its_owner) {
  driver run = listed(2);
  const auto before = run.current({"each", 0});
  const auto wanted =
      must(run.state.apply({run.state.version() + 1, run.now, run_recovered{"next"}}));
  std::vector<std::string> awaited;
  for (const command& each : wanted)
    if (const auto* child = std::get_if<await_child>(&each)) awaited.push_back(child->run_id);
  BOOST_TEST(awaited == (std::vector<std::string>{"r..each.0", "r..each.1"}),
             boost::test_tools::per_element());
  BOOST_TEST(run.state.is_current(before)); // the same attempt
}

BOOST_AUTO_TEST_CASE(one_that_was_not_recorded_is_the_same_attempt_again) {
  driver run{load(each_file()), {}};
  machine state;
  for (const event& each : run.history)
    must(state.apply(each));
  must(state.apply(
      {state.version() + 1, at(0), step_completed{state.in_flight().at(0), listing(1)}}));
  const auto wanted = must(state.apply({state.version() + 1, at(0), run_recovered{"next"}}));
  BOOST_REQUIRE(wanted.size() == 1u);
  BOOST_TEST(std::get<start_child>(wanted[0]).attempt.attempt == 1u);
}

BOOST_AUTO_TEST_CASE(a_run_that_ends_cancels_and_awaits_those_that_it_started) {
  driver run = listed(3);
  run.record(run_compensating{std::nullopt, "enough"});
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPENSATING);
  run.fail({"each", 1}, {"workflow.child_cancelled", "", false});
  BOOST_TEST(!run.state.closed());
  run.complete({"each", 0}, document("x")); // it was done all the same
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_CANCELLED);
  const auto summary = run.state.summary();
  BOOST_TEST(summary.steps(1).status() == v1::STEP_STATUS_COMPLETED);
  BOOST_TEST(summary.steps(2).status() == v1::STEP_STATUS_FAILED);
  BOOST_TEST(summary.steps(3).status() == v1::STEP_STATUS_CANCELLED);
}

BOOST_AUTO_TEST_CASE(a_failed_sibling_is_waited_for_and_what_completed_is_undone) {
  driver run = listed(2, ", compensate: { agent: files.list, input: { folder: "
                         "\"${steps.each.path}\" } }");
  run.fail({"each", 0}, broken);
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPENSATING);
  BOOST_TEST(run.state.in_flight().size() == 1u); // the sibling, which is cancelled
  run.complete({"each", 1}, document("late"));
  const instance_id undoing{"each", 1, true};
  const auto request = run.state.request(undoing);
  BOOST_TEST(dynamic_cast<const v1::ListFilesRequest&>(**request).folder() == "late");
  run.complete(undoing, answer(v1::ListFilesRequest{}));
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
}

BOOST_AUTO_TEST_CASE(what_failed_may_be_put_up_with) {
  driver run = listed(2, ", on_failure: continue");
  run.fail({"each", 0}, broken);
  run.complete({"each", 1}, document("d1"));
  const auto request = run.state.request({"report", 0});
  BOOST_TEST(dynamic_cast<const v1::WriteReportRequest&>(**request).documents_size() == 1);
}

BOOST_AUTO_TEST_CASE(without_an_output_a_run_gives_its_summary) {
  driver run{load("name: w\nworkflows: { one: { steps: { a: { agent: files.list } } } }\nsteps:\n"
                  "  a: { workflow: one }\n"
                  "  b: { agent: files.list, when: \"${steps.a.status} == 'completed'\" }\n"),
             {}};
  auto summary = std::make_shared<v1::RunSummary>();
  summary->set_status(v1::RUN_STATUS_COMPLETED);
  run.complete({"a", 0}, summary);
  run.complete_all();
  BOOST_TEST(run.state.summary().steps(1).status() == v1::STEP_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_CASE(outputs_are_taken_from_replies) {
  driver run{load("name: w\noutput: ${steps.a}\nsteps:\n  a: { agent: files.read, when: "
                  "\"true\" }\n"),
             {}};
  run.complete({"a", 0}, document("here"));
  const auto given = run.state.output();
  BOOST_REQUIRE(given);
  BOOST_TEST(dynamic_cast<const v1::ReadFileReply&>(**given).path() == "here");
  driver skipped{load("name: w\noutput: ${steps.a}\nsteps:\n  a: { agent: files.read, when: "
                      "\"false\" }\n"),
                 {}};
  BOOST_TEST(skipped.state.output().error().type == "workflow.no_output");
}

BOOST_AUTO_TEST_CASE(events_that_do_not_fit_are_refused) {
  driver run = listed(3);
  const auto refused = [&](const decltype(event::what)& what) {
    return !run.state.apply({run.state.version() + 1, run.now, what});
  };
  const auto open = run.current({"each", 0});
  const attempt_id others[] = {open, {{"list", 0}, 1, 1}, {{"each", 2}, 1, 99}};
  for (const attempt_id& other : others)
    BOOST_TEST(refused(child_started{other, "x"}));
  BOOST_TEST(refused(step_completed{open, listing(1)})); // of another type
  BOOST_TEST(refused(run_completed{}));
  driver first{load("name: w\nworkflows: { one: { steps: { a: { agent: files.list } } } }\n"
                    "steps: { a: { workflow: one } }\n"),
               {}};
  machine state;
  must(state.apply(first.history[0]));
  const attempt_id wanted{{"a", 0}, 1, 1};
  BOOST_TEST(!state.apply({2, at(0), step_scheduled{wanted}})); // it is no agent's
  BOOST_TEST(!state.apply({2, at(0), child_started{wanted, ""}}));
  BOOST_TEST(state.apply({2, at(0), child_started{wanted, "r..a.0"}}).has_value());
}

BOOST_AUTO_TEST_CASE(ids_are_unique_and_bounded) {
  BOOST_TEST(child_run_id("r", "a", 0, 1) == "r..a.0");
  BOOST_TEST(child_run_id("r", "a", 0, 2) == "r..a.0.2");
  BOOST_TEST(parent_run_id("r..a.0..b.1.2") == "r..a.0");
  BOOST_TEST(parent_run_id("r.a").empty());
  std::set<std::string> seen;
  std::string id = "r";
  for (int depth = 0; depth < 20; ++depth) {
    id = child_run_id(id, std::string(64, 'x'), 4'000'000'000, 12);
    BOOST_TEST(is_run_id(id), id);
    BOOST_TEST(is_child_run_id(id));
    BOOST_TEST(seen.insert(id).second);
  }
}

BOOST_AUTO_TEST_SUITE_END()
