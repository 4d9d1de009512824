// A worker's membership, through the agents of two coordinators, in virtual time.
#include "actors/runtime/deterministic_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "tests/cluster/membership/small_cluster.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::test;

namespace {

/// Two coordinators at work.
struct two_coordinators : small_cluster {
  two_coordinators() {
    start("c1");
    start("c2");
    pass(1s);
  }
  [[nodiscard]] bool knows(const std::string& coordinator, const std::string& node) {
    return at(coordinator).service->view()->find(node) != nullptr;
  }
};

BOOST_AUTO_TEST_SUITE(membership_clients)

BOOST_FIXTURE_TEST_CASE(a_node_joins_and_learns_who_is_there, two_coordinators) {
  const auto one = join("w1");
  pass(1s);
  BOOST_TEST(one.client->holds());
  BOOST_TEST(one.heard->incarnation == one.client->incarnation());
  BOOST_TEST(one.heard->since() == "I joined, c1 joined, c2 joined, w1 joined, w1 changed");
  BOOST_TEST(one.client->view()->members().size() == 3U);
  BOOST_TEST((at("c2").service->view()->find("w1")->state == member_state::active));
  BOOST_TEST((at("c2").service->view()->find("w1")->agents == some_member("w1").agents));
  const auto two = join("w2");
  pass(1s);
  BOOST_TEST(one.heard->since() == "w2 joined, w2 changed");
  BOOST_TEST(one.client->view()->is_current({"w2", two.client->incarnation()}));
  asked = 0;
  pass(60s);
  BOOST_TEST(asked <= 2U * 60U * 3U, "two renewals a second or a little more");
  BOOST_TEST(one.heard->since().empty(), "nothing happens");
}

BOOST_FIXTURE_TEST_CASE(where_one_coordinator_does_not_answer_the_other_does, two_coordinators) {
  const auto one = join("w1");
  pass(1s);
  const auto life = one.client->incarnation();
  for (const char* dead : {"c1", "c2", "c1"}) {
    cut_off = {dead};
    pass(5s);
  }
  cut_off.clear();
  BOOST_TEST(one.client->holds());
  BOOST_TEST(one.client->incarnation() == life);
  BOOST_TEST(!one.heard->has("I am fenced"));
}

BOOST_FIXTURE_TEST_CASE(alone_it_goes_on_as_far_as_its_lease_and_comes_back_in_another_life,
                        two_coordinators) {
  const auto one = join("w1");
  pass(2s);
  const auto life = one.client->incarnation();
  at("c1").heard->since();
  cut_off = {"w1"};
  const auto held = pass_until([&] { return !one.client->holds(); }, 5s);
  BOOST_TEST_MESSAGE("held for " << held.count() << " ms alone");
  BOOST_TEST((held >= 1'300ms && held <= 1'900ms));
  BOOST_TEST(!at("c1").heard->has("w1 lost"), "it stops before anybody says that it is dead");
  pass(20ms);
  BOOST_TEST(one.heard->has("I am fenced"));
  const auto dead = held + pass_until([&] { return at("c1").heard->has("w1 lost"); }, 5s);
  BOOST_TEST((dead <= 3s));
  pass(10s);
  cut_off.clear();
  BOOST_TEST((pass_until([&] { return one.client->holds(); }, 5s) <= 3s));
  BOOST_TEST(one.client->incarnation() > life);
  pass(1s);
  BOOST_TEST((at("c2").service->view()->find("w1")->state == member_state::active));
}

BOOST_FIXTURE_TEST_CASE(it_joins_again_only_when_all_has_stopped, two_coordinators) {
  told heard;
  auto made = client_options("w1", heard);
  made.rejoin_by_itself = false;
  const auto client = must(membership_client::start(made));
  pass(1s);
  cut_off = {"w1"};
  pass(5s);
  cut_off.clear();
  pass(5s);
  BOOST_TEST(!client->holds());
  client->rejoin();
  pass(100ms);
  BOOST_TEST(client->holds());
}

BOOST_FIXTURE_TEST_CASE(a_second_node_of_the_same_name_fences_the_first, two_coordinators) {
  told heard;
  auto made = client_options("w1", heard);
  made.rejoin_by_itself = false;
  const auto first = must(membership_client::start(made));
  pass(1s);
  const auto second = join("w1");
  pass(600ms);
  BOOST_TEST(heard.has("I am fenced"));
  BOOST_TEST(!first->holds());
  BOOST_TEST(second.client->holds());
}

BOOST_FIXTURE_TEST_CASE(who_is_refused_is_told_why_and_asks_less_often, two_coordinators) {
  const auto refusal = [&](auto change, const char* type) {
    told heard;
    auto made = client_options("w9", heard);
    change(made.self);
    const auto client = must(membership_client::start(made));
    asked = 0;
    pass(20s);
    BOOST_TEST(heard.since() == type, "once, however often it tries");
    BOOST_TEST(!client->holds());
    BOOST_TEST(asked >= 8U);
    BOOST_TEST(asked <= 30U);
    BOOST_TEST(!knows("c1", "w9"));
  };
  refusal([](member_record& of) { of.build = "0.7.0"; }, "cluster.incompatible");
  refusal([](member_record& of) { of.protocol = {8, 9}; }, "cluster.incompatible");
  refusal([](member_record& of) { of.roles.insert(node_role::coordinator); },
          "cluster.not_trusted");
  certificates["w9"] = "w8";
  refusal([](member_record&) {}, "cluster.not_trusted");
}

BOOST_FIXTURE_TEST_CASE(who_has_anothers_certificate_cannot_renew_or_leave_for_it,
                        two_coordinators) {
  const auto one = join("w1");
  pass(1s);
  certificates["thief"] = "w8";
  std::string answers;
  const auto take = [&](const reply<message_ptr>& got) {
    answers += got ? "ok " : got.error().type;
  };
  v1::RenewRequest renew;
  renew.set_node("w1");
  renew.set_incarnation(one.client->incarnation());
  renew.set_state(v1::MEMBER_STATE_ACTIVE);
  ask("thief", "c1", share(renew), 1s, take);
  BOOST_TEST(answers == "cluster.not_trusted");
  answers.clear();
  v1::LeaveRequest leave;
  leave.set_node("w1");
  leave.set_incarnation(one.client->incarnation());
  ask("thief", "c1", share(leave), 1s, take);
  BOOST_TEST(answers == "cluster.not_trusted");
  answers.clear();
  leave.set_incarnation(4);
  ask("w1", "c1", share(leave), 1s, take);
  BOOST_TEST(answers == "cluster.fenced");
  answers.clear();
  renew.set_state(static_cast<v1::MemberState>(99));
  ask("w1", "c1", share(renew), 1s, take);
  BOOST_TEST(answers == "cluster.bad_request");
  pass(1s);
  BOOST_TEST(one.client->holds());
}

BOOST_FIXTURE_TEST_CASE(who_leaves_is_gone_at_once, two_coordinators) {
  const auto one = join("w1");
  const auto two = join("w2");
  pass(1s);
  two.heard->since();
  bool done = false;
  one.client->leave([&](const reply<void>& got) { done = got.has_value(); });
  BOOST_TEST(done);
  BOOST_TEST(!one.client->holds());
  pass(1s);
  BOOST_TEST(two.heard->since() == "w1 left");
  BOOST_TEST(!knows("c2", "w1"));
  asked = 0;
  two.client->stop();
  pass(5s);
  BOOST_TEST(asked == 0U);
}

BOOST_FIXTURE_TEST_CASE(it_drains_and_finds_coordinators_that_came_later, two_coordinators) {
  const auto one = join("w1");
  pass(1s);
  one.client->set_state(member_state::draining);
  pass(500ms);
  BOOST_TEST((at("c1").service->view()->find("w1")->state == member_state::draining));
  start("c3");
  pass(2s);
  cut_off = {"c1", "c2"};
  pass(10s);
  BOOST_TEST(one.client->holds(), "c3 it knows by the view");
}

BOOST_FIXTURE_TEST_CASE(answers_that_cannot_be_are_failures, two_coordinators) {
  told heard;
  auto made = client_options("w1", heard);
  v1::RenewReply odd;
  odd.mutable_lease()->set_seconds(-5);
  odd.mutable_changes()->set_version(5);
  odd.mutable_changes()->add_members()->set_node("B A D");
  int count = 0;
  made.ask = [&](const std::string&, const message_ptr&, std::chrono::milliseconds,
                 const responder& then) {
    ++count;
    if (count % 3 == 0) then(share(v1::JoinRequest{}));
    if (count % 3 == 1) then(share(odd));
    // Or no answer at all.
  };
  const auto client = must(membership_client::start(made));
  pass(10s);
  BOOST_TEST(!client->holds());
  BOOST_TEST(count > 5);
  BOOST_TEST(client->view()->members().empty());
  made.coordinators.clear();
  BOOST_TEST(!membership_client::start(made).has_value());
}

/// As it is used: the agent in an agent system, found by its name.
BOOST_AUTO_TEST_CASE(the_agent_answers_in_an_agent_system) {
  deterministic_system node;
  small_cluster parts;
  auto& coordinator = parts.start("c1");
  must(node.system().add(make_members_agent(coordinator.service, [](const std::string&) {
    return std::optional<std::set<node_role>>{{node_role::worker}};
  })));
  v1::JoinRequest request;
  request.set_node("w1");
  *request.mutable_details() = v1::MemberDetails{};
  std::string answer;
  const auto send = [&](const agent_name& target, const std::string& principal) {
    answer.clear();
    node.system().request(target, share(request), {.principal = principal},
                          typed_then<v1::JoinReply>(
                              [&](const auto& got) { answer = got ? "in" : got.error().type; }));
    node.run();
  };
  send({"cluster.members", "default"}, "w2");
  BOOST_TEST(answer == "cluster.not_trusted");
  send({"cluster.members", "default"}, "w1");
  BOOST_TEST(answer == "cluster.bad_request");
  send({"cluster.members", "other"}, "w1");
  BOOST_TEST(answer == "cluster.bad_request");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
