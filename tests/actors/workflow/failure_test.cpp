// What comes of steps that failed for good: the run fails, goes on without them, or with another reply.
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_failure)

namespace {

const failure broken{"x.broken", "no more", false};

void check_statuses(const driver& run, const std::map<std::string, std::string>& expected) {
  std::vector<std::string> wanted;
  for (const auto& [name, status] : expected)
    wanted.push_back(name + ' ' + status);
  std::vector<std::string> found;
  const auto summary = run.state.summary();
  for (const auto& each : summary.steps())
    found.push_back(each.step() + '[' + std::to_string(each.index()) + "] " +
                    v1::StepStatus_Name(each.status()).substr(std::string{"STEP_STATUS_"}.size()));
  std::sort(found.begin(), found.end());
  BOOST_TEST(found == wanted, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_CASE(a_failure_that_is_put_up_with_lets_others_go_on) {
  driver run{
      load("name: w\nsteps:\n"
           "  a: { agent: files.list, on_failure: continue }\n"
           "  after: { agent: files.list, needs: [a] }\n"
           "  reader: { agent: files.list, input: { patterns: \"${steps.a.files.name}\" } }\n"
           "  over: { agent: files.read, for_each: \"${steps.a.files}\" }\n"
           "  last: { agent: files.list, needs: [over, reader] }\n"),
      {}};
  run.fail({"a", 0}, broken);
  check_statuses(run, {{"a[0]", "FAILED"},
                       {"after[0]", "RUNNING"},
                       {"reader[0]", "SKIPPED"},
                       {"last[0]", "RUNNING"}});
  const auto summary = run.state.summary();
  BOOST_TEST(summary.steps(0).failure().type() == "x.broken");
  BOOST_TEST(summary.steps(2).skip_reason() == "it reads step 'a', which failed");
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(!run.state.summary().has_failure());
}

BOOST_AUTO_TEST_CASE(instances_fail_one_by_one) {
  driver run{
      load("name: w\nsteps:\n  list: { agent: files.list }\n"
           "  read: { agent: files.read, for_each: \"${steps.list.files}\", parallelism: 1, "
           "on_failure: continue, input: { path: \"${item.path}\", name: \"${item.name}\" } }\n"
           "  ner: { agent: ner.extract, for_each: \"${steps.read}\", input: { text: "
           "\"${item.text}\", name: \"${item.name}\" } }\n"
           "  report: { agent: report.write, input: { documents: \"${steps.read}\", entities: "
           "\"${steps.ner}\" } }\n"),
      {}};
  run.complete({"list", 0}, listing(3));
  run.fail({"read", 0}, broken); // its place is free for the next one
  run.complete({"read", 1});
  run.complete({"read", 2});
  run.complete({"ner", 1});
  run.complete({"ner", 2});
  check_statuses(run, {{"list[0]", "COMPLETED"},
                       {"read[0]", "FAILED"},
                       {"read[1]", "COMPLETED"},
                       {"read[2]", "COMPLETED"},
                       {"ner[0]", "SKIPPED"},
                       {"ner[1]", "COMPLETED"},
                       {"ner[2]", "COMPLETED"},
                       {"report[0]", "RUNNING"}});
  const auto request = run.state.request({"report", 0});
  const auto& built = dynamic_cast<const v1::WriteReportRequest&>(**request);
  BOOST_REQUIRE(built.documents_size() == 2); // those that failed are left out
  BOOST_TEST(built.documents(0).name() == "d1");
  BOOST_TEST(built.entities_size() == 2);
}

BOOST_AUTO_TEST_CASE(retries_come_first) {
  driver run{load("name: w\nsteps:\n  a: { agent: files.list, on_failure: continue, "
                  "retry: { maximum_attempts: 2 } }\n"),
             {}};
  run.fail({"a", 0}, {"x.busy", "", true});
  BOOST_REQUIRE(run.waits.size() == 1u);
  run.fire(0);
  run.fail({"a", 0}, {"x.busy", "", true});
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(run.state.summary().steps(0).attempts() == 2u);
}

BOOST_AUTO_TEST_CASE(a_reply_of_the_definition_stands_for_the_failed_one) {
  driver run{load("name: w\nsteps:\n"
                  "  a: { agent: files.read, on_failure: { reply: { text: nothing, name: a } } }\n"
                  "  b: { agent: ner.extract, input: { text: \"${steps.a.text}\" } }\n"),
             {}};
  run.fail({"a", 0}, broken);
  check_statuses(run, {{"a[0]", "COMPLETED"}, {"b[0]", "RUNNING"}});
  BOOST_TEST(run.state.summary().steps(0).failure().type() == "x.broken"); // it is not forgotten
  BOOST_TEST(dynamic_cast<const v1::NerRequest&>(**run.state.request({"b", 0})).text() ==
             "nothing");
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_CASE(a_list_of_the_definition_is_run_over) {
  driver run{load("name: w\nsteps:\n"
                  "  a: { agent: files.list, on_failure: { reply: { files: [{ name: x }, { name: y "
                  "}] } } }\n"
                  "  b: { agent: files.read, for_each: \"${steps.a.files}\" }\n"),
             {}};
  run.fail({"a", 0}, broken);
  check_statuses(run, {{"a[0]", "COMPLETED"}, {"b[0]", "RUNNING"}, {"b[1]", "RUNNING"}});
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_over_fails_as_any_other_step) {
  driver run{
      load("name: w\nsteps:\n"
           "  ask: { signal: go, timeouts: { schedule_to_close: 1s }, on_failure: continue }\n"
           "  b: { agent: files.list, needs: [ask] }\n"
           "  c: { agent: files.list, when: \"${steps.ask.approved}\" }\n"),
      {}};
  run.record(step_timed_out{{"ask", 0}, {"workflow.timeout", "", false}});
  check_statuses(run, {{"ask[0]", "FAILED"}, {"b[0]", "RUNNING"}, {"c[0]", "SKIPPED"}});
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_CASE(the_other_steps_still_fail_the_run) {
  driver run{load("name: w\nsteps:\n  a: { agent: files.list, on_failure: continue }\n"
                  "  b: { agent: files.list, on_failure: fail }\n"),
             {}};
  run.fail({"a", 0}, broken);
  run.fail({"b", 0}, broken);
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(run.state.summary().failure().step().step() == "b");
}

BOOST_AUTO_TEST_SUITE_END()
