#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/retry.hpp"
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_machine)

namespace {

std::vector<std::string> names(const std::vector<attempt_id>& attempts) {
  std::vector<std::string> made;
  made.reserve(attempts.size());
  for (const attempt_id& each : attempts)
    made.push_back(each.instance.step + "[" + std::to_string(each.instance.index) + "]#" +
                   std::to_string(each.attempt));
  return made;
}

void check_in_flight(const driver& run, const std::vector<std::string>& expected) {
  BOOST_TEST(names(run.state.in_flight()) == expected, boost::test_tools::per_element());
}

/// One step, tried as the policy says.
std::string step_alone(const std::string& more) {
  return "name: w\nsteps: { a: { agent: files.list" + more + " } }\n";
}

} // namespace

BOOST_AUTO_TEST_CASE(main_job_runs_document_by_document) {
  driver run{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  check_in_flight(run, {"list[0]#1"});
  run.complete({"list", 0}, listing(3));
  check_in_flight(run, {"read[0]#1", "read[1]#1"}); // parallelism 2
  run.complete({"read", 1});
  // document 1 goes on while document 0 is still read
  check_in_flight(run, {"read[0]#1", "read[2]#1", "extract[1]#1", "redact[1]#1"});
  run.complete({"redact", 1});
  check_in_flight(run, {"read[0]#1", "read[2]#1", "extract[1]#1", "write[1]#1"});
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
  const auto summary = run.state.summary();
  BOOST_TEST(summary.steps_size() == 1 + 3 * 4 + 1);
  BOOST_TEST(summary.steps(4).step() == "extract");
  BOOST_TEST(summary.edges_size() == 8);
}

BOOST_AUTO_TEST_CASE(requests_take_their_values_from_the_history) {
  driver run{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  run.complete({"list", 0}, listing(3));
  while (run.state.state_of(5).instances[0].status == instance_status::blocked)
    run.complete(run.state.in_flight().back().instance);
  const auto request = run.state.request({"report", 0});
  BOOST_REQUIRE(request);
  const auto& built = dynamic_cast<const v1::WriteReportRequest&>(**request);
  BOOST_TEST(built.documents_size() == 3);
  BOOST_TEST(built.documents(2).text() == "text of in/d2");
  BOOST_TEST(built.entities(1).name() == "d1");
  BOOST_TEST(built.redactions(0).text() == "clean text of in/d0");
  BOOST_TEST(built.run().run_id() == "r");
  BOOST_TEST(built.run().steps_size() == 14);
  const auto write = run.state.request({"write", 2});
  BOOST_TEST(dynamic_cast<const v1::WriteFileRequest&>(**write).folder() == "out/redacted");
  BOOST_TEST(run.state.idempotency_key({"write", 2}) == "r/write/2");
}

BOOST_AUTO_TEST_CASE(an_empty_list_completes_the_run) {
  driver run{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  run.complete({"list", 0}, listing(0));
  check_in_flight(run, {"report[0]#1"});
  run.complete_all();
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_AUTO_TEST_CASE(an_empty_fan_out_still_waits_for_what_it_needs) {
  driver run{load("name: w\nsteps:\n  list: { agent: files.list }\n  other: { agent: files.list }\n"
                  "  a: { agent: files.read, for_each: \"${steps.list.files}\", needs: [other] }\n"
                  "  b: { agent: files.read, for_each: \"${steps.a}\" }\n"
                  "  c: { agent: files.read, for_each: \"${steps.list.files}\", needs: [a] }\n"
                  "  after_b: { agent: files.list, needs: [b] }\n"
                  "  after_c: { agent: files.list, needs: [c] }\n"),
             {}};
  run.complete({"list", 0}, listing(0));
  check_in_flight(run, {"other[0]#1"});
  run.complete({"other", 0}, listing(0));
  check_in_flight(run, {"after_b[0]#1", "after_c[0]#1"});
}

BOOST_AUTO_TEST_CASE(steps_of_one_fan_out_see_their_own_index_others_see_all) {
  driver run{load("name: w\nsteps:\n  list: { agent: files.list }\n"
                  "  a: { agent: files.read, for_each: \"${steps.list.files}\", input: { path: "
                  "\"${item.path}\" } }\n"
                  "  b: { agent: ner.extract, for_each: \"${steps.list.files}\", input: { text: "
                  "\"${steps.a.text} ${index}\" } }\n"
                  "  c: { agent: files.list, input: { patterns: \"${steps.a.text}\" } }\n"),
             {}};
  run.complete({"list", 0}, listing(2));
  check_in_flight(run, {"a[0]#1", "a[1]#1"});
  run.complete({"a", 1});
  check_in_flight(run, {"a[0]#1", "b[1]#1"}); // b[1] needs a[1] alone
  BOOST_TEST(dynamic_cast<const v1::NerRequest&>(**run.state.request({"b", 1})).text() ==
             "text of in/d1 1");
  run.complete({"a", 0});
  const auto all = run.state.request({"c", 0});
  BOOST_TEST(dynamic_cast<const v1::ListFilesRequest&>(**all).patterns(1) == "text of in/d1");
}

BOOST_AUTO_TEST_CASE(failed_attempts_back_off_and_end) {
  driver run{load(step_alone(", retry: { maximum_attempts: 3, initial_interval: 1s, "
                             "backoff_coefficient: 3, maximum_interval: 2s }")),
             {}};
  run.fail({"a", 0}, {"x.busy", "later", true});
  BOOST_REQUIRE(run.waits.size() == 1u);
  BOOST_TEST((run.waits[0].due == run.now + 1s));
  check_in_flight(run, {});
  run.fire(0);
  check_in_flight(run, {"a[0]#2"});
  run.fail({"a", 0}, {"x.busy", "later", true});
  BOOST_TEST((run.waits[0].due == run.now + 2s)); // 3 s, capped
  run.fire(0);
  run.fail({"a", 0}, {"x.busy", "later", true});
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(run.state.summary().failure().step().attempt() == 3u);
  BOOST_TEST(run.state.summary().steps(0).attempts() == 3u);
}

BOOST_AUTO_TEST_CASE(some_failures_are_not_retried) {
  for (const failure& why : {failure{"x.bad", "", false}, failure{"files.not_found", "", true}})
    BOOST_TEST_CONTEXT(why.type) {
      driver run{load(step_alone(", retry: { non_retryable_error_types: [files.not_found] }")), {}};
      run.fail({"a", 0}, why);
      BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
    }
}

BOOST_AUTO_TEST_CASE(retry_arithmetic) {
  retry_policy policy;
  policy.initial_interval = 1s;
  policy.maximum_interval = 10s;
  policy.backoff_coefficient = 2;
  BOOST_TEST((backoff(policy, 1) == 1s));
  BOOST_TEST((backoff(policy, 4) == 8s));
  BOOST_TEST((backoff(policy, 5) == 10s));
  BOOST_TEST((backoff(policy, 4'000'000'000U) == 10s));
  time_limits limits;
  limits.schedule_to_close = 5s;
  const failure why{"x", "", true};
  BOOST_TEST((next_attempt(policy, limits, 1, at(0), why, at(1)) == at(2)));
  BOOST_TEST(!next_attempt(policy, limits, 1, at(0), why, at(4)));
  policy.maximum_attempts = 0;
  BOOST_TEST(next_attempt(policy, {}, 1'000'000, at(0), why, at(4)).has_value());
}

BOOST_AUTO_TEST_CASE(backing_off_leaves_its_place_to_others) {
  driver run{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  run.complete({"list", 0}, listing(3));
  run.fail({"read", 0}, {"x.busy", "", true});
  check_in_flight(run, {"read[1]#1", "read[2]#1"});
  run.fire(0);
  check_in_flight(run, {"read[1]#1", "read[2]#1"}); // due, but both places are taken
  run.complete({"read", 1});
  BOOST_TEST(names(run.state.in_flight())[0] == "read[0]#2");
}

BOOST_AUTO_TEST_CASE(old_tokens_and_odd_events_are_refused) {
  driver run{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  const attempt_id first = run.state.in_flight()[0];
  run.record(run_recovered{"other"});
  const attempt_id second = run.state.in_flight()[0];
  BOOST_TEST(second.attempt == 2u);
  BOOST_TEST(second.token > first.token);
  const auto version = run.state.version();
  const auto refused = [&](decltype(event::what) what) {
    const auto outcome = run.state.apply({run.state.version() + 1, run.now, std::move(what)});
    BOOST_TEST(!outcome);
    BOOST_TEST((outcome || outcome.error().code == workflow_errc::history_mismatch));
    BOOST_TEST(run.state.version() == version);
  };
  refused(step_completed{first, listing(1)});
  refused(step_completed{second, answer(v1::ReadFileRequest{})}); // of another type
  refused(step_failed{first, {}, std::nullopt});
  refused(step_scheduled{{{"read", 0}, 1, 9}});
  refused(step_scheduled{{{"nowhere", 0}, 1, 9}});
  refused(step_retry_due{{"list", 0}, 2});
  refused(run_completed{});
  refused(run_failed{});
  refused(run_started{"r", run.state.workflow(), {}});
  BOOST_TEST(!run.state.apply({version + 2, run.now, run_recovered{}}));
  run.complete({"list", 0}, listing(0));
  run.complete_all();
  BOOST_TEST(!run.state.apply({run.state.version() + 1, run.now, run_recovered{}})); // closed
}

BOOST_AUTO_TEST_CASE(lost_attempts_do_not_use_up_the_policy) {
  driver run{load(step_alone(", retry: { maximum_attempts: 1 }")), {}};
  for (int i = 0; i < 20; ++i)
    run.record(run_recovered{"again"});
  check_in_flight(run, {"a[0]#21"});
  run.fail({"a", 0}, {"x.busy", "", true});
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
}

BOOST_AUTO_TEST_CASE(a_failed_step_closes_the_run_at_once) {
  driver run{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  run.complete({"list", 0}, listing(3));
  const attempt_id other = run.state.in_flight()[1];
  run.fail({"read", 0}, {"files.not_found", "gone", true});
  BOOST_TEST(run.state.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(!run.state.is_current(other));
  BOOST_TEST(run.state.summary().failure().step().step() == "read");
}

BOOST_AUTO_TEST_CASE(deadlines_come_from_the_nearer_limit) {
  driver run{load(step_alone(", timeouts: { start_to_close: 30s, schedule_to_close: 40s }")), {}};
  const attempt_id attempt = run.state.in_flight()[0];
  BOOST_TEST((run.state.deadline(attempt, at(0), 1h) == at(30)));
  BOOST_TEST((run.state.deadline(attempt, at(20), 1h) == at(40)));
  driver plain{load(step_alone("")), {}};
  BOOST_TEST((plain.state.deadline(plain.state.in_flight()[0], at(5), 1h) == at(3605)));
}

BOOST_AUTO_TEST_CASE(a_value_that_does_not_fit_is_named) {
  driver run{load("name: w\ninputs: { n: integer }\nsteps: { a: { agent: ner.extract, input: { "
                  "stride: \"${inputs.n}\" } } }\n"),
             {{"n", std::int64_t{-5}}}};
  const auto request = run.state.request({"a", 0});
  BOOST_REQUIRE(!request);
  BOOST_TEST(request.error().type == "workflow.bad_reference");
  BOOST_TEST(request.error().message ==
             "step a[0]: '-5' is no value for field 'stride' of type uint32 (from ${inputs.n})");
}

BOOST_AUTO_TEST_CASE(histories_survive_the_wire) {
  driver run{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  run.complete({"list", 0}, listing(2));
  run.fail({"read", 0}, {"x.busy", "later", true});
  run.record(run_recovered{"me"});
  run.fire(0);
  run.complete_all();
  machine again;
  for (const event& each : run.history) {
    v1::Event wire;
    BOOST_REQUIRE(wire.ParseFromString(encode(each).SerializeAsString()));
    const auto decoded = decode(wire);
    BOOST_REQUIRE_MESSAGE(decoded, (decoded ? "" : decoded.error().message()));
    must(again.apply(*decoded));
  }
  BOOST_TEST(again.summary().SerializeAsString() == run.state.summary().SerializeAsString());
  v1::Event unknown;
  BOOST_TEST(!decode(unknown));
}

BOOST_AUTO_TEST_SUITE_END()
