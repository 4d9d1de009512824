// Several nodes: which of them attempts run on, and what becomes of those on a node that is gone.
#include "tests/actors/workflow/held_commits.hpp"
#include "tests/actors/workflow/nodes_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_nodes)

using namespace troupe::test::nodes;

namespace {

constexpr auto per_element = boost::test_tools::per_element();

/// A run of `count` steps side by side, `a`, `b`, ...; `more` is in each.
definition_ptr side_by_side(std::size_t count, const std::string& more = "") {
  std::string text = "name: w\nsteps:\n";
  for (std::size_t i = 0; i < count; ++i)
    text += fmt::format("  {}: {{ agent: files.list{} }}\n", static_cast<char>('a' + i), more);
  return load(text);
}

} // namespace

/// An engine that gives work to `n1` and `n2` only.
struct two_nodes : engine_fixture {
  engine_harness engine{open(), coordinator()};
  two_nodes() {
    must(engine.core->add_node(node_called("n1", "cpu=4")));
    must(engine.core->add_node(node_called("n2", "cpu=4")));
  }
  std::size_t remove(const std::string& name, std::uint64_t incarnation = 1) {
    const auto lost = must(engine.core->remove_node(name, incarnation));
    engine.turn();
    return lost;
  }
};

BOOST_FIXTURE_TEST_CASE(attempts_go_to_the_node_with_least_to_do, two_nodes) {
  BOOST_REQUIRE(engine.submit(side_by_side(3), {}));
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 n1", "r/b/0 n2", "r/c/0 n1"}), per_element);
  BOOST_TEST(engine.attempts[0].request.node_incarnation == 1u);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  texts nodes;
  for (const v1::Event& each : engine.committed)
    if (each.has_step_completed()) nodes.push_back(each.step_completed().timing().node());
  BOOST_TEST(nodes == (texts{"n1", "n2", "n1"}), per_element);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(this_process_is_a_node_like_others, engine_fixture) {
  engine_options how;
  how.node_name = "c";
  engine_harness engine{open(), how};
  must(engine.core->add_node(node_called("n1", "", 1)));
  BOOST_REQUIRE(engine.submit(side_by_side(3), {}));
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 ", "r/b/0 n1", "r/c/0 "}), per_element);
  BOOST_TEST(engine.attempts[0].request.node_incarnation == 0u);
  engine.go_on();
  texts nodes;
  for (const v1::Event& each : engine.committed)
    if (each.has_step_completed()) nodes.push_back(each.step_completed().timing().node());
  BOOST_TEST(nodes == (texts{"c", "n1", "c"}), per_element);
}

BOOST_FIXTURE_TEST_CASE(a_demand_is_whole_on_one_node, two_nodes) {
  BOOST_REQUIRE(engine.submit(side_by_side(4, ", resources: { cpu: 3 }"), {}));
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 n1", "r/b/0 n2"}), per_element);
  // One cpu is free on each of them, and two demands of three wait.
  BOOST_TEST(reason(engine) ==
             "waits for: resources: cpu 3 of 4 taken by r/a/0 (3 demanded) on node n1");
  answer_at(engine, 1);
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 n1", "r/c/0 n2"}), per_element);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(a_demand_larger_than_any_node_is_refused, two_nodes) {
  const auto refused = engine.submit(side_by_side(1, ", resources: { cpu: 5 }"), {});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == workflow_errc::demand_too_large));
  BOOST_TEST(refused.error().context.find("no node with agent files.list/default has as much; node "
                                          "'n1' has 4") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(where_nodes_may_come_it_waits, engine_fixture) {
  engine_options how = coordinator();
  how.may_grow = true;
  engine_harness engine{open(), how};
  must(engine.core->add_node(node_called("n1", "cpu=4")));
  BOOST_REQUIRE(engine.submit(side_by_side(1, ", resources: { cpu: 5 }"), {}));
  BOOST_TEST(reason(engine) == "waits for: node: none with agent files.list/default has as much: "
                               "cpu 0 of 4 taken by nobody (5 demanded) on node n1");
  // It keeps nothing from those behind it.
  BOOST_REQUIRE(engine.submit(side_by_side(1, ", resources: { cpu: 4 }"), {}, "s"));
  BOOST_TEST(at_work(engine) == (texts{"s/a/0 n1"}), per_element);
  must(engine.core->add_node(node_called("n2", "cpu=8")));
  engine.turn();
  BOOST_TEST(at_work(engine) == (texts{"s/a/0 n1", "r/a/0 n2"}), per_element);
}

BOOST_FIXTURE_TEST_CASE(alone_a_process_waits_for_nodes_too, engine_fixture) {
  engine_options how;
  how.may_grow = true;
  how.resources = resources_of("cpu=1");
  engine_harness engine{open(), how};
  BOOST_REQUIRE(engine.submit(side_by_side(1, ", resources: { cpu: 5 }"), {}));
  BOOST_REQUIRE(engine.submit(side_by_side(1, ", resources: { cpu: 1 }"), {}, "s"));
  BOOST_TEST(at_work(engine) == (texts{"s/a/0 "}), per_element);
}

BOOST_FIXTURE_TEST_CASE(the_first_in_line_has_one_node_kept, two_nodes) {
  BOOST_REQUIRE(engine.submit(side_by_side(2, ", resources: { cpu: 3 }"), {}, "work"));
  BOOST_REQUIRE(engine.submit(lone_step(", resources: { cpu: 4 }"), {}, "large"));
  BOOST_TEST(at_work(engine) == (texts{"work/a/0 n1", "work/b/0 n2"}), per_element);
  BOOST_REQUIRE(engine.submit(side_by_side(3, ", resources: { cpu: 1 }"), {}, "small"));
  // `n1` is kept, what is free on `n2` is not.
  BOOST_TEST(at_work(engine) == (texts{"work/a/0 n1", "work/b/0 n2", "small/a/0 n2"}), per_element);
  answer_at(engine, 2);
  answer_at(engine, 0);
  BOOST_TEST(at_work(engine) == (texts{"work/b/0 n2", "small/b/0 n2", "large/a/0 n1"}),
             per_element);
  engine.go_on();
  for (const char* run : {"work", "large", "small"})
    BOOST_TEST(engine.summary(run).status() == v1::RUN_STATUS_COMPLETED);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(what_waits_behind_it_says_so, two_nodes) {
  BOOST_REQUIRE(engine.submit(lone_step(", resources: { cpu: 3 }, placement: { node: n1 }"), {}));
  BOOST_REQUIRE(
      engine.submit(lone_step(", resources: { cpu: 4 }, placement: { node: n1 }"), {}, "large"));
  BOOST_REQUIRE(
      engine.submit(lone_step(", resources: { cpu: 1 }, placement: { node: n1 }"), {}, "small"));
  BOOST_TEST(reason(engine, 0, "small") ==
             "waits for: resources kept for large/a/0, which waits in front of it on node n1");
  BOOST_TEST(reason(engine, 0, "large") ==
             "waits for: resources: cpu 3 of 4 taken by r/a/0 (4 demanded) on node n1");
}

// --- lost nodes ----------------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(what_a_lost_node_had_is_tried_again_once_elsewhere, two_nodes) {
  BOOST_REQUIRE(engine.submit(side_by_side(4, ", retry: { maximum_attempts: 1 }"), {}));
  auto late = take_of(engine, "n1");
  BOOST_TEST(late.size() == 2u);
  BOOST_TEST(remove("n1") == 2u);
  BOOST_TEST(at_work(engine) == (texts{"r/b/0 n2", "r/d/0 n2", "r/a/0 n2", "r/c/0 n2"}),
             per_element);
  BOOST_TEST(count_of(engine, &v1::Event::has_step_lost) == 2u);
  for (const v1::Event& each : engine.committed)
    if (each.has_step_lost()) {
      BOOST_TEST(each.step_lost().node() == "n1");
      BOOST_TEST(each.step_lost().node_incarnation() == 1u);
      BOOST_TEST(each.step_lost().timing().node() == "n1");
      BOOST_TEST(each.step_lost().attempt().attempt() == 1u);
    }
  for (const auto& each : late) {
    BOOST_TEST(each.request.pulse->abandoned());
    const auto events = engine.committed.size();
    each.then(listing(7));
    engine.turn();
    BOOST_TEST(engine.committed.size() == events); // refused by its token
  }
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(count_of(engine, &v1::Event::has_step_completed) == 4u);
  const auto summary = engine.summary();
  for (const auto& each : summary.steps())
    BOOST_TEST(each.attempts() == (each.step() == "a" || each.step() == "c" ? 2u : 1u));
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(without_another_node_it_waits_for_one, two_nodes) {
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  (void)remove("n1");
  (void)remove("n2");
  auto late = std::exchange(engine.attempts, {}); // that of `n1`, and that of `n2` which took over
  BOOST_TEST(late.size() == 2u);
  BOOST_TEST(reason(engine) == "waits for: node: there is none with agent files.list/default");
  must(engine.core->add_node(node_called("n1", "", 10, 2)));
  engine.turn();
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 n1"}), per_element);
  BOOST_TEST(engine.attempts[0].request.node_incarnation == 2u);
  late[0].then(listing(1)); // of its former life
  engine.turn();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine.summary().steps(0).attempts() == 3u);
}

BOOST_FIXTURE_TEST_CASE(a_node_that_returns_has_lost_what_it_had, two_nodes) {
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  auto late = take_of(engine, "n1");
  must(engine.core->add_node(node_called("n1", "", 10, 2)));
  engine.turn();
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 n2"}), per_element);
  // What is said of its former life comes late, too.
  const auto gone = engine.core->remove_node("n1", 1);
  BOOST_REQUIRE(!gone);
  BOOST_TEST((gone.error().code == workflow_errc::node_unknown));
  BOOST_TEST(!engine.core->add_node(node_called("n1", "", 10, 1)));
  BOOST_TEST(engine.core->nodes().size() == 3u);
  late[0].then(listing(1));
  engine.go_on();
  BOOST_TEST(count_of(engine, &v1::Event::has_step_completed) == 1u);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(what_is_completed_and_not_yet_durable_is_not_lost, held_fixture) {
  const auto engine = start(coordinator());
  must(engine->core->add_node(node_called("n1")));
  submit(*engine, "r");
  let_go(*engine);
  BOOST_TEST(at_work(*engine) == (texts{"r/a/0 n1"}), per_element);
  engine->answer_one();
  engine->turn(); // its completion is with the committer
  BOOST_TEST(commits->runs_held() == 1u);
  BOOST_TEST(must(engine->core->remove_node("n1", 1)) == 0u);
  engine->turn();
  must(engine->core->add_node(node_called("n2")));
  finish(*engine);
  BOOST_TEST(engine->summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(count_of(*engine, &v1::Event::has_step_lost) == 0u);
  BOOST_TEST(engine->started == (texts{"r/a/0", "r/b/0"}), per_element);
}

BOOST_FIXTURE_TEST_CASE(an_answer_that_is_on_its_way_when_its_node_goes_is_refused, two_nodes) {
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  engine.answer_one(); // posted, and not looked at
  BOOST_TEST(must(engine.core->remove_node("n1", 1)) == 1u);
  engine.turn();
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 n2"}), per_element);
  engine.go_on();
  BOOST_TEST(count_of(engine, &v1::Event::has_step_completed) == 1u);
  BOOST_TEST(engine.summary().steps(0).attempts() == 2u);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(a_history_with_losses_replays, two_nodes) {
  BOOST_REQUIRE(engine.submit(side_by_side(3), {}));
  (void)remove("n1");
  engine.go_on();
  const auto before = engine.summary().SerializeAsString();
  engine.core.reset();
  engine_harness next{open("s.db", at(3'600)), coordinator()};
  BOOST_TEST(must(next.core->summary("r")).SerializeAsString() == before);
}

BOOST_FIXTURE_TEST_CASE(what_an_attempt_said_goes_with_it, two_nodes) {
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  BOOST_REQUIRE(engine.attempts[0].request.pulse->beat(listing(2)));
  (void)remove("n1");
  const auto said = engine.attempts.back().request.pulse->last_details();
  BOOST_REQUIRE(said);
  BOOST_TEST(dynamic_cast<const v1::ListFilesReply&>(*said).files_size() == 2);
}

BOOST_FIXTURE_TEST_CASE(what_undoes_a_step_is_tried_again_too, two_nodes) {
  BOOST_REQUIRE(engine.submit(load("name: w\nsteps:\n"
                                   "  a: { agent: files.list, compensate: { agent: files.list } }\n"
                                   "  b: { agent: files.list, needs: [a], retry: { "
                                   "maximum_attempts: 1 } }\n"),
                              {}));
  engine.answer_one();
  engine.turn();
  answer_at(engine, 0, tl::unexpected(failure{"x.broken", "no", false}));
  BOOST_TEST(at_work(engine) == (texts{"r/a/0/compensate n1"}), per_element);
  const auto late = take_of(engine, "n1");
  BOOST_TEST(remove("n1") == 1u);
  BOOST_TEST(at_work(engine) == (texts{"r/a/0/compensate n2"}), per_element);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_FAILED);
  BOOST_TEST(engine.summary().steps(0).compensation().attempts() == 2u);
  BOOST_TEST(engine.summary().steps(0).compensation().status() == v1::STEP_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_waits_to_be_cancelled_does_not_wait_for_the_lost, two_nodes) {
  BOOST_REQUIRE(engine.submit(side_by_side(2), {}));
  engine.core->cancel("r", {"enough"}, [](const result<cancellation>&) {});
  engine.turn();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING);
  (void)remove("n1");
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_RUNNING); // `b` is waited for
  (void)remove("n2");
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_CANCELLED);
  BOOST_TEST(engine.started.size() == 2u);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(attempts_of_a_closed_run_leave_with_their_node, two_nodes) {
  BOOST_REQUIRE(engine.submit(lone_step(", resources: { cpu: 1 }"), {}));
  cancel_options at_once;
  at_once.grace = {};
  engine.core->cancel("r", at_once, [](const result<cancellation>&) {});
  engine.turn();
  BOOST_TEST(engine.core->attempts_in_flight() == 1u); // its agent is at it
  BOOST_TEST(remove("n1") == 1u);
  BOOST_TEST(engine.core->attempts_in_flight() == 0u);
  BOOST_TEST(count_of(engine, &v1::Event::has_step_lost) == 0u);
  check_nothing_left(engine);
}

BOOST_FIXTURE_TEST_CASE(runs_within_runs_go_on_elsewhere, two_nodes) {
  BOOST_REQUIRE(engine.submit(load("name: w\nworkflows:\n  inner:\n    steps:\n      x: { agent: "
                                   "files.list }\n      y: { agent: files.list }\nsteps:\n  a: { "
                                   "workflow: inner }\n"),
                              {}));
  BOOST_TEST(at_work(engine) == (texts{"r..a.0/x/0 n1", "r..a.0/y/0 n2"}), per_element);
  BOOST_TEST(remove("n2") == 1u);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(count_of(engine, &v1::Event::has_step_lost) == 1u);
  BOOST_TEST(count_of(engine, &v1::Event::has_child_started) == 1u);
}

// --- states --------------------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_draining_node_ends_what_it_has_and_is_given_nothing, two_nodes) {
  BOOST_REQUIRE(engine.submit(side_by_side(2), {}));
  must(engine.core->drain_node("n1"));
  BOOST_REQUIRE(engine.submit(side_by_side(3), {}, "s"));
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 n1", "r/b/0 n2", "s/a/0 n2", "s/b/0 n2", "s/c/0 n2"}),
             per_element);
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(count_of(engine, &v1::Event::has_step_lost) == 0u);
  must(engine.core->set_node_state("n1", 1, scheduling::node_state::active));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "t"));
  BOOST_TEST(at_work(engine) == (texts{"t/a/0 n1"}), per_element);
}

BOOST_FIXTURE_TEST_CASE(where_all_nodes_are_away_the_reason_names_them, two_nodes) {
  must(engine.core->drain_node("n1"));
  must(engine.core->set_node_state("n2", 1, scheduling::node_state::suspect));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  BOOST_TEST(reason(engine) == "waits for: node: all with agent files.list/default are suspect or "
                               "draining: n1 (draining), n2 (suspect)");
  must(engine.core->set_node_state("n2", 1, scheduling::node_state::active));
  engine.turn();
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 n2"}), per_element);
}

BOOST_FIXTURE_TEST_CASE(this_process_may_be_drained_and_not_removed, engine_fixture) {
  engine_options how;
  how.node_name = "c";
  engine_harness engine{open(), how};
  must(engine.core->drain_node("c"));
  BOOST_REQUIRE(engine.submit(lone_step(""), {}));
  BOOST_TEST(engine.attempts.empty());
  BOOST_TEST(!engine.core->remove_node("c", 0));
  must(engine.core->add_node(node_called("n1")));
  engine.turn();
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 n1"}), per_element);
}

BOOST_FIXTURE_TEST_CASE(the_list_of_nodes_may_be_given_as_a_whole, two_nodes) {
  BOOST_REQUIRE(engine.submit(side_by_side(2), {}));
  must(engine.core->set_nodes({node_called("n2", "cpu=4"), node_called("n3")}));
  engine.turn();
  // `n1` is gone; `n2` is the same as before.
  BOOST_TEST(count_of(engine, &v1::Event::has_step_lost) == 1u);
  BOOST_TEST(at_work(engine) == (texts{"r/a/0 n1", "r/b/0 n2", "r/a/0 n3"}), per_element);
  const auto wrong = engine.core->add_node(node_called("c"));
  BOOST_REQUIRE(!wrong);
  BOOST_TEST((wrong.error().code == workflow_errc::bad_input));
}

// --- agents --------------------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(attempts_run_where_their_agents_are, engine_fixture) {
  engine_harness engine{open(), coordinator()};
  must(engine.core->add_node(node_with("reads", {"files.list", "files.read"})));
  BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  for (int i = 0; i < 8 && !engine.attempts.empty(); ++i) {
    BOOST_TEST(engine.attempts.front().request.node == "reads");
    engine.answer_one();
    engine.turn();
  }
  BOOST_TEST(engine.attempts.empty());
  BOOST_TEST(reason(engine) == "waits for: node: there is none with agent ner.extract/default");
  must(engine.core->add_node(
      node_with("rest", {"ner.extract", "pii.redact", "files.write", "report.write"})));
  engine.turn();
  BOOST_TEST(engine.attempts.front().request.node == "rest");
  engine.go_on();
  BOOST_TEST(engine.summary().status() == v1::RUN_STATUS_COMPLETED);
}

BOOST_FIXTURE_TEST_CASE(a_step_for_an_absent_node_holds_nobody_up, two_nodes) {
  BOOST_REQUIRE(engine.submit(lone_step(", placement: { node: n9 }, resources: { cpu: 4 }"), {}));
  BOOST_TEST(reason(engine) ==
             "waits for: node: there is none with agent files.list/default named 'n9'");
  BOOST_REQUIRE(engine.submit(side_by_side(2, ", resources: { cpu: 4 }"), {}, "s"));
  BOOST_TEST(at_work(engine) == (texts{"s/a/0 n1", "s/b/0 n2"}), per_element);
  must(engine.core->add_node(node_called("n9", "cpu=4")));
  engine.turn();
  BOOST_TEST(at_work(engine).back() == "r/a/0 n9");
}

BOOST_FIXTURE_TEST_CASE(alone_a_process_does_not_stand_in_for_another_node, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(lone_step(", placement: { node: n9 }"), {}));
  BOOST_TEST(engine.attempts.empty());
  BOOST_TEST(reason(engine).find("named 'n9'") != std::string::npos);
  BOOST_REQUIRE(engine.submit(lone_step(""), {}, "s"));
  BOOST_TEST(at_work(engine) == (texts{"s/a/0 "}), per_element);
}

BOOST_AUTO_TEST_SUITE_END()
