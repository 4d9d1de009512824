// Steps that are runs of their own: through commits, crashes, cancellations from anywhere and time limits.
#include "tests/actors/workflow/engine_harness.hpp"

#include <set>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_child)

namespace {

/// Each of three files is read by a run of its own; `more` is in the step that starts them.
std::string each_file(const std::string& more = "", const std::string& inner = "") {
  return "name: w\nworkflows:\n"
         "  one:\n"
         "    inputs: { path: string }\n"
         "    output: ${steps.read}\n"
         "    steps:\n"
         "      read: { agent: files.read, input: { path: \"${inputs.path}\" }" +
         inner +
         " }\n"
         "      after: { agent: ner.extract, needs: [read] }\n"
         "steps:\n"
         "  list: { agent: files.list }\n"
         "  each: { workflow: one, for_each: \"${steps.list.files}\", input: { path: "
         "\"${item.path}\" "
         "}" +
         more +
         " }\n"
         "  report: { agent: report.write, input: { documents: \"${steps.each}\" } }\n";
}

/// Until the runs are started.
void list(engine_harness& engine, const std::string& yaml) {
  BOOST_REQUIRE(engine.submit(load(yaml), {}));
  engine.answer_one();
  engine.turn();
}

result<cancellation> cancel(engine_harness& engine, const std::string& run = "r") {
  result<cancellation> told = fail(workflow_errc::none, "not told");
  engine.core->cancel(run, {"enough", {}},
                      [&](result<cancellation> done) { told = std::move(done); });
  engine.turn();
  return told;
}

v1::RunStatus status_of(engine_harness& engine, const std::string& run) {
  return must(engine.core->summary(run)).status();
}

std::size_t runs_in(engine_harness& engine) {
  return must(engine.core->list({})).size();
}

reply<message_ptr> second_is_broken(const attempt_request& asked) {
  if (asked.idempotency_key.find("each.1") != std::string::npos &&
      asked.idempotency_key.find("/read/") != std::string::npos)
    return tl::unexpected(failure{"files.broken", "unreadable", false});
  return answer(*asked.payload);
}

} // namespace

BOOST_FIXTURE_TEST_CASE(runs_are_started_and_give_their_output, engine_fixture) {
  engine_harness engine{open()};
  list(engine, each_file());
  BOOST_TEST(runs_in(engine) == 4u);
  const auto child = engine.summary("r..each.1");
  BOOST_TEST(child.workflow() == "one");
  BOOST_TEST(child.parent().run_id() == "r");
  BOOST_TEST(child.parent().step() == "each");
  BOOST_TEST(child.parent().index() == 1u);
  engine.go_on();
  BOOST_TEST(status_of(engine, "r") == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(status_of(engine, "r..each.2") == v1::RUN_STATUS_COMPLETED);
  for (const auto& each : must(engine.core->history("r")))
    if (each.step_completed().attempt().step() == "each") {
      v1::ReadFileReply reply;
      BOOST_REQUIRE(each.step_completed().reply().UnpackTo(&reply));
      BOOST_TEST(reply.path() == "in/d" + std::to_string(each.step_completed().attempt().index()));
    }
  BOOST_TEST(engine.core->runs_at_work() == 0u);
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

BOOST_FIXTURE_TEST_CASE(both_beginnings_are_one_commit, engine_fixture) {
  struct watched final : forwarding_store {
    using forwarding_store::forwarding_store;
    result<void> append(std::span<const append_batch> batches) override {
      for (const append_batch& each : batches)
        if (each.entry.run_id == "r..each.0" && each.expected_version == 0)
          together = std::any_of(batches.begin(), batches.end(), [](const append_batch& other) {
            return other.entry.run_id == "r";
          });
      return forwarding_store::append(batches);
    }
    bool together = false;
  };
  auto watching = std::make_unique<watched>(open());
  auto& seen = *watching;
  engine_harness engine{std::move(watching)};
  list(engine, each_file());
  BOOST_TEST(seen.together);
}

BOOST_FIXTURE_TEST_CASE(parallelism_bounds_the_runs, engine_fixture) {
  engine_harness engine{open()};
  list(engine, each_file(", parallelism: 1"));
  BOOST_TEST(runs_in(engine) == 2u);
  engine.go_on();
  BOOST_TEST(runs_in(engine) == 4u);
  BOOST_TEST(status_of(engine, "r") == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_failed_run_fails_its_step, engine_fixture) {
  engine_harness engine{open()};
  engine.answers = second_is_broken;
  list(engine, each_file());
  engine.go_on();
  const auto summary = engine.summary();
  BOOST_TEST(summary.status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(summary.failure().type() == "workflow.child_failed");
  BOOST_TEST(
      summary.failure().message() ==
      "step each[1] failed at attempt 1: run 'r..each.1' failed: step read failed at attempt "
      "1: unreadable [files.broken]");
  // The others did not go on without it.
  for (const char* other : {"r..each.0", "r..each.2"})
    BOOST_TEST((status_of(engine, other) == v1::RUN_STATUS_CANCELLED ||
                status_of(engine, other) == v1::RUN_STATUS_COMPLETED));
  BOOST_TEST(engine.core->runs_at_work() == 0u);
}

BOOST_FIXTURE_TEST_CASE(another_attempt_is_another_run, engine_fixture) {
  engine_harness engine{open()};
  int failures = 0;
  engine.answers = [&](const attempt_request& asked) -> reply<message_ptr> {
    if (asked.idempotency_key != "r..each.1/read/0") return answer(*asked.payload);
    ++failures;
    return second_is_broken(asked);
  };
  list(engine, each_file(", retry: { maximum_attempts: 3, initial_interval: 1s }"));
  engine.go_on();
  BOOST_TEST(failures == 1);
  BOOST_TEST(status_of(engine, "r") == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(status_of(engine, "r..each.1") == v1::RUN_STATUS_FAILED);
  BOOST_TEST(status_of(engine, "r..each.1.2") == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_run_takes_its_children_along, engine_fixture) {
  engine_harness engine{open()};
  list(engine, each_file());
  BOOST_TEST((cancel(engine) == cancellation::compensating));
  for (int i = 0; i < 4; ++i)
    engine.turn(); // no agent answers any more
  BOOST_TEST(status_of(engine, "r") == v1::RUN_STATUS_CANCELLED);
  for (const char* child : {"r..each.0", "r..each.1", "r..each.2"})
    BOOST_TEST(status_of(engine, child) == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(engine.core->runs_at_work() == 0u);
}

BOOST_FIXTURE_TEST_CASE(children_are_undone_before_their_parent, engine_fixture) {
  engine_harness engine{open()};
  list(engine,
       "name: w\nworkflows:\n"
       "  one: { steps: { a: { agent: files.list, compensate: { agent: files.read } }, b: { agent: "
       "files.list, needs: [a] } } }\n"
       "steps:\n"
       "  first: { agent: files.list, compensate: { agent: files.read } }\n"
       "  child: { workflow: one, needs: [first] }\n");
  engine.answer_one(); // a of the child
  engine.turn();
  BOOST_TEST((cancel(engine) == cancellation::compensating));
  BOOST_TEST(status_of(engine, "r..child.0") == v1::RUN_STATUS_COMPENSATING);
  engine.go_on();
  BOOST_TEST(status_of(engine, "r") == v1::RUN_STATUS_CANCELLED);
  std::vector<std::string> undone;
  for (const std::string& key : engine.started)
    if (key.ends_with("/compensate")) undone.push_back(key);
  BOOST_TEST(undone ==
                 (std::vector<std::string>{"r..child.0/a/0/compensate", "r/first/0/compensate"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_child_that_somebody_cancels_fails_its_step, engine_fixture) {
  engine_harness engine{open()};
  list(engine, each_file(", retry: { maximum_attempts: 3 }"));
  BOOST_TEST((cancel(engine, "r..each.1") == cancellation::done));
  engine.go_on();
  BOOST_TEST(engine.summary().failure().type() == "workflow.child_cancelled");
  BOOST_TEST(runs_in(engine) == 4u); // it is not tried again
}

BOOST_FIXTURE_TEST_CASE(a_crash_at_any_commit_starts_nothing_twice, engine_fixture) {
  for (std::size_t commits = 1; commits < 16; ++commits)
    BOOST_TEST_CONTEXT(commits << " commits") {
      const std::string file = "s" + std::to_string(commits) + ".db";
      {
        engine_harness engine{std::make_unique<failing_store>(open(file), commits)};
        (void)engine.submit(load(each_file(", parallelism: 2")), {});
        engine.go_on();
      }
      engine_harness next{open(file)};
      (void)next.core->resume("r"); // its children follow
      next.go_on();
      BOOST_TEST(status_of(next, "r") == v1::RUN_STATUS_COMPLETED);
      BOOST_TEST(runs_in(next) == 4u);
      for (const auto& each : must(next.core->list({}))) {
        BOOST_TEST(each.status == v1::RUN_STATUS_COMPLETED);
        std::set<std::string> completed;
        for (const auto& event : must(next.core->history(each.run_id)))
          if (const auto& done = event.step_completed().attempt(); event.has_step_completed())
            BOOST_TEST(completed.insert(done.step() + std::to_string(done.index())).second);
      }
    }
}

BOOST_FIXTURE_TEST_CASE(recovery_in_any_order_is_the_same, engine_fixture) {
  for (const bool parent_first : {true, false})
    BOOST_TEST_CONTEXT(parent_first) {
      const std::string file = parent_first ? "a.db" : "b.db";
      {
        engine_harness engine{open(file)};
        list(engine, each_file());
      }
      engine_harness next{open(file)};
      if (!parent_first) BOOST_REQUIRE(next.core->resume("r..each.0"));
      BOOST_TEST(must(next.core->recover()).refused.empty());
      next.go_on();
      BOOST_TEST(status_of(next, "r") == v1::RUN_STATUS_COMPLETED);
      BOOST_TEST(runs_in(next) == 4u);
    }
}

BOOST_FIXTURE_TEST_CASE(a_child_at_work_elsewhere_is_awaited, engine_fixture) {
  engine_harness other{open()};
  {
    engine_harness engine{open()};
    list(engine, each_file());
    must(engine.history->release("r..each.0"));
    BOOST_REQUIRE(other.core->resume("r..each.0"));
  }
  other.turn();
  engine_harness next{open()};
  BOOST_REQUIRE(next.core->resume("r"));
  for (int i = 0; i < 10; ++i) {
    next.now += 600ms; // within the lease of the other one
    next.turn();
    while (!next.attempts.empty())
      next.answer_one();
  }
  BOOST_TEST(status_of(next, "r") == v1::RUN_STATUS_RUNNING);
  other.go_on();
  next.now += 1s;
  next.go_on();
  BOOST_TEST(status_of(next, "r") == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(runs_in(next) == 4u);
}

BOOST_FIXTURE_TEST_CASE(what_nobody_has_is_cancelled_with_its_children, engine_fixture) {
  {
    engine_harness engine{open()};
    list(engine, each_file());
  }
  engine_harness canceller{open()};
  canceller.agents.remove("files.read"); // they are not needed
  BOOST_TEST((cancel(canceller) == cancellation::done));
  for (const auto& each : must(canceller.core->list({})))
    BOOST_TEST(each.status == v1::RUN_STATUS_CANCELLED, each.run_id);
}

BOOST_FIXTURE_TEST_CASE(what_children_have_done_is_left_to_who_knows_their_agents, engine_fixture) {
  {
    engine_harness engine{open()};
    list(engine, each_file("", ", compensate: { agent: files.write }"));
    engine.answer_one(); // one has read its file
    engine.turn();
  }
  engine_harness canceller{open()};
  BOOST_TEST((cancel(canceller) == cancellation::compensating));
  BOOST_TEST(status_of(canceller, "r") == v1::RUN_STATUS_RUNNING);
  engine_harness next{open()};
  (void)next.core->recover();
  next.go_on();
  for (const auto& each : must(next.core->list({})))
    BOOST_TEST(each.status == v1::RUN_STATUS_CANCELLED, each.run_id);
  BOOST_TEST(std::count_if(next.started.begin(), next.started.end(), [](const std::string& key) {
               return key.ends_with("/compensate");
             }) == 1);
}

BOOST_FIXTURE_TEST_CASE(limits_end_an_attempt_and_its_run, engine_fixture) {
  engine_harness engine{open()};
  list(engine, "name: w\nworkflows: { one: { steps: { nap: { wait: 1h } } } }\nsteps:\n"
               "  first: { agent: files.list }\n"
               "  a: { workflow: one, needs: [first], timeouts: { start_to_close: 10s, "
               "schedule_to_close: 25s }, retry: { maximum_attempts: 5, initial_interval: 1s, "
               "backoff_coefficient: 1 } }\n");
  engine.wait_until(at(10.5));
  BOOST_TEST(status_of(engine, "r..a.0") == v1::RUN_STATUS_CANCELLED);
  engine.wait_until(at(12));
  BOOST_TEST(status_of(engine, "r..a.0.2") == v1::RUN_STATUS_RUNNING);
  engine.wait_until(at(26));
  BOOST_TEST(status_of(engine, "r") == v1::RUN_STATUS_FAILED);
  BOOST_TEST(engine.summary().failure().type() == "workflow.timeout");
  BOOST_TEST(status_of(engine, "r..a.0.3") == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(engine.core->runs_at_work() == 0u);
  BOOST_TEST(engine.core->timers_armed() == 0u);
}

BOOST_FIXTURE_TEST_CASE(inputs_that_do_not_fit_fail_the_step, engine_fixture) {
  engine_harness engine{open()};
  engine.answers = [](const attempt_request& asked) -> reply<message_ptr> {
    if (!asked.idempotency_key.ends_with("big/0")) return answer(*asked.payload);
    auto made = std::make_shared<v1::ReadFileReply>();
    made->set_size_bytes(~std::uint64_t{0});
    return message_ptr{std::move(made)};
  };
  BOOST_REQUIRE(engine.submit(
      load("name: w\nworkflows: { one: { inputs: { n: integer }, steps: { a: { agent: files.list } "
           "} "
           "} }\nsteps:\n  big: { agent: files.read }\n  c: { workflow: one, input: { n: "
           "\"${steps.big.size_bytes}\" } }\n"),
      {}));
  engine.go_on();
  BOOST_TEST(engine.summary().failure().type() == "workflow.bad_reference");
  BOOST_TEST(runs_in(engine) == 1u);
}

BOOST_FIXTURE_TEST_CASE(ids_of_children_are_not_given_away, engine_fixture) {
  engine_harness engine{open()};
  const auto refused = engine.submit(load(each_file()), {}, "r..each.0");
  BOOST_TEST((refused.error().code == workflow_errc::bad_run_id));
}

BOOST_FIXTURE_TEST_CASE(runs_within_runs_within_runs, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(
      engine.submit(load("name: w\nworkflows:\n"
                         "  c: { output: \"${steps.x}\", steps: { x: { agent: files.list } } }\n"
                         "  b: { output: \"${steps.x}\", steps: { x: { workflow: c } } }\n"
                         "  a: { output: \"${steps.x}\", steps: { x: { workflow: b } } }\n"
                         "steps:\n  x: { workflow: a }\n  y: { agent: files.read, for_each: "
                         "\"${steps.x.files}\" }\n"),
                    {}));
  BOOST_TEST(runs_in(engine) == 4u); // at once, in one commit
  engine.go_on();
  const auto summary = engine.summary();
  BOOST_TEST(summary.status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(summary.steps_size() == 4);
  BOOST_TEST(engine.summary("r..x.0..x.0..x.0").parent().run_id() == "r..x.0..x.0");
}

BOOST_AUTO_TEST_SUITE_END()
