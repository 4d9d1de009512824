// Attempts that are lost with their node: the machine.
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/insight/insight.hpp"
#include "actors/workflow/replay_check.hpp"
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_lost_attempts)

namespace {

struct lossy_run : driver {
  explicit lossy_run(const std::string& yaml) : driver{load(yaml), {}} {}
  void lose(const attempt_id& attempt, message_ptr said = nullptr) {
    record(step_lost{attempt, "n1", 7, std::move(said)});
  }
  bool refuses(decltype(event::what) what) {
    return !state.apply({state.version() + 1, now, std::move(what)});
  }
  [[nodiscard]] v1::StepSummary step(int which = 0) const { return state.summary().steps(which); }
  void check_replay() const {
    std::vector<v1::Event> wire;
    for (const event& each : history)
      wire.push_back(encode(each));
    const auto found = first_divergence(wire);
    BOOST_TEST(!found, (found ? found->recorded + " | " + found->expected + found->why : ""));
  }
};

const std::string once =
    "name: w\nsteps:\n  a: { agent: files.list, retry: { maximum_attempts: 1 } }\n";

} // namespace

BOOST_AUTO_TEST_CASE(it_is_tried_again_at_once_and_not_counted) {
  lossy_run run{once};
  for (std::uint32_t i = 1; i <= 3; ++i) {
    const attempt_id lost = run.current({"a"});
    BOOST_TEST(lost.attempt == i);
    run.lose(lost, listing(i));
    BOOST_TEST(run.refuses(step_completed{lost, listing(1)}));
    BOOST_TEST(run.refuses(step_lost{lost}));
    BOOST_TEST(dynamic_cast<const v1::ListFilesReply&>(*run.state.details_of({"a"})).files_size() ==
               static_cast<int>(i));
  }
  BOOST_TEST(run.waits.empty());
  run.complete_all();
  BOOST_TEST((run.state.status() == v1::RUN_STATUS_COMPLETED));
  BOOST_TEST(run.step().attempts() == 4u);
  run.check_replay();
}

BOOST_AUTO_TEST_CASE(it_goes_before_others_of_its_step_and_keeps_its_part_of_the_parallelism) {
  lossy_run run{
      "name: w\nsteps:\n  list: { agent: files.list }\n  read: { agent: files.read, for_each: "
      "\"${steps.list.files}\", parallelism: 1, input: { path: \"${item.path}\" } }\n"};
  run.complete({"list"}, listing(3));
  const attempt_id lost = run.current({"read", 0});
  run.lose(lost);
  BOOST_TEST((run.state.in_flight() ==
              std::vector{attempt_id{{"read", 0}, 2, run.current({"read", 0}).token}}));
  run.complete_all();
  run.check_replay();
}

BOOST_AUTO_TEST_CASE(of_two_in_flight_the_other_one_goes_on) {
  lossy_run run{"name: w\nsteps:\n  a: { agent: files.list, speculate: { after: 2x } }\n"};
  const attempt_id first = run.current({"a"});
  const attempt_id second = run.speculate(first);
  run.lose(first);
  BOOST_TEST((run.state.in_flight() == std::vector{second}));
  run.lose(second);
  BOOST_TEST(run.current({"a"}).attempt == 3u);
  run.complete_all();
  run.check_replay();
}

BOOST_AUTO_TEST_CASE(who_cancels_does_not_wait_for_it) {
  lossy_run run{"name: w\nsteps:\n  a: { agent: files.list }\n  b: { agent: files.list }\n"};
  const attempt_id a = run.current({"a"}), b = run.current({"b"});
  run.record(run_cancelling{"enough", run.now, {a.token, b.token}});
  run.lose(a);
  BOOST_TEST(run.state.cancelling());
  run.lose(b);
  BOOST_TEST((run.state.status() == v1::RUN_STATUS_CANCELLED));
  run.check_replay();
}

BOOST_AUTO_TEST_CASE(what_undoes_a_step_is_tried_again) {
  lossy_run run{"name: w\nsteps:\n  a: { agent: files.list, compensate: { agent: files.list } }\n"
                "  b: { agent: files.list, needs: [a], retry: { maximum_attempts: 1 } }\n"};
  run.complete({"a"});
  run.fail({"b"}, {"x.broken", "", false});
  const instance_id undo{"a", 0, true};
  run.lose(run.current(undo));
  BOOST_TEST(run.current(undo).attempt == 2u);
  run.complete_all();
  BOOST_TEST((run.state.status() == v1::RUN_STATUS_FAILED));
  run.check_replay();
}

BOOST_AUTO_TEST_CASE(a_run_of_its_own_is_not_lost_with_a_node) {
  lossy_run run{
      "name: w\nworkflows:\n  inner:\n    steps:\n      x: { agent: files.list }\nsteps:\n  "
      "a: { workflow: inner }\n"};
  BOOST_TEST(run.refuses(step_lost{*run.state.attempt_of({"a"}), "n1", 1}));
}

BOOST_AUTO_TEST_CASE(the_event_is_the_same_after_the_wire) {
  attempt_timing timing;
  timing.started = at(1);
  timing.ran = 3s;
  timing.node = "n1";
  timing.node_class = "fast";
  const auto again =
      must(decode(encode({5, at(2), step_lost{{{"a"}, 1, 1}, "n1", 7, listing(2), timing}})));
  const auto& lost = std::get<step_lost>(again.what);
  BOOST_TEST((lost.attempt == attempt_id{{"a"}, 1, 1}));
  BOOST_TEST(lost.node == "n1");
  BOOST_TEST(lost.node_incarnation == 7u);
  BOOST_TEST((lost.timing == timing));
  BOOST_TEST(dynamic_cast<const v1::ListFilesReply&>(*lost.details).files_size() == 2);
}

BOOST_AUTO_TEST_CASE(the_report_says_where_each_attempt_ran) {
  lossy_run run{once};
  attempt_timing on_n1, on_n2;
  on_n1.node = "n1";
  on_n2.node = "n2";
  on_n2.node_class = "fast";
  run.record(step_lost{run.current({"a"}), "n1", 1, nullptr, on_n1});
  run.record(step_completed{run.current({"a"}), listing(1), on_n2});
  const auto found = must(analyse(run.history));
  const auto& attempts = found.instances.at(0).attempts;
  BOOST_REQUIRE(attempts.size() == 2u);
  BOOST_TEST((attempts[0].outcome == attempt_outcome::lost));
  BOOST_TEST(attempts[0].node == "n1");
  BOOST_TEST((attempts[1].outcome == attempt_outcome::completed));
  BOOST_TEST(attempts[1].node == "n2");
  BOOST_TEST(attempts[1].node_class == "fast");
}

BOOST_AUTO_TEST_SUITE_END()
