#include "tests/cluster/fabric/two_nodes.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

// What becomes of requests when links break, nodes go, and come back.
using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::tests;

BOOST_AUTO_TEST_SUITE(links)

namespace {

std::string outcome_of(const reply<message_ptr>& answer) {
  if (!answer) return answer.error().type;
  return dynamic_cast<const text&>(**answer).value();
}

std::future<std::string> ask_slow(node_under_test& from, const std::string& node) {
  auto answered = std::make_shared<std::promise<std::string>>();
  auto future = answered->get_future();
  request_options options;
  options.node = node;
  from.system->request({"slow"}, say("go"), options, [answered](reply<message_ptr> given) {
    answered->set_value(outcome_of(given));
  });
  return future;
}

std::string get(std::future<std::string> from) {
  BOOST_REQUIRE((from.wait_for(std::chrono::seconds{20}) == std::future_status::ready));
  return from.get();
}

} // namespace

BOOST_AUTO_TEST_CASE(a_node_that_is_lost_fails_what_was_asked_of_it) {
  two_nodes nodes;
  auto answer = ask_slow(nodes.a, "b");
  nodes.b.told.wait_for(1);
  nodes.a.net->lose("b", 1, "its lease is over");
  BOOST_TEST(get(std::move(answer)) == "fabric.node_lost");
  // As what it was it is not let in any more.
  BOOST_TEST(outcome_of(nodes.a.ask("b", {"echo"}, say("x"),
                                    {.timeout = std::chrono::milliseconds{300}})) ==
             "runtime.deadline_exceeded");
  BOOST_TEST(nodes.a.net->metrics().links_refused >= 1U);
  // With a new incarnation it is.
  nodes.b.net->set_incarnation(2);
  BOOST_TEST(outcome_of(nodes.a.ask("b", {"echo"}, say("again"))) == "again for a");
}

BOOST_AUTO_TEST_CASE(what_was_asked_in_an_earlier_life_answers_nobody_in_a_later_one) {
  two_nodes nodes;
  auto first = ask_slow(nodes.a, "b");
  nodes.b.told.wait_for(1);
  nodes.a.net->lose("b", 1, "its lease is over");
  BOOST_TEST(get(std::move(first)) == "fabric.node_lost");
  nodes.b.net->set_incarnation(2);
  auto second = ask_slow(nodes.a, "b"); // has the number that the first one had
  nodes.b.told.wait_for(2);
  text late, right;
  late.set_value("late");
  right.set_value("right");
  BOOST_TEST(nodes.b.held[0].first->abandoned());
  nodes.b.held[0].second(late);
  nodes.b.held[1].second(right);
  BOOST_TEST(get(std::move(second)) == "right");
}

BOOST_AUTO_TEST_CASE(a_node_that_was_lost_in_an_earlier_life_stays) {
  two_nodes nodes;
  nodes.a.net->admit("b", 5);
  nodes.b.net->set_incarnation(5);
  nodes.a.net->lose("b", 4, "long ago");
  BOOST_TEST(outcome_of(nodes.a.ask("b", {"echo"}, say("x"))) == "x for a");
}

BOOST_AUTO_TEST_CASE(a_process_that_ends_fails_what_it_was_asked_when_another_takes_its_place) {
  testing::memory_network network;
  node_under_test a{network, "a", {node_role::coordinator}};
  auto b = std::make_unique<node_under_test>(network, "b", std::set{node_role::worker});
  const std::string address = b->address;
  a.net->set_address("b", address);
  a.net->admit("b", 1);
  b->net->admit("a", 1);
  auto answer = ask_slow(a, "b");
  b->told.wait_for(1);
  b->net->stop(); // as a process that is killed: nothing is said
  b.reset();
  b = std::make_unique<node_under_test>(network, "b", std::set{node_role::worker});
  b->net->admit("a", 1);
  BOOST_TEST(get(std::move(answer)) == "fabric.node_lost");
  BOOST_TEST(outcome_of(a.ask("b", {"echo"}, say("new"))) == "new for a");
}

BOOST_AUTO_TEST_CASE(a_node_that_is_not_reached_for_long_fails_what_waits_for_it) {
  fabric_options impatient;
  impatient.patience = std::chrono::milliseconds{200};
  two_nodes nodes{std::move(impatient)};
  nodes.a.net->set_address("c", "mem://nowhere");
  BOOST_TEST(outcome_of(nodes.a.ask("c", {"echo"}, say("x"))) == "fabric.unreachable");
}

BOOST_AUTO_TEST_CASE(whoever_listens_at_an_address_says_its_name) {
  two_nodes nodes;
  std::promise<std::string> name;
  nodes.a.net->reach(nodes.b.address, [&](result<std::string> who) {
    name.set_value(who ? *who : who.error().message());
  });
  BOOST_TEST(get(name.get_future()) == "b");
  std::promise<std::string> nobody;
  nodes.a.net->reach("mem://nowhere", [&](result<std::string> who) {
    nobody.set_value(who ? *who : std::string{"nobody"});
  });
  BOOST_TEST(get(nobody.get_future()) == "nobody");
}

BOOST_AUTO_TEST_CASE(a_stranger_reaches_only_what_strangers_may) {
  testing::memory_network network;
  node_under_test b{network, "b", {node_role::coordinator}};
  node_under_test stranger{network, "ops", {node_role::operator_}};
  stranger.net->set_incarnation(0);
  stranger.net->set_address("b", b.address);
  BOOST_TEST(outcome_of(stranger.ask("b", {"echo"}, say("x"))) == "fabric.not_allowed");
  // Let in, but nobody of this name is there.
  BOOST_TEST(outcome_of(stranger.ask("b", {"cluster.control"}, say("x"))) ==
             "runtime.unknown_agent_type");
}

BOOST_AUTO_TEST_CASE(another_node_than_expected_is_not_taken_for_it) {
  fabric_options impatient;
  impatient.patience = std::chrono::milliseconds{200};
  two_nodes nodes{std::move(impatient)};
  nodes.a.net->set_address("c", nodes.b.address);
  BOOST_TEST(outcome_of(nodes.a.ask("c", {"echo"}, say("x"))) == "fabric.unreachable");
  BOOST_TEST(nodes.b.told.wait_for(0).empty());
}

BOOST_AUTO_TEST_CASE(stopping_fails_what_waits) {
  auto nodes = std::make_unique<two_nodes>();
  auto answer = ask_slow(nodes->a, "b");
  nodes->b.told.wait_for(1);
  nodes->a.net->stop();
  BOOST_TEST(get(std::move(answer)) == "fabric.stopped");
  BOOST_TEST(outcome_of(nodes->a.ask("b", {"echo"}, say("x"))) == "fabric.stopped");
}

BOOST_AUTO_TEST_SUITE_END()
