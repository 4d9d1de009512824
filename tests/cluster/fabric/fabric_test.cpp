#include "tests/cluster/fabric/two_nodes.hpp"

#include <boost/test/unit_test.hpp>
#include <future>
#include <google/protobuf/any.pb.h>

// Agents of one node ask those of another, over a network in memory.
using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::tests;

BOOST_AUTO_TEST_SUITE(fabric)

namespace {

std::string text_of(const reply<message_ptr>& answer) {
  if (!answer) return answer.error().type;
  return dynamic_cast<const text&>(**answer).value();
}

/// Takes signs of life, and says that the work should end when it is told to.
class watching_sink final : public heartbeat_sink {
public:
  void beat() noexcept override { heard.add("beat"); }
  reply<void> beat(message_ptr details) override {
    heard.add(dynamic_cast<const text&>(*details).value());
    return {};
  }
  [[nodiscard]] message_ptr last_details() const override { return say("half"); }
  [[nodiscard]] std::uint32_t attempt() const noexcept override { return 3; }
  [[nodiscard]] bool cancelled() const noexcept override { return cancelled_; }
  [[nodiscard]] bool preempted() const noexcept override { return preempted_; }

  events heard;
  std::atomic<bool> cancelled_ = false, preempted_ = false;
};

void wait_until(const std::function<bool()>& done, const char* what) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!done() && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  BOOST_TEST(done(), "waited for: " << what);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_request_reaches_the_other_node_and_its_answer_comes_back) {
  two_nodes nodes;
  BOOST_TEST(text_of(nodes.a.ask("b", {"echo"}, say("hello"))) == "hello for a");
  BOOST_TEST(nodes.b.told.wait_for(1).front() == "hello");
  // And over the same link the other way round, though b was never told where a is.
  BOOST_TEST(text_of(nodes.b.ask("a", {"echo"}, say("hi"))) == "hi for b");
  BOOST_TEST(nodes.a.net->metrics().links_opened == 1U);
  BOOST_TEST(nodes.b.net->metrics().links_opened == 1U);
}

BOOST_AUTO_TEST_CASE(what_names_this_node_or_none_stays_here) {
  two_nodes nodes;
  BOOST_TEST(text_of(nodes.a.ask("a", {"echo"}, say("here"))) == "here for ");
  BOOST_TEST(text_of(nodes.a.ask("", {"echo"}, say("here, too"))) == "here, too for ");
  BOOST_TEST(nodes.a.net->metrics().messages_sent == 0U);
}

BOOST_AUTO_TEST_CASE(a_directory_says_where_agents_live) {
  fabric_options options;
  options.locate = [](const envelope_header& header) {
    return header.target.type == "echo" ? std::string{"b"} : std::string{};
  };
  two_nodes nodes{std::move(options)};
  BOOST_TEST(text_of(nodes.a.ask("", {"echo"}, say("found"))) == "found for a");
  BOOST_TEST(nodes.b.told.wait_for(1).front() == "found");
}

BOOST_AUTO_TEST_CASE(failures_come_back_as_they_are) {
  two_nodes nodes;
  const auto answer = nodes.a.ask("b", {"echo"}, say("fail"));
  BOOST_REQUIRE(!answer);
  BOOST_TEST(answer.error().type == "echo.refuses");
  BOOST_TEST(answer.error().message == "no");
  BOOST_TEST(answer.error().retryable);
  BOOST_TEST(text_of(nodes.a.ask("b", {"nobody"}, say("x"))) == "runtime.unknown_agent_type");
  google::protobuf::Any other;
  BOOST_TEST(text_of(nodes.a.ask("b", {"echo"}, share(other))) == "runtime.wrong_request_type");
}

BOOST_AUTO_TEST_CASE(who_is_asked_sees_who_asks_and_how) {
  two_nodes nodes;
  auto sink = std::make_shared<watching_sink>();
  request_options options;
  options.node = "b";
  options.pulse = sink;
  options.priority = 7;
  options.idempotency_key = "run/step/0";
  options.privacy_labels = {"personal"};
  options.traceparent = "00-1";
  options.tracestate = "x=y";
  options.principal = "alice";
  options.granted_memory_bytes = 42;
  options.timeout = std::chrono::seconds{30};
  std::promise<std::string> answered;
  nodes.a.system->request({"slow"}, say("go"), options,
                          [&](reply<message_ptr> given) { answered.set_value(text_of(given)); });
  nodes.b.told.wait_for(1);
  const auto [context, respond] = nodes.b.held.front();
  const envelope_header& header = context->header();
  BOOST_TEST(header.priority == 7);
  BOOST_TEST(header.idempotency_key == "run/step/0");
  BOOST_TEST(header.privacy_labels == std::vector<std::string>{"personal"});
  BOOST_TEST(header.traceparent == "00-1");
  BOOST_TEST(header.tracestate == "x=y");
  BOOST_TEST(header.principal == "alice");
  BOOST_TEST(header.granted_memory_bytes == 42U);
  BOOST_TEST((header.deadline <= std::chrono::system_clock::now() + std::chrono::seconds{30}));
  BOOST_TEST((header.deadline > std::chrono::system_clock::now() + std::chrono::seconds{10}));
  BOOST_TEST(context->attempt() == 3U);
  BOOST_TEST(dynamic_cast<const text&>(*context->last_heartbeat()).value() == "half");

  BOOST_TEST(context->heartbeat(say("three quarters")).has_value());
  context->heartbeat();
  BOOST_TEST(sink->heard.wait_for(2).front() == "three quarters");
  BOOST_TEST(!context->preempted());
  sink->preempted_ = true;
  wait_until([&context = context] { return context->preempted(); }, "preempted");
  BOOST_TEST(!context->cancelled());
  sink->cancelled_ = true;
  wait_until([&context = context] { return context->cancelled(); }, "cancelled");
  text done;
  done.set_value("done");
  respond(done);
  BOOST_TEST(answered.get_future().get() == "done");
}

BOOST_AUTO_TEST_CASE(a_request_whose_time_is_over_is_cancelled_there) {
  two_nodes nodes;
  BOOST_TEST(
      text_of(nodes.a.ask("b", {"slow"}, say("x"), {.timeout = std::chrono::milliseconds{60}})) ==
      "runtime.deadline_exceeded");
  nodes.b.told.wait_for(1);
  wait_until([&] { return nodes.b.held.front().first->cancelled(); }, "cancelled");
}

BOOST_AUTO_TEST_CASE(one_way_messages_arrive_in_order) {
  two_nodes nodes;
  constexpr std::size_t count = 5'000;
  for (std::size_t number = 0; number < count; ++number)
    BOOST_REQUIRE(nodes.a.system->tell({"echo"}, say(std::to_string(number)), {.node = "b"}));
  const auto arrived = nodes.b.told.wait_for(count);
  BOOST_REQUIRE(arrived.size() == count);
  for (std::size_t number = 0; number < count; ++number)
    BOOST_REQUIRE(arrived[number] == std::to_string(number));
}

BOOST_AUTO_TEST_CASE(large_payloads_go_in_pieces) {
  two_nodes nodes;
  const std::string large(9'000'000, 'x');
  BOOST_TEST(text_of(nodes.a.ask("b", {"echo"}, say(large))) == large + " for a");
  BOOST_TEST(nodes.a.net->metrics().frames_sent > 30U);
  const auto answer = nodes.a.ask("b", {"echo"}, say(std::string(70'000'000, 'x')));
  BOOST_REQUIRE(!answer);
  BOOST_TEST(answer.error().type == "fabric.bad_message");
}

BOOST_AUTO_TEST_CASE(what_no_rule_lets_in_is_refused_and_counted) {
  fabric_options options;
  options.rules = {{{node_role::coordinator}, "slow", "*", false}};
  two_nodes nodes{{}, std::move(options)};
  const auto answer = nodes.a.ask("b", {"echo"}, say("x"));
  BOOST_REQUIRE(!answer);
  BOOST_TEST(answer.error().type == "fabric.not_allowed");
  BOOST_TEST(nodes.b.net->metrics().not_allowed == 1U);
  BOOST_REQUIRE(nodes.a.system->tell({"echo"}, say("y"), {.node = "b"}));
  wait_until([&] { return nodes.b.net->metrics().not_allowed == 2U; }, "a refused one-way message");
}

BOOST_AUTO_TEST_CASE(nobody_knows_where_a_node_is) {
  two_nodes nodes;
  BOOST_TEST(text_of(nodes.a.ask("c", {"echo"}, say("x"))) == "fabric.unknown_node");
  BOOST_TEST(!nodes.a.system->tell({"echo"}, say("x"), {.node = "c"}));
}

BOOST_AUTO_TEST_CASE(requests_from_there_reach_agents_that_ask_back) {
  two_nodes nodes;
  agent_system& b = *nodes.b.system;
  BOOST_REQUIRE(b.add(typed_agent<text, text>(
      "relay", "Asks echo of the node that it is told",
      [&b](std::shared_ptr<const text> where, std::shared_ptr<const call_context>,
           typed_responder<text> respond) {
        request_options options;
        options.node = where->value();
        b.request({"echo"}, say("relayed"), options,
                  typed_then<text>([respond](reply<std::shared_ptr<const text>> got) {
                    if (!got) return respond.fail(got.error());
                    respond(**got);
                  }));
      })));
  BOOST_TEST(text_of(nodes.a.ask("b", {"relay"}, say("a"))) == "relayed for b");
}

BOOST_AUTO_TEST_SUITE_END()
