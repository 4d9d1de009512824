#include "actors/workflow/reply_check.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

#include <algorithm>
#include <google/protobuf/struct.pb.h>
#include <set>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_core)

BOOST_FIXTURE_TEST_CASE(runs_the_main_job, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  result<v1::RunSummary> told = fail(workflow_errc::none, "not told");
  BOOST_TEST(engine.core->when_closed(
                 "r", [&](result<v1::RunSummary> done) { told = std::move(done); }) != 0u);
  engine.go_on();
  BOOST_REQUIRE(told);
  BOOST_TEST(told->status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.started.size() == 14u);
  BOOST_TEST(engine.started[1] == "r/read/0");
  BOOST_TEST(std::set<std::string>(engine.started.begin(), engine.started.end()).size() == 14u);
  // What was committed is what was told, and what is stored.
  const auto stored = must(engine.core->history("r"));
  BOOST_REQUIRE(stored.size() == engine.committed.size());
  for (std::size_t i = 0; i < stored.size(); ++i)
    BOOST_TEST(stored[i].sequence() == i + 1);
  BOOST_TEST(engine.summary().SerializeAsString() == told->SerializeAsString());
  BOOST_TEST(must(engine.core->list({})).at(0).status == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.core->runs_at_work() == 0u);
}

BOOST_FIXTURE_TEST_CASE(retries_wait_by_the_clock, engine_fixture) {
  engine_harness engine{open()};
  int failures = 2;
  engine.answers = [&](const attempt_request& asked) -> reply<message_ptr> {
    if (failures-- > 0) return tl::unexpected(failure{"x.busy", "later", true});
    return answer(*asked.payload);
  };
  BOOST_REQUIRE(
      engine.submit(lone_step(", retry: { initial_interval: 1s, maximum_interval: 9s }"), {}));
  engine.go_on(false);
  BOOST_TEST(engine.started.size() == 1u);
  BOOST_TEST((engine.core->next_due() == at(1)));
  engine.now = at(1);
  engine.go_on(false);
  BOOST_TEST(engine.started.size() == 2u);
  BOOST_TEST((engine.core->next_due() == at(3)));
  engine.now = at(3);
  engine.go_on(false);
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.started == (std::vector<std::string>{"r/a/0", "r/a/0", "r/a/0"}));
}

BOOST_FIXTURE_TEST_CASE(a_failed_run_says_which_step_it_was, engine_fixture) {
  engine_harness engine{open()};
  engine.answers = [](const attempt_request& asked) -> reply<message_ptr> {
    if (asked.idempotency_key == "r/read/1")
      return tl::unexpected(failure{"files.not_found", "in/d1 is gone", true});
    return answer(*asked.payload);
  };
  BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  engine.go_on();
  const auto summary = engine.summary();
  BOOST_TEST(summary.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(summary.failure().message() == "step read[1] failed at attempt 1: in/d1 is gone");
  BOOST_TEST(summary.failure().type() == "files.not_found");
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
}

BOOST_FIXTURE_TEST_CASE(timeouts_reach_the_agent_and_bound_the_retries, engine_fixture) {
  engine_harness engine{open()};
  std::vector<std::chrono::milliseconds> given;
  engine.answers = [&](const attempt_request& asked) -> reply<message_ptr> {
    given.push_back(asked.timeout);
    engine.now += asked.timeout;
    return tl::unexpected(failure{"runtime.deadline_exceeded", "too late", true});
  };
  BOOST_REQUIRE(engine.submit(
      lone_step(", retry: { initial_interval: 1s, backoff_coefficient: 1, maximum_attempts: 0 }, "
                "timeouts: { start_to_close: 4s, schedule_to_close: 10s }"),
      {}));
  engine.go_on();
  BOOST_TEST((given == std::vector<std::chrono::milliseconds>{4s, 4s}));
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_FAILED);
}

BOOST_FIXTURE_TEST_CASE(attempts_without_limits_get_the_default, engine_fixture) {
  engine_options options;
  options.default_timeout = 77s;
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  BOOST_REQUIRE(engine.attempts.size() == 1u);
  BOOST_TEST((engine.attempts[0].request.timeout == 77s));
}

BOOST_FIXTURE_TEST_CASE(attempts_in_flight_are_bounded_over_all_runs, engine_fixture) {
  engine_options options;
  options.max_attempts_in_flight = 3;
  engine_harness engine{open(), options};
  for (const char* run : {"a", "b", "c", "d", "e"})
    BOOST_REQUIRE(engine.submit(lone_step(""), {}, run));
  BOOST_TEST(engine.attempts.size() == 3u);
  engine.answer_one();
  engine.turn();
  BOOST_TEST(engine.attempts.size() == 3u);
  engine.go_on();
  BOOST_TEST(engine.started.size() == 5u);
}

BOOST_FIXTURE_TEST_CASE(waiting_too_long_for_a_start_is_a_timeout, engine_fixture) {
  engine_options options;
  options.max_attempts_in_flight = 1;
  engine_harness engine{open(), options};
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "first"));
  BOOST_REQUIRE(engine.submit(
      lone_step(", retry: { maximum_attempts: 1 }, timeouts: { schedule_to_start: 5s }"), {},
      "second"));
  engine.now = at(6);
  engine.go_on();
  BOOST_TEST(engine.summary("first").status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.summary("second").failure().type() == "workflow.timeout");
}

BOOST_FIXTURE_TEST_CASE(odd_answers_fail_the_step, engine_fixture) {
  for (const message_ptr& odd : {message_ptr{}, answer(v1::ReadFileRequest{})}) {
    engine_harness engine{open()};
    const std::string run = odd ? "wrong" : "none";
    engine.answers = [&](const attempt_request&) -> reply<message_ptr> { return odd; };
    BOOST_REQUIRE(engine.submit(lone_step(""), {}, run));
    engine.go_on();
    BOOST_TEST(engine.summary(run).failure().type() == "workflow.wrong_reply_type");
  }
}

BOOST_FIXTURE_TEST_CASE(text_that_is_no_utf8_does_not_spoil_the_history, engine_fixture) {
  for (const bool in_reply : {true, false}) {
    engine_harness engine{open()};
    const std::string run = in_reply ? "reply" : "failure";
    engine.answers = [&](const attempt_request&) -> reply<message_ptr> {
      if (!in_reply) return tl::unexpected(failure{"x.\xff", "cannot open \xff\xfe.txt", false});
      auto made = std::make_shared<v1::ListFilesReply>();
      made->add_files()->set_name("\xff\xfe.txt");
      return message_ptr{std::move(made)};
    };
    BOOST_REQUIRE(engine.submit(lone_step(""), {}, run));
    engine.go_on();
    // Protobuf writes such strings without a word and refuses to read them again.
    BOOST_TEST(engine.core->history(run).has_value());
    const auto told = engine.core->summary(run);
    BOOST_REQUIRE(told);
    BOOST_TEST(told->status() == v1::RUN_STATUS_FAILED);
    BOOST_TEST(told->failure().type() == (in_reply ? "workflow.invalid_reply" : "x.\uFFFD"));
  }
}

BOOST_AUTO_TEST_CASE(replies_must_be_readable_again) {
  for (const int depth : {10, 45, 60, 10'000}) {
    BOOST_TEST_CONTEXT(depth << " lists in each other") {
      google::protobuf::ListValue root;
      auto* inner = &root;
      for (int i = 0; i < depth; ++i)
        inner = inner->add_values()->mutable_list_value();
      const bool kept = !unkeepable(root);
      // Nothing is let through that Protobuf would not read again.
      if (kept) BOOST_TEST(google::protobuf::ListValue{}.ParseFromString(root.SerializeAsString()));
      BOOST_TEST(kept == (depth < 50));
    }
  }
  google::protobuf::Struct map;
  (*map.mutable_fields())["key"].set_string_value("caf\u00e9");
  BOOST_TEST(!unkeepable(map));
  (*map.mutable_fields())["b\xc0"].set_string_value("x");
  BOOST_TEST(unkeepable(map).value_or("").find("UTF-8") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(submissions_are_checked, engine_fixture) {
  engine_harness engine{open()};
  const auto code = [&](const result<void>& outcome) {
    return outcome ? std::error_code{} : outcome.error().code;
  };
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  BOOST_TEST((code(engine.submit(lone_step(", parallelism: 2"), {})) == workflow_errc::run_exists));
  engine.go_on();
  BOOST_TEST((code(engine.submit(lone_step(", parallelism: 2"), {})) ==
              workflow_errc::run_exists)); // closed, still there
  BOOST_TEST((code(engine.submit(lone_step(""), {}, "../x")) == workflow_errc::bad_run_id));
  BOOST_TEST((code(engine.submit(load(main_job), {}, "q")) == workflow_errc::bad_input));
  BOOST_TEST((code(engine.core->resume("r")) == workflow_errc::run_closed));
  BOOST_TEST((code(engine.core->resume("nobody")) == workflow_errc::run_unknown));
  BOOST_TEST((engine.core->summary("nobody").error().code == workflow_errc::run_unknown));
}

BOOST_FIXTURE_TEST_CASE(late_answers_of_lost_attempts_change_nothing, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  const responder late = engine.attempts[0].then;
  engine.answer_one();
  engine.turn();
  const auto events = engine.committed.size();
  late(listing(9)); // a second answer to one attempt
  engine.turn();
  BOOST_TEST(engine.committed.size() == events);
}

// --- attempts before they are durable -------------------------------------------------------------

namespace {

/// Four steps in a chain.
const std::string chain = R"(name: chain
steps:
  a: { agent: files.list }
  b: { agent: files.list, needs: [a] }
  c: { agent: files.list, needs: [b] }
  d: { agent: files.list, needs: [c] }
)";

/// Counts the commits, and refuses all of them from one on.
struct counted_store final : forwarding_store {
  using forwarding_store::forwarding_store;
  result<void> append(std::span<const append_batch> batches) override {
    on_append();
    return forwarding_store::append(batches);
  }
  std::function<void()> on_append = [] {};
};

} // namespace

BOOST_FIXTURE_TEST_CASE(attempts_wait_for_their_commit_by_default, engine_fixture) {
  auto counted = std::make_unique<counted_store>(open());
  auto& seen = *counted;
  engine_harness engine{std::move(counted)};
  BOOST_REQUIRE(engine.submit(load(chain), {}));
  seen.on_append = [&] { BOOST_TEST(engine.attempts.empty()); };
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(attempts_may_work_while_they_are_committed, engine_fixture) {
  auto counted = std::make_unique<counted_store>(open());
  auto& seen = *counted;
  engine_options options;
  options.max_started_ahead = 2;
  engine_harness engine{std::move(counted), options};
  std::size_t most = 0;
  seen.on_append = [&] { most = std::max(most, engine.attempts.size()); };
  for (int i = 0; i < 5; ++i)
    BOOST_REQUIRE(engine.submit(load(chain), {}, "r" + std::to_string(i)));
  BOOST_TEST(most == 4u); // those of the runs before; never that of a run which is not there yet
  const auto answer_all = [&] {
    most = 0;
    while (!engine.attempts.empty())
      engine.answer_one();
    engine.turn();
  };
  answer_all();
  BOOST_TEST(most == 2u);
  BOOST_TEST(engine.attempts.size() == 5u); // the others after the commit
  answer_all();
  BOOST_TEST(most == 2u);
  engine.go_on();
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(engine.summary("r" + std::to_string(i)).status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_definition_may_want_its_attempts_committed_first, engine_fixture) {
  auto counted = std::make_unique<counted_store>(open());
  auto& seen = *counted;
  engine_options options;
  options.max_started_ahead = 100;
  engine_harness engine{std::move(counted), options};
  BOOST_REQUIRE(engine.submit(load(chain + "max_uncommitted: 0\n"), {}));
  seen.on_append = [&] { BOOST_TEST(engine.attempts.empty()); };
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(what_was_done_but_not_committed_is_done_again_under_its_key,
                        engine_fixture) {
  for (std::size_t commits = 1; commits < 8; ++commits)
    BOOST_TEST_CONTEXT(commits << " commits") {
      const std::string file = "s" + std::to_string(commits) + ".db";
      engine_options options;
      options.max_started_ahead = 8;
      std::vector<std::string> before;
      std::vector<v1::Event> committed;
      {
        engine_harness engine{std::make_unique<failing_store>(open(file), commits), options};
        (void)engine.submit(load(main_job), main_inputs);
        engine.go_on();
        before = engine.started;
        committed = engine.committed;
      }
      engine_harness again{open(file), options};
      BOOST_REQUIRE(again.core->resume("r"));
      again.go_on();
      BOOST_TEST(again.summary().status() == v1::RUN_STATUS_COMPLETED);
      const std::set<std::string> keys(again.started.begin(), again.started.end());
      std::set<std::string> done;
      for (const v1::Event& each : committed)
        if (each.has_step_completed())
          done.insert("r/" + each.step_completed().attempt().step() + "/" +
                      std::to_string(each.step_completed().attempt().index()));
      for (const std::string& key : done)
        BOOST_TEST(!keys.contains(key), key + " was committed and is done again");
      for (const std::string& key : before)
        BOOST_TEST((done.contains(key) || keys.contains(key)), key + " was lost");
    }
}

BOOST_FIXTURE_TEST_CASE(a_fenced_owner_starts_nothing_more_once_its_lease_is_old, engine_fixture) {
  engine_options options;
  options.max_started_ahead = 8;
  engine_harness late{open(), options};
  BOOST_REQUIRE(late.submit(load(chain), {}));
  late.now += 1h; // it slept
  late.answer_one();
  engine_harness next{open("s.db", late.now)};
  next.now = late.now;
  BOOST_REQUIRE(next.core->resume("r"));
  next.turn();
  for (auto tasks = std::exchange(late.posted, {}); const auto& task : tasks)
    task();
  late.core->commit();
  BOOST_TEST(late.started.size() == 1u);
  BOOST_TEST(late.core->runs_at_work() == 0u);
}

// --- submitting and resuming ----------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_repeated_submission_means_the_same_run, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  BOOST_TEST(engine.submit(load(main_job), main_inputs).has_value()); // at work
  BOOST_TEST(engine.core->runs_at_work() == 1u);
  const auto other = engine.submit(load(main_job), {{"folder", "elsewhere"}, {"output", "out"}});
  BOOST_REQUIRE(!other);
  BOOST_TEST((other.error().code == workflow_errc::run_exists));
  BOOST_TEST((engine.submit(load(chain), {}).error().code == workflow_errc::run_exists));
  engine.go_on();
  BOOST_TEST(engine.submit(load(main_job), main_inputs).has_value()); // closed
  BOOST_TEST(engine.core->runs_at_work() == 0u);
  BOOST_TEST((engine.submit(load(chain), {}).error().code == workflow_errc::run_exists));
}

BOOST_FIXTURE_TEST_CASE(a_submission_repeated_after_a_crash_goes_on, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(load(chain), {}));
  }
  engine_harness engine{open()};
  BOOST_TEST(engine.submit(load(chain), {}).has_value());
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(two_submissions_at_once_are_one_run, engine_fixture) {
  engine_harness engine{open()};
  std::vector<bool> told;
  for (const char* workflow : {chain.c_str(), chain.c_str(), main_job.c_str()})
    engine.core->submit(load(workflow), workflow == main_job.c_str() ? main_inputs : input_values{},
                        {"r"}, [&](const result<void>& done) { told.push_back(done.has_value()); });
  BOOST_TEST(told == (std::vector<bool>{false}), boost::test_tools::per_element());
  engine.core->commit();
  BOOST_TEST(told == (std::vector<bool>{false, true, true}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_refused_run_is_left_to_others, engine_fixture) {
  {
    engine_harness engine{open()};
    BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  }
  engine_harness without{open()};
  without.agents.remove("files.list");
  BOOST_TEST((without.core->resume("r").error().code == workflow_errc::agent_missing));
  engine_harness with{open()};
  BOOST_TEST(with.core->resume("r").has_value()); // while the other one lives
  with.go_on();
  BOOST_TEST(with.summary().status() == v1::RUN_STATUS_COMPLETED);
}

// --- callbacks that throw -------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_subscriber_that_throws_is_let_go, engine_fixture) {
  engine_harness engine{open()};
  int calls = 0;
  engine.core->subscribe([&](const std::string&, const v1::Event&) {
    if (++calls == 2) throw std::runtime_error{"a test's fault"};
  });
  BOOST_REQUIRE(engine.submit(load(chain), {}));
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(calls == 2);
  BOOST_TEST(engine.committed.size() == 10u); // the other one heard of everything
}

BOOST_AUTO_TEST_SUITE_END()
