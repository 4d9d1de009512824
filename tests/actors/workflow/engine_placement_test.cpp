// Which node is picked for an attempt, by its step's strategy; second attempts and places given up with several nodes.
#include "actors/scheduling/learning/cost_learner.hpp"
#include "tests/actors/workflow/nodes_harness.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine_placement)

using namespace troupe::test::nodes;

namespace {

constexpr auto per_element = boost::test_tools::per_element();

engine_options named() {
  engine_options made;
  made.node_name = "c";
  made.resources = resources_of("cpu=4");
  return made;
}

texts nodes_of(const engine_harness& engine) {
  texts made;
  for (const auto& each : engine.attempts)
    made.push_back(each.request.node);
  return made;
}

} // namespace

/// This process `c`, `n1` of class `slow`, and `n2` of class `fast`; each has 4 cpu.
struct three_nodes : engine_fixture {
  std::unique_ptr<engine_harness> engine;
  three_nodes() { begin(named()); }
  void begin(engine_options how) {
    engine.reset();
    engine = std::make_unique<engine_harness>(open(), std::move(how));
    auto slow = node_called("n1", "cpu=4");
    slow.node_class = "slow";
    auto fast = node_called("n2", "cpu=4");
    fast.node_class = "fast";
    must(engine->core->set_nodes({slow, fast}));
  }
  /// Submits runs of one step, one after the other. @returns where they went.
  texts places_of(const std::string& more, int runs) {
    for (int i = 0; i < runs; ++i)
      BOOST_REQUIRE(engine->submit(lone_step(more), {}, fmt::format("r{}", i)));
    return nodes_of(*engine);
  }
};

BOOST_FIXTURE_TEST_CASE(prefer_local_stays_here_while_there_is_room, three_nodes) {
  BOOST_TEST(places_of(", resources: { cpu: 2 }, placement: { strategy: prefer_local }", 4) ==
                 (texts{"", "", "n1", "n2"}),
             per_element);
}

BOOST_FIXTURE_TEST_CASE(best_fit_leaves_the_larger_rest_together, three_nodes) {
  BOOST_TEST(places_of(", resources: { cpu: 2 }", 4) == (texts{"", "", "n1", "n1"}), per_element);
}

BOOST_FIXTURE_TEST_CASE(least_loaded_is_by_places, three_nodes) {
  auto large = node_called("n3", "", 1'000);
  must(engine->core->add_node(large));
  BOOST_TEST(places_of(", placement: { strategy: least_loaded }", 5) ==
                 (texts{"", "n1", "n2", "n3", "n3"}),
             per_element);
}

BOOST_FIXTURE_TEST_CASE(a_pinned_step_runs_on_its_node_or_its_class, three_nodes) {
  BOOST_TEST(places_of(", placement: { node: n2 }", 2) == (texts{"n2", "n2"}), per_element);
  BOOST_REQUIRE(engine->submit(lone_step(", placement: { class: slow }"), {}, "s"));
  BOOST_REQUIRE(engine->submit(lone_step(", placement: { node: c }"), {}, "t"));
  BOOST_REQUIRE(engine->submit(lone_step(", placement: { class: other }"), {}, "u"));
  BOOST_TEST(nodes_of(*engine) == (texts{"n2", "n2", "n1", ""}), per_element);
  BOOST_TEST(reason(*engine, 0, "u") ==
             "waits for: node: there is none with agent files.list/default of class 'other'");
}

BOOST_FIXTURE_TEST_CASE(a_pinned_step_waits_for_its_own_node, three_nodes) {
  (void)places_of(", resources: { cpu: 4 }, placement: { node: n1 }", 2);
  BOOST_TEST(nodes_of(*engine) == (texts{"n1"}), per_element);
  BOOST_TEST(reason(*engine, 0, "r1") ==
             "waits for: resources: cpu 4 of 4 taken by r0/a/0 (4 demanded) on node n1");
}

BOOST_FIXTURE_TEST_CASE(spread_is_even_over_all_of_a_run, three_nodes) {
  // One at a time, so that nothing is at work when the next one starts.
  const auto flow =
      load("name: w\nsteps:\n"
           "  list: { agent: files.list, placement: { node: c } }\n"
           "  read: { agent: files.read, for_each: \"${steps.list.files}\", parallelism: 1, "
           "placement: { strategy: spread }, input: { path: \"${item.path}\" } }\n");
  engine->answers = [](const attempt_request& asked) -> reply<message_ptr> {
    return test::answer(*asked.payload, 9);
  };
  BOOST_REQUIRE(engine->submit(flow, {}));
  engine->go_on();
  std::map<std::string, int> begun;
  for (const v1::Event& each : engine->committed)
    if (each.has_step_completed() && each.step_completed().attempt().step() == "read")
      ++begun[each.step_completed().timing().node()];
  BOOST_TEST((begun == std::map<std::string, int>{{"c", 3}, {"n1", 3}, {"n2", 3}}));
}

// --- by cost -------------------------------------------------------------------------------------

struct with_costs : three_nodes {
  std::shared_ptr<scheduling::cost_learner> costs = std::make_shared<scheduling::cost_learner>();
  engine_options how = named();
  with_costs() {
    how.costs = costs;
    how.node_class = "slow";
    begin(how);
  }
  void measure(const std::string& node_class, double seconds) {
    for (int i = 0; i < 10; ++i)
      costs->observe({"files.list", node_class, "w/a"}, seconds, 100);
  }
};

BOOST_FIXTURE_TEST_CASE(what_is_known_goes_to_the_node_that_is_done_first, with_costs) {
  measure("slow", 10);
  measure("fast", 1);
  // Ten places there: ten of one second are a second for each place, until nine more make it ten.
  BOOST_TEST(places_of("", 3) == (texts{"n2", "n2", "n2"}), per_element);
}

BOOST_FIXTURE_TEST_CASE(a_class_that_is_a_little_faster_is_not_given_everything, with_costs) {
  measure("slow", 1.05);
  measure("fast", 1);
  // Of `n1` and `n2` a tenth of what each has is before the next one, of this process a 256th.
  BOOST_TEST(places_of("", 4) == (texts{"n2", "", "n1", ""}), per_element);
  for (int i = 4; i < 30; ++i)
    BOOST_REQUIRE(engine->submit(lone_step(""), {}, fmt::format("r{}", i)));
  BOOST_TEST(std::ranges::count(nodes_of(*engine), "n2") > 1);
  BOOST_TEST(std::ranges::count(nodes_of(*engine), "n1") > 0);
}

BOOST_FIXTURE_TEST_CASE(run_times_are_learnt_by_the_class_of_their_node, with_costs) {
  BOOST_REQUIRE(engine->submit(lone_step(", placement: { node: n2 }"), {}));
  engine->now += 7s;
  engine->go_on();
  const auto known = costs->estimate({"files.list", "fast", "w/a"});
  BOOST_TEST(known.weight == 1);
  BOOST_TEST(known.mean_seconds > 6); // one measurement is not quite believed
  BOOST_TEST(engine->committed[2].step_completed().timing().node_class() == "fast");
}

BOOST_FIXTURE_TEST_CASE(a_slow_way_there_counts, with_costs) {
  measure("slow", 10);
  measure("fast", 1);
  how.transfer = [](const scheduling::node_description& to) {
    return to.name == "n2" ? 60.0 : 0.0;
  };
  begin(how);
  BOOST_TEST(places_of("", 1) == (texts{""}), per_element);
}

// --- second attempts, places given up ------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_second_attempt_goes_to_another_node, three_nodes) {
  BOOST_REQUIRE(engine->submit(lone_step(", speculate: { after: 5s }, placement: { strategy: "
                                         "prefer_local }"),
                               {}));
  engine->wait_until(at(5));
  BOOST_TEST(at_work(*engine) == (texts{"r/a/0 ", "r/a/0 n1"}), per_element);
  answer_at(*engine, 1);
  BOOST_TEST(engine->summary().status() == v1::RUN_STATUS_COMPLETED);
  check_nothing_left(*engine);
}

BOOST_FIXTURE_TEST_CASE(it_waits_for_another_one_that_is_busy, three_nodes) {
  must(engine->core->drain_node("c"));
  BOOST_REQUIRE(
      engine->submit(lone_step(", resources: { cpu: 4 }, placement: { node: n2 }"), {}, "busy"));
  BOOST_REQUIRE(engine->submit(lone_step(", resources: { cpu: 2 }, speculate: { after: 5s }"), {}));
  engine->wait_until(at(6));
  // There is room beside the first one on `n1`, which is not what it is for.
  BOOST_TEST(at_work(*engine) == (texts{"busy/a/0 n2", "r/a/0 n1"}), per_element);
  answer_at(*engine, 0);
  BOOST_TEST(at_work(*engine) == (texts{"r/a/0 n1", "r/a/0 n2"}), per_element);
}

BOOST_FIXTURE_TEST_CASE(where_there_is_no_other_one_it_goes_to_the_same, three_nodes) {
  BOOST_REQUIRE(
      engine->submit(lone_step(", speculate: { after: 5s }, placement: { node: n1 }"), {}));
  engine->wait_until(at(5));
  BOOST_TEST(at_work(*engine) == (texts{"r/a/0 n1", "r/a/0 n1"}), per_element);
}

BOOST_FIXTURE_TEST_CASE(of_two_attempts_the_one_on_a_lost_node_is_lost, three_nodes) {
  BOOST_REQUIRE(engine->submit(
      lone_step(", speculate: { after: 5s }, placement: { strategy: least_loaded }"), {}));
  engine->wait_until(at(5));
  BOOST_TEST(at_work(*engine) == (texts{"r/a/0 ", "r/a/0 n1"}), per_element);
  BOOST_TEST(must(engine->core->remove_node("n1", 1)) == 1u);
  engine->turn();
  BOOST_TEST(engine->committed.back().has_step_lost());
  auto late = take_of(*engine, "n1");
  late[0].then(listing(1));
  engine->turn();
  BOOST_TEST(engine->summary().status() == v1::RUN_STATUS_RUNNING);
  answer_at(*engine, 0);
  BOOST_TEST(engine->summary().status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(engine->summary().steps(0).attempts() == 2u);
  check_nothing_left(*engine);
}

BOOST_FIXTURE_TEST_CASE(places_are_given_up_on_one_node, three_nodes) {
  must(engine->core->drain_node("c"));
  const auto low = [](const std::string& node, const std::string& cpu) {
    return lone_step(", preemptible: true, resources: { cpu: " + cpu +
                     " }, placement: { node: " + node + " }");
  };
  for (const auto& [run, node, cpu] :
       {std::tuple{"l1", "n1", "2"}, std::tuple{"l2", "n1", "2"}, std::tuple{"l3", "n2", "4"}})
    BOOST_REQUIRE(engine->submit(low(node, cpu), {}, run));
  BOOST_REQUIRE(engine->submit(lone_step(", resources: { cpu: 4 }"), {}, "high", 10));
  // One on `n2` will do; on `n1` it would take two.
  BOOST_TEST(!engine->attempts[0].request.pulse->preempted());
  BOOST_TEST(!engine->attempts[1].request.pulse->preempted());
  BOOST_TEST(engine->attempts[2].request.pulse->preempted());
  answer_at(*engine, 2, tl::unexpected(failure{"x.preempted", "gives way", true}));
  BOOST_TEST(at_work(*engine).back() == "high/a/0 n2");
  BOOST_TEST(count_of(*engine, &v1::Event::has_step_preempted) == 1u);
  engine->go_on();
  for (const char* run : {"l1", "l2", "l3", "high"})
    BOOST_TEST(engine->summary(run).status() == v1::RUN_STATUS_COMPLETED);
  check_nothing_left(*engine);
}

BOOST_AUTO_TEST_SUITE_END()
