#include "actors/runtime/errc.hpp"
#include "tests/actors/runtime/fragile.hpp"
#include "tests/actors/runtime/support.hpp"

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::test;

/// Escalates at its first failure.
agent_options under(const std::string& supervisor) {
  agent_options options;
  options.restart = {.max_restarts = 0};
  options.quarantine_after = 0;
  options.supervisor = supervisor;
  return options;
}

supervisor make_supervisor(std::string name, supervision_strategy strategy,
                           std::uint32_t budget = 1, std::string parent = "") {
  return {std::move(name), std::move(parent), strategy,
          restart_policy{.max_restarts = budget, .window = 60s, .initial_backoff = 100ms}};
}

/// A stage with the agents "a" and "b" under the supervisors that a test adds.
struct tree : stage {
  explicit tree(const std::vector<supervisor>& supervisors) {
    for (const auto& each : supervisors)
      BOOST_REQUIRE(system().add(each).has_value());
  }
  void add_children(const std::string& of_a, const std::string& of_b) {
    add(fragile_agent(under(of_a), "a"));
    add(fragile_agent(under(of_b), "b"));
  }
  /// Sends `value` to `target` and works until the back-off of one escalation is over.
  std::string ask_one(const agent_name& target, const std::string& value) {
    answers got;
    ask(got, target, value);
    advance(250ms);
    return got.all.empty() ? "no answer" : (got.all[0] ? got.text_at(0) : got.failure_type(0));
  }
};

constexpr auto one_for_one = supervision_strategy::one_for_one;
constexpr auto one_for_all = supervision_strategy::one_for_all;
constexpr auto give_up = supervision_strategy::give_up;

BOOST_AUTO_TEST_SUITE(runtime_escalation)

BOOST_AUTO_TEST_CASE(one_for_one_makes_only_the_failed_child_anew) {
  tree tree{{make_supervisor("top", one_for_one)}};
  tree.add_children("top", "top");
  BOOST_TEST(tree.ask_one({"a"}, "x") == "x 1");
  BOOST_TEST(tree.ask_one({"b"}, "x") == "x 1");
  BOOST_TEST(tree.ask_one({"a"}, "throw") == "runtime.agent_failed");
  BOOST_TEST(tree.ask_one({"a"}, "x") == "x 1", "made anew");
  BOOST_TEST(tree.ask_one({"b"}, "x") == "x 2", "left alone");
  const auto metrics = tree.system().metrics();
  BOOST_TEST(metrics.escalations == 1U);
  BOOST_TEST(metrics.restarts == 1U);
  BOOST_TEST(metrics.agents_down == 0U);
}

BOOST_AUTO_TEST_CASE(one_for_all_makes_every_child_anew) {
  tree tree{{make_supervisor("top", one_for_all), make_supervisor("inner", one_for_one, 1, "top")}};
  tree.add_children("top", "inner");
  tree.add(fragile_agent(under(""), "stranger"));
  for (const char* each : {"a", "b", "stranger"})
    BOOST_TEST(tree.ask_one({each}, "x") == "x 1");
  BOOST_TEST(tree.ask_one({"a", "other key"}, "x") == "runtime.bad_agent_name");
  BOOST_TEST(tree.ask_one({"a", "2"}, "x") == "x 1");
  BOOST_TEST(tree.ask_one({"a"}, "throw") == "runtime.agent_failed");
  for (const char* each : {"a", "b"})
    BOOST_TEST(tree.ask_one({each}, "x") == "x 1");
  BOOST_TEST(tree.ask_one({"a", "2"}, "x") == "x 1");
  BOOST_TEST(tree.ask_one({"stranger"}, "x") == "x 2");
}

BOOST_AUTO_TEST_CASE(requests_wait_while_the_supervisor_backs_off) {
  tree tree{{make_supervisor("top", one_for_all)}};
  tree.add_children("top", "top");
  BOOST_TEST(tree.ask_one({"b"}, "x") == "x 1");
  answers got;
  tree.ask(got, {"a"}, "throw");
  tree.run();
  tree.ask(got, {"a"}, "waits");
  tree.ask(got, {"b"}, "waits too");
  tree.advance(99ms);
  BOOST_TEST(got.all.size() == 1U);
  tree.advance(1ms);
  BOOST_REQUIRE(got.all.size() == 3U);
  BOOST_TEST(got.text_at(1) == "waits 1");
  BOOST_TEST(got.text_at(2) == "waits too 1");
}

BOOST_AUTO_TEST_CASE(a_spent_budget_goes_up_and_the_one_above_begins_anew) {
  tree tree{{make_supervisor("top", one_for_one), make_supervisor("inner", one_for_one, 1, "top")}};
  tree.add_children("inner", "inner");
  BOOST_TEST(tree.ask_one({"b"}, "x") == "x 1");
  BOOST_TEST(tree.ask_one({"a"}, "throw") == "runtime.agent_failed"); // inner spends its budget
  BOOST_TEST(tree.ask_one({"b"}, "x") == "x 2");
  BOOST_TEST(tree.ask_one({"a"}, "throw") == "runtime.agent_failed"); // top makes all of inner anew
  BOOST_TEST(tree.ask_one({"b"}, "x") == "x 1");
  BOOST_TEST(tree.ask_one({"a"}, "throw") == "runtime.agent_failed"); // inner has a fresh budget
  BOOST_TEST(tree.ask_one({"b"}, "x") == "x 2");
  BOOST_TEST(tree.ask_one({"a"}, "throw") == "runtime.agent_failed"); // all is spent
  BOOST_TEST(tree.ask_one({"a"}, "x") == "runtime.agent_down");
  BOOST_TEST(tree.ask_one({"b"}, "x") == "runtime.agent_down");
  BOOST_TEST(tree.ask_one({"b", "new"}, "x") == "runtime.agent_down", "nothing is made below it");
  BOOST_TEST(tree.system().metrics().escalations == 4U);
}

BOOST_AUTO_TEST_CASE(giving_up_leaves_one_child_down) {
  tree tree{{make_supervisor("top", give_up)}};
  tree.add_children("top", "top");
  BOOST_TEST(tree.ask_one({"b"}, "x") == "x 1");
  BOOST_TEST(tree.ask_one({"a"}, "throw") == "runtime.agent_failed");
  BOOST_TEST(tree.ask_one({"a"}, "x") == "runtime.agent_down");
  BOOST_TEST(tree.ask_one({"b"}, "x") == "x 2");
  BOOST_TEST(tree.ask_one({"a", "2"}, "x") == "x 1");
  BOOST_TEST(tree.system().metrics().agents_down == 1U);
}

BOOST_AUTO_TEST_CASE(supervisors_and_who_names_them_are_checked) {
  stage stage;
  auto& system = stage.system();
  const auto code = [&](supervisor one) { return system.add(std::move(one)).error().code; };
  BOOST_TEST(system.add(make_supervisor("top", give_up)).has_value());
  BOOST_TEST(code(make_supervisor("top", give_up)) == runtime_errc::bad_supervisor);
  BOOST_TEST(code(make_supervisor("", give_up)) == runtime_errc::bad_supervisor);
  BOOST_TEST(code(make_supervisor("a/b", give_up)) == runtime_errc::bad_supervisor);
  BOOST_TEST(code(make_supervisor("x", give_up, 1, "absent")) == runtime_errc::bad_supervisor);
  const auto refused = system.add(fragile_agent(under("absent")));
  BOOST_TEST(refused.error().code == runtime_errc::bad_agent_type);
  BOOST_TEST(refused.error().message().find("'absent'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_host_is_told_and_may_throw) {
  std::vector<escalation> told;
  agent_system_options wanted;
  wanted.worker_threads = 1;
  wanted.on_escalation = [&told](const escalation& what) {
    told.push_back(what);
    throw std::runtime_error{"expected by the test"};
  };
  auto started = agent_system::start(std::move(wanted));
  BOOST_REQUIRE(started.has_value());
  auto& system = **started;
  BOOST_REQUIRE(system.add(make_supervisor("top", one_for_all, 1)).has_value());
  BOOST_REQUIRE(system.add(fragile_agent(under("top"))).has_value());
  // The second waits for the restart.
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(!system.request_and_wait({"fragile"}, share(make_text("throw"))));
  const auto got = system.request_and_wait({"fragile"}, share(make_text("x")));
  BOOST_TEST((!got && got.error().type == "runtime.agent_down"));
  system.stop();
  BOOST_REQUIRE(told.size() == 2U);
  BOOST_TEST(told[0].agent.to_string() == "fragile/default");
  BOOST_TEST(told[0].why == "expected by the test");
  BOOST_TEST(told[0].decided_by == "top");
  BOOST_TEST(told[0].about == "top");
  BOOST_TEST(told[0].restarted);
  BOOST_TEST(told[1].decided_by == "", "the system");
  BOOST_TEST(told[1].about == "top");
  BOOST_TEST(!told[1].restarted);
}

BOOST_AUTO_TEST_CASE(a_stop_during_the_back_off_of_a_supervisor_leaves_nothing) {
  tree tree{{make_supervisor("top", one_for_all)}};
  tree.add_children("top", "top");
  answers got;
  tree.ask(got, {"a"}, "throw");
  tree.run();
  tree.ask(got, {"a"}, "waits");
  BOOST_TEST(tree.system().tell({"a"}, share(make_text("waits too"))).has_value());
  tree.system().stop();
  BOOST_REQUIRE(got.all.size() == 2U);
  BOOST_TEST(got.failure_type(1) == "runtime.stopping");
  BOOST_TEST(tree.system().metrics().in_flight == 0U);
  BOOST_TEST(tree.system().metrics().one_way_lost == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
