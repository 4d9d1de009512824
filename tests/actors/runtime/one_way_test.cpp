#include "tests/actors/runtime/support.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace troupe;
using namespace troupe::test;

using heard_texts = std::shared_ptr<std::vector<std::string>>;

/// Keeps what it hears; throws on "throw".
agent_type listener(const heard_texts& heard, agent_options options = {}) {
  return typed_agent<text, text>(
      "listen", "Keeps what it hears",
      [heard](const text& message, const call_context&) -> reply<text> {
        if (message.value() == "throw") throw std::runtime_error{"expected by the test"};
        heard->push_back(message.value());
        return make_text("heard");
      },
      options);
}

std::string told(stage& stage, const agent_name& target, std::string value,
                 request_options options = {}) {
  const auto accepted =
      stage.system().tell(target, share(make_text(std::move(value))), std::move(options));
  return accepted ? "" : accepted.error().type;
}

BOOST_AUTO_TEST_SUITE(runtime_one_way)

BOOST_AUTO_TEST_CASE(messages_arrive_once_and_in_order) {
  stage stage;
  const auto heard = std::make_shared<std::vector<std::string>>();
  stage.add(listener(heard));
  for (const char* each : {"a", "b", "c"})
    BOOST_TEST(told(stage, {"listen"}, each) == "");
  BOOST_TEST(stage.system().metrics().in_flight == 3U);
  stage.run();
  BOOST_TEST((*heard == std::vector<std::string>{"a", "b", "c"}));
  const auto metrics = stage.system().metrics();
  BOOST_TEST(metrics.one_way == 3U);
  BOOST_TEST(metrics.one_way_refused == 0U);
  BOOST_TEST(metrics.one_way_lost == 0U);
  BOOST_TEST(metrics.in_flight == 0U);
  BOOST_TEST(metrics.requests == 0U);
  BOOST_TEST(metrics.replies == 0U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_is_refused_to_the_sender_and_counted) {
  stage stage;
  const auto heard = std::make_shared<std::vector<std::string>>();
  agent_options options;
  options.max_waiting_requests = 1;
  stage.add(listener(heard, options));
  BOOST_TEST(told(stage, {"absent"}, "x") == "runtime.unknown_agent_type");
  BOOST_TEST(told(stage, {"listen", "a/b"}, "x") == "runtime.bad_agent_name");
  BOOST_TEST(told(stage, {"listen"}, "first") == "");
  BOOST_TEST(told(stage, {"listen"}, "second") == "runtime.mailbox_full");
  stage.run();
  BOOST_TEST((*heard == std::vector<std::string>{"first"}));
  const auto metrics = stage.system().metrics();
  BOOST_TEST(metrics.one_way_refused == 3U);
  BOOST_TEST(metrics.one_way_lost == 0U);
  BOOST_TEST(metrics.mailbox_rejections == 1U);
  BOOST_TEST(metrics.in_flight == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_lost_after_it_was_accepted_is_counted) {
  stage stage;
  const auto heard = std::make_shared<std::vector<std::string>>();
  stage.add(listener(heard));
  BOOST_TEST(told(stage, {"listen"}, "throw") == "");
  stage.run(); // it restarts in a while
  BOOST_TEST(told(stage, {"listen"}, "late", {.timeout = 1ms}) == "");
  BOOST_TEST(told(stage, {"listen"}, "in time", {.timeout = 1min}) == "");
  stage.advance(1s);
  BOOST_TEST((*heard == std::vector<std::string>{"in time"}));
  BOOST_TEST(stage.system().metrics().one_way_lost == 2U);
  BOOST_TEST(stage.system().metrics().deadlines_exceeded == 1U);
  BOOST_TEST(stage.system().metrics().handler_exceptions == 1U);
  BOOST_TEST(stage.system().metrics().in_flight == 0U);
}

BOOST_AUTO_TEST_CASE(a_handler_that_keeps_quiet_has_served_it) {
  stage stage;
  const auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  BOOST_TEST(told(stage, {"hold"}, "x") == "");
  stage.run();
  BOOST_TEST(stage.system().metrics().in_flight == 1U);
  held->responders.clear();
  const auto metrics = stage.system().metrics();
  BOOST_TEST(metrics.in_flight == 0U);
  BOOST_TEST(metrics.answers_forgotten == 0U);
  BOOST_TEST(metrics.one_way_lost == 0U);
}

BOOST_AUTO_TEST_CASE(an_agent_tells_another_within_its_own_deadline) {
  stage stage;
  const auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  stage.add(typed_agent<text, text>("forward", "Tells another",
                                    [](const text& message, const call_context& context) {
                                      const auto sent = context.tell({"hold"}, share(message));
                                      return reply<text>{make_text(sent ? "told" : "refused")};
                                    }));
  answers got;
  stage.ask(got, {"forward"}, "x", {.timeout = 7s, .principal = "operator"});
  stage.run();
  BOOST_TEST(got.text_at(0) == "told");
  BOOST_REQUIRE(held->contexts.size() == 1U);
  const auto& header = held->contexts[0]->header();
  BOOST_TEST(header.sender.to_string() == "forward/default");
  BOOST_TEST(header.principal == "operator");
  BOOST_TEST((header.deadline == stage.clock().wall_now() + 7s));
  // The factory of the agent keeps `held`, and a context keeps the system: let go of one.
  held->contexts.clear();
  held->responders.clear();
}

BOOST_AUTO_TEST_CASE(a_stop_refuses_new_ones_and_ends_those_that_wait) {
  const auto heard = std::make_shared<std::vector<std::string>>();
  stage stage;
  stage.add(listener(heard));
  BOOST_TEST(told(stage, {"listen"}, "never handed over") == "");
  stage.system().stop();
  BOOST_TEST(told(stage, {"listen"}, "x") == "runtime.stopping");
  BOOST_TEST(heard->empty());
  const auto metrics = stage.system().metrics();
  BOOST_TEST(metrics.one_way_lost == 1U);
  BOOST_TEST(metrics.one_way_refused == 1U);
  BOOST_TEST(metrics.in_flight == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
