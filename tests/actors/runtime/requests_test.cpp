#include "actors/runtime/errc.hpp"
#include "tests/actors/runtime/support.hpp"

#include <string>

namespace {

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(runtime_requests)

BOOST_AUTO_TEST_CASE(a_request_is_answered_by_the_named_agent) {
  stage stage;
  stage.add(echo_agent("echo", "echo: "));
  answers got;
  stage.ask(got, {"echo"}, "hello");
  BOOST_TEST(got.all.empty(), "nothing runs before the test says so");
  stage.run();
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.text_at(0) == "echo: hello");
  const auto metrics = stage.system().metrics();
  BOOST_TEST(metrics.requests == 1U);
  BOOST_TEST(metrics.replies == 1U);
  BOOST_TEST(metrics.failures == 0U);
  BOOST_TEST(metrics.activations == 1U);
  BOOST_TEST(metrics.in_flight == 0U);
}

BOOST_AUTO_TEST_CASE(bad_targets_and_payloads_are_refused) {
  stage stage;
  stage.add(echo_agent("echo"));
  struct {
    agent_name target;
    message_ptr payload;
    std::string expected;
  } const cases[] = {
      {{"absent"}, share(make_text("")), "runtime.unknown_agent_type"},
      {{"", ""}, share(make_text("")), "runtime.unknown_agent_type"},
      {{"echo", ""}, share(make_text("")), "runtime.bad_agent_name"},
      {{"echo", "a/b"}, share(make_text("")), "runtime.bad_agent_name"},
      {{"echo", std::string(129, 'a')}, share(make_text("")), "runtime.bad_agent_name"},
      {{"echo"}, share(make_number(1)), "runtime.wrong_request_type"},
      {{"echo"}, nullptr, "runtime.wrong_request_type"},
  };
  for (const auto& [target, payload, expected] : cases) {
    BOOST_TEST_CONTEXT(target.to_string() << " " << expected) {
      answers got;
      stage.system().request(target, payload, {}, got.take());
      stage.run();
      BOOST_REQUIRE(got.all.size() == 1U);
      BOOST_TEST(got.failure_type(0) == expected);
      BOOST_TEST(!got.all[0].error().retryable);
      BOOST_TEST(!got.all[0].error().message.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(agent_types_are_checked_when_added) {
  stage stage;
  auto& system = stage.system();
  BOOST_TEST(system.add(echo_agent("b")).has_value());
  BOOST_TEST(system.add(echo_agent("a")).has_value());
  BOOST_TEST((system.names() == std::vector<std::string>{"a", "b"}));
  BOOST_REQUIRE(system.find("a"));
  BOOST_TEST(system.find("a")->name == "a");
  BOOST_TEST(!system.find("c"));
  BOOST_TEST(system.add(echo_agent("a")).error().code == runtime_errc::duplicate_agent_type);
  BOOST_TEST(system.add(echo_agent("")).error().code == runtime_errc::bad_agent_type);
  BOOST_TEST(system.add(echo_agent("a/b")).error().code == runtime_errc::bad_agent_type);
  auto broken = echo_agent("c");
  broken.make = nullptr;
  BOOST_TEST(system.add(broken).error().code == runtime_errc::bad_agent_type);
  broken = echo_agent("c");
  broken.methods.push_back(broken.methods.front());
  BOOST_TEST(system.add(broken).error().code == runtime_errc::bad_agent_type);
  broken.methods.clear();
  BOOST_TEST(system.add(broken).error().code == runtime_errc::bad_agent_type);
}

BOOST_AUTO_TEST_CASE(handlers_see_who_asks_and_until_when) {
  stage stage;
  auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  answers got;
  request_options options;
  options.timeout = 1s;
  options.priority = 3;
  options.idempotency_key = "once";
  options.sender = {"caller", "1"};
  options.traceparent = "00-trace";
  options.principal = "operator";
  options.privacy_labels = {"pii"};
  stage.ask(got, {"hold"}, "x", options);
  stage.run();
  BOOST_REQUIRE(held->contexts.size() == 1U);
  const auto& header = held->contexts[0]->header();
  BOOST_TEST(!header.message_id.empty());
  BOOST_TEST(header.sender.to_string() == "caller/1");
  BOOST_TEST(header.target.to_string() == "hold/default");
  BOOST_TEST((header.deadline == stage.clock().wall_now() + 1s));
  BOOST_TEST(header.priority == 3);
  BOOST_TEST(header.idempotency_key == "once");
  BOOST_TEST(header.traceparent == "00-trace");
  BOOST_TEST(header.principal == "operator");
  BOOST_TEST((header.privacy_labels == std::vector<std::string>{"pii"}));
}

BOOST_AUTO_TEST_CASE(the_first_answer_counts) {
  stage stage;
  auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  answers got;
  stage.ask(got, {"hold"}, "x");
  stage.run();
  held->responders.at(0)(make_text("first"));
  held->responders.at(0)(make_text("second"));
  held->responders.at(0).fail({"a.b", "third", false});
  held->responders.clear();
  stage.run();
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.text_at(0) == "first");
  BOOST_TEST(stage.system().metrics().late_answers == 2U);
}

BOOST_AUTO_TEST_CASE(a_dropped_responder_answers_for_itself) {
  stage stage;
  auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  answers got;
  stage.ask(got, {"hold"}, "x");
  stage.run();
  auto copy = held->responders.at(0);
  held->responders.clear();
  BOOST_TEST(got.all.empty(), "a copy is still there");
  { const auto last = std::move(copy); }
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.failure_type(0) == "runtime.no_answer");
  BOOST_TEST(got.all[0].error().retryable);
  BOOST_TEST(stage.system().metrics().answers_forgotten == 1U);
}

BOOST_AUTO_TEST_CASE(the_deadline_answers_and_what_comes_later_is_dropped) {
  stage stage;
  auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  answers got;
  stage.ask(got, {"hold"}, "x", {.timeout = 100ms});
  stage.run();
  stage.advance(99ms);
  BOOST_TEST(got.all.empty());
  stage.advance(1ms);
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.failure_type(0) == "runtime.deadline_exceeded");
  BOOST_TEST(got.failure_text(0).find("hold/default did not answer within 100 ms") !=
             std::string::npos);
  held->responders.at(0)(make_text("late"));
  held->responders.clear();
  stage.run();
  BOOST_TEST(got.all.size() == 1U);
  const auto metrics = stage.system().metrics();
  BOOST_TEST(metrics.late_answers == 1U);
  BOOST_TEST(metrics.deadlines_exceeded == 1U);
  BOOST_TEST(metrics.answers_forgotten == 0U);
}

BOOST_AUTO_TEST_CASE(an_expired_request_never_reaches_its_handler) {
  stage stage;
  auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  answers got;
  stage.ask(got, {"hold"}, "x", {.timeout = 10ms});
  stage.clock().advance(10ms);
  stage.run();
  BOOST_TEST(held->requests.empty());
  stage.ask(got, {"hold"}, "y", {.timeout = 0ms});
  stage.run();
  BOOST_TEST(held->requests.empty());
  BOOST_REQUIRE(got.all.size() == 2U);
  BOOST_TEST(got.failure_type(1) == "runtime.deadline_exceeded");
}

BOOST_AUTO_TEST_CASE(many_deadlines_in_any_order) {
  stage stage;
  auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  answers got;
  for (const auto timeout : {500ms, 20ms, 1'000ms, 20ms, 3ms})
    stage.ask(got, {"hold"}, "x", {.timeout = timeout});
  stage.run();
  const std::pair<std::chrono::milliseconds, std::size_t> expected[] = {
      {3ms, 1}, {17ms, 3}, {479ms, 3}, {1ms, 4}, {499ms, 4}, {1ms, 5}};
  for (const auto& [by, answered] : expected) {
    stage.advance(by);
    BOOST_TEST(got.all.size() == answered);
  }
}

/// Asks `inner` what it is asked itself.
agent_type relay_agent(std::string name, agent_name inner,
                       std::chrono::milliseconds limit = std::chrono::hours{1}) {
  return typed_agent<text, text>(
      std::move(name), "Asks another agent",
      [inner, limit](std::shared_ptr<const text> request,
                     std::shared_ptr<const call_context> context, typed_responder<text> respond) {
        context->request_within(limit, inner, request,
                                typed_then<text>([respond](reply<std::shared_ptr<const text>> got) {
                                  if (got)
                                    respond(make_text("relayed " + (*got)->value()));
                                  else
                                    respond.fail(got.error());
                                }));
      });
}

BOOST_AUTO_TEST_CASE(agents_ask_agents) {
  stage stage;
  stage.add(echo_agent("echo", "echo "));
  stage.add(relay_agent("relay", {"echo"}));
  answers got;
  stage.ask(got, {"relay"}, "x");
  stage.run();
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.text_at(0) == "relayed echo x");
}

BOOST_AUTO_TEST_CASE(deadlines_are_cut_at_each_hop) {
  stage stage;
  auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  stage.add(relay_agent("wide", {"hold"}));
  stage.add(relay_agent("narrow", {"hold"}, 20ms));
  answers got;
  request_options options;
  options.timeout = 100ms;
  options.principal = "operator";
  const auto now = stage.clock().wall_now();
  stage.ask(got, {"wide"}, "x", options);
  stage.ask(got, {"narrow"}, "x", options);
  stage.run();
  BOOST_REQUIRE(held->contexts.size() == 2U);
  BOOST_TEST((held->contexts[0]->header().deadline == now + 100ms));
  BOOST_TEST((held->contexts[1]->header().deadline == now + 20ms));
  BOOST_TEST(held->contexts[0]->header().sender.to_string() == "wide/default");
  BOOST_TEST(held->contexts[0]->header().principal == "operator");
  stage.advance(20ms);
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.failure_text(0).find("hold/default did not answer within 20 ms") !=
             std::string::npos);
  stage.advance(80ms);
  BOOST_TEST(got.all.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_over_asks_nobody_any_more) {
  stage stage;
  auto held = std::make_shared<hostage>();
  stage.add(holding_agent("hold", held));
  stage.add(echo_agent("echo"));
  answers got, nested;
  stage.ask(got, {"hold"}, "x");
  stage.run();
  held->responders.at(0)(make_text("done"));
  held->contexts.at(0)->request({"echo"}, share(make_text("y")), nested.take());
  stage.run();
  BOOST_REQUIRE(nested.all.size() == 1U);
  BOOST_TEST(nested.failure_type(0) == "runtime.call_ended");
}

BOOST_AUTO_TEST_CASE(waiting_is_refused_where_it_would_block_agents) {
  stage stage;
  std::string seen;
  stage.add(echo_agent("echo"));
  stage.add(typed_agent<text, text>(
      "waits", "Waits where it must not",
      [&seen](const text&, const call_context& context) -> reply<text> {
        seen = context.request_and_wait({"echo"}, share(make_text("x"))).error().type;
        return make_text("done");
      }));
  answers got;
  stage.ask(got, {"waits"}, "x");
  stage.run();
  BOOST_TEST(seen == "runtime.would_block");
  BOOST_TEST(stage.system().request_and_wait({"echo"}, share(make_text("x"))).error().type ==
             "runtime.would_block");
}

BOOST_AUTO_TEST_CASE(signs_of_life_reach_who_asked_first) {
  struct counter final : heartbeat_sink {
    int beats = 0;
    void beat() noexcept override { ++beats; }
  };
  stage stage;
  auto held = std::make_shared<hostage>();
  stage.add(holding_agent("inner", held));
  stage.add(typed_agent<text, text>(
      "outer", "Asks another one",
      [](std::shared_ptr<const text> request, std::shared_ptr<const call_context> context,
         typed_responder<text> respond) {
        context->heartbeat();
        context->request({"inner"}, std::move(request),
                         [respond](const reply<message_ptr>&) { respond(make_text("done")); });
      }));
  const auto pulse = std::make_shared<counter>();
  answers got;
  request_options options;
  options.pulse = pulse;
  stage.ask(got, {"outer"}, "x", std::move(options));
  stage.ask(got, {"outer"}, "y"); // nobody listens
  stage.run();
  BOOST_TEST(pulse->beats == 1);
  BOOST_REQUIRE(held->contexts.size() == 2U);
  for (const auto& context : held->contexts)
    context->heartbeat();
  BOOST_TEST(pulse->beats == 2);
}

BOOST_AUTO_TEST_CASE(details_reach_who_asked_first_and_its_word_the_agent) {
  struct listener final : heartbeat_sink {
    message_ptr said;
    bool over = false;
    void beat() noexcept override {}
    reply<void> beat(message_ptr details) override {
      said = std::move(details);
      return {};
    }
    [[nodiscard]] message_ptr last_details() const override { return share(make_text("before")); }
    [[nodiscard]] std::uint32_t attempt() const noexcept override { return 3; }
    [[nodiscard]] bool cancelled() const noexcept override { return over; }
  };
  stage stage;
  auto held = std::make_shared<hostage>();
  stage.add(holding_agent("inner", held));
  const auto pulse = std::make_shared<listener>();
  answers got;
  request_options options;
  options.pulse = pulse;
  stage.ask(got, {"inner"}, "x", std::move(options));
  stage.ask(got, {"inner"}, "y"); // nobody listens
  stage.run();
  BOOST_REQUIRE(held->contexts.size() == 2U);
  const auto& heard = *held->contexts[0];
  BOOST_TEST(heard.heartbeat(share(make_text("half"))).has_value());
  BOOST_TEST(pulse->said->SerializeAsString() == share(make_text("half"))->SerializeAsString());
  BOOST_TEST(heard.last_heartbeat()->SerializeAsString() ==
             share(make_text("before"))->SerializeAsString());
  BOOST_TEST(heard.attempt() == 3U);
  BOOST_TEST(!heard.cancelled());
  pulse->over = true;
  BOOST_TEST(heard.cancelled());
  const auto& unheard = *held->contexts[1];
  BOOST_TEST(unheard.heartbeat(share(make_text("half"))).error().type == "runtime.not_kept");
  BOOST_TEST(!unheard.last_heartbeat());
  BOOST_TEST(unheard.attempt() == 0U);
  BOOST_TEST(!unheard.cancelled());
}

BOOST_AUTO_TEST_CASE(a_full_mailbox_refuses_visibly) {
  stage stage;
  agent_options options;
  options.max_waiting_requests = 2;
  stage.add(echo_agent("echo", "", options));
  answers got;
  for (int i = 0; i < 4; ++i)
    stage.ask(got, {"echo"}, std::to_string(i));
  BOOST_REQUIRE(got.all.size() == 2U);
  for (const auto i : {0, 1}) {
    BOOST_TEST(got.failure_type(i) == "runtime.mailbox_full");
    BOOST_TEST(got.all[i].error().retryable);
  }
  stage.ask(got, {"echo", "other"}, "another key has its own mailbox");
  stage.run();
  BOOST_TEST(got.all.size() == 5U);
  stage.ask(got, {"echo"}, "there is room again");
  stage.run();
  BOOST_TEST(got.text_at(5) == "there is room again");
  BOOST_TEST(stage.system().metrics().mailbox_rejections == 2U);
}

BOOST_AUTO_TEST_CASE(a_reply_of_an_undeclared_type_fails) {
  stage stage;
  auto liar = echo_agent("liar");
  liar.methods[0].reply = number::descriptor();
  stage.add(liar);
  answers got;
  stage.ask(got, {"liar"}, "x");
  stage.run();
  BOOST_TEST(got.failure_type(0) == "runtime.wrong_reply_type");
  BOOST_TEST(expect_reply<number>(share(make_text("x"))).error().type ==
             "runtime.wrong_reply_type");
}

BOOST_AUTO_TEST_CASE(stop_answers_everybody_and_refuses_the_rest) {
  answers got;
  auto held = std::make_shared<hostage>();
  {
    stage stage;
    stage.add(holding_agent("hold", held));
    stage.add(relay_agent("relay", {"hold"}));
    stage.ask(got, {"relay"}, "in flight");
    stage.run();
    stage.ask(got, {"relay"}, "not begun");
    stage.system().stop();
    BOOST_TEST(got.all.size() == 2U);
    stage.ask(got, {"relay"}, "after the end");
    stage.system().stop();
    BOOST_TEST(stage.system().add(echo_agent("late")).error().code == runtime_errc::stopping);
    BOOST_TEST(stage.system().metrics().in_flight == 0U);
  }
  BOOST_REQUIRE(got.all.size() == 3U);
  for (std::size_t i = 0; i < 3; ++i)
    BOOST_TEST(got.failure_type(i) == "runtime.stopping");
  // What agents keep beyond the end of the system is harmless.
  held->responders.at(0)(make_text("too late"));
  answers nested;
  held->contexts.at(0)->request({"hold"}, share(make_text("x")), nested.take());
  BOOST_TEST(nested.failure_type(0) == "runtime.stopping");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
