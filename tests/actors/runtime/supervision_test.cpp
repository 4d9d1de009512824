#include "tests/actors/runtime/fragile.hpp"
#include "tests/actors/runtime/support.hpp"

#include <stdexcept>
#include <string>

namespace {

using namespace troupe;
using namespace troupe::test;

agent_options with_restarts(restart_policy policy) {
  agent_options options;
  options.restart = policy;
  options.quarantine_after = 0; // the same text is thrown at again and again
  return options;
}

BOOST_AUTO_TEST_SUITE(runtime_supervision)

BOOST_AUTO_TEST_CASE(state_lives_from_request_to_request_and_per_key) {
  stage stage;
  stage.add(fragile_agent());
  answers got;
  stage.ask(got, {"fragile", "a"}, "a");
  stage.ask(got, {"fragile", "a"}, "a");
  stage.ask(got, {"fragile", "b"}, "b");
  stage.run();
  BOOST_TEST(got.text_at(0) == "a 1");
  BOOST_TEST(got.text_at(1) == "a 2");
  BOOST_TEST(got.text_at(2) == "b 1");
  BOOST_TEST(stage.system().metrics().activations == 2U);
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_fails_its_request_and_restarts_the_agent) {
  stage stage;
  stage.add(fragile_agent(with_restarts({.initial_backoff = 50ms})));
  answers got;
  stage.ask(got, {"fragile"}, "x");
  stage.ask(got, {"fragile"}, "throw");
  stage.ask(got, {"fragile"}, "waits for the restart");
  stage.run();
  BOOST_REQUIRE(got.all.size() == 2U);
  BOOST_TEST(got.failure_type(1) == "runtime.agent_failed");
  BOOST_TEST(got.failure_text(1).find("expected by the test") != std::string::npos);
  BOOST_TEST(got.all[1].error().retryable);
  stage.advance(49ms);
  BOOST_TEST(got.all.size() == 2U);
  stage.advance(1ms);
  BOOST_REQUIRE(got.all.size() == 3U);
  BOOST_TEST(got.text_at(2) == "waits for the restart 1", "the new agent starts afresh");
  const auto metrics = stage.system().metrics();
  BOOST_TEST(metrics.handler_exceptions == 1U);
  BOOST_TEST(metrics.restarts == 1U);
}

BOOST_AUTO_TEST_CASE(back_off_grows_and_the_budget_ends) {
  stage stage;
  stage.add(
      fragile_agent(with_restarts({.max_restarts = 3, .window = 60s, .initial_backoff = 10ms})));
  answers got;
  for (int i = 0; i < 4; ++i)
    stage.ask(got, {"fragile"}, "throw");
  stage.ask(got, {"fragile"}, "x");
  stage.run();
  const std::pair<std::chrono::milliseconds, std::size_t> expected[] = {
      {9ms, 1}, {1ms, 2}, {19ms, 2}, {1ms, 3}, {39ms, 3}, {1ms, 5}};
  for (const auto& [by, answered] : expected) {
    stage.advance(by);
    BOOST_TEST(got.all.size() == answered);
  }
  for (std::size_t i = 0; i < 4; ++i)
    BOOST_TEST(got.failure_type(i) == "runtime.agent_failed");
  BOOST_TEST(got.failure_type(4) == "runtime.agent_down");
  BOOST_TEST(!got.all.at(4).error().retryable);
  BOOST_TEST(got.failure_text(4).find("expected by the test") != std::string::npos);
  stage.ask(got, {"fragile"}, "still down");
  stage.ask(got, {"fragile", "another"}, "up");
  stage.run();
  BOOST_TEST(got.failure_type(5) == "runtime.agent_down");
  BOOST_TEST(got.text_at(6) == "up 1");
  BOOST_TEST(stage.system().metrics().agents_down == 1U);
}

BOOST_AUTO_TEST_CASE(requests_wait_during_back_off_up_to_the_bound) {
  stage stage;
  auto options = with_restarts({.initial_backoff = 1s});
  options.max_waiting_requests = 3;
  stage.add(fragile_agent(options));
  answers got;
  stage.ask(got, {"fragile"}, "throw");
  stage.run();
  for (int i = 0; i < 4; ++i) {
    stage.ask(got, {"fragile"}, std::to_string(i));
    stage.run();
  }
  BOOST_REQUIRE(got.all.size() == 2U);
  BOOST_TEST(got.failure_type(1) == "runtime.mailbox_full");
  stage.advance(1s);
  BOOST_REQUIRE(got.all.size() == 5U);
  BOOST_TEST(got.text_at(2) == "0 1");
  BOOST_TEST(got.text_at(4) == "2 3");
}

BOOST_AUTO_TEST_CASE(a_deadline_during_back_off_is_kept) {
  stage stage;
  stage.add(fragile_agent(with_restarts({.initial_backoff = 1s})));
  answers got;
  stage.ask(got, {"fragile"}, "throw");
  stage.ask(got, {"fragile"}, "x", {.timeout = 100ms});
  stage.ask(got, {"fragile"}, "y");
  stage.run();
  stage.advance(100ms);
  BOOST_REQUIRE(got.all.size() == 2U);
  BOOST_TEST(got.failure_type(1) == "runtime.deadline_exceeded");
  stage.advance(1s);
  BOOST_REQUIRE(got.all.size() == 3U);
  BOOST_TEST(got.text_at(2) == "y 1", "the expired request did not reach the handler");
}

BOOST_AUTO_TEST_CASE(waiting_requests_go_by_priority_then_by_arrival) {
  stage stage;
  stage.add(fragile_agent(with_restarts({.initial_backoff = 1s})));
  answers got;
  stage.ask(got, {"fragile"}, "throw");
  stage.run();
  stage.ask(got, {"fragile"}, "low", {.priority = -1});
  stage.ask(got, {"fragile"}, "first");
  stage.ask(got, {"fragile"}, "second");
  stage.ask(got, {"fragile"}, "high", {.priority = 5});
  stage.run();
  stage.advance(1s);
  const char* const expected[] = {"high 1", "first 2", "second 3", "low 4"};
  for (std::size_t i = 0; i < 4; ++i)
    BOOST_TEST(got.text_at(i + 1) == expected[i]);
}

BOOST_AUTO_TEST_CASE(a_factory_that_refuses_tells_the_requester_and_leaves_nothing) {
  stage stage;
  int asked = 0;
  auto type =
      stateful_agent<fragile>(
          "fragile", "Knows one key",
          [&asked](const agent_name& name) -> reply<std::unique_ptr<fragile>> {
            ++asked;
            if (name.key == "good") return std::make_unique<fragile>();
            return tl::unexpected(failure{"fragile.no_such_key", name.key + " is unknown", false});
          })
          .on(&fragile::answer)
          .build();
  stage.add(type);
  answers got;
  stage.ask(got, {"fragile", "bad"}, "x");
  stage.ask(got, {"fragile", "bad"}, "y");
  stage.ask(got, {"fragile", "good"}, "z");
  stage.run();
  BOOST_REQUIRE(got.all.size() == 3U);
  BOOST_TEST(got.failure_type(0) == "fragile.no_such_key");
  BOOST_TEST(got.failure_type(1) == "fragile.no_such_key");
  BOOST_TEST(got.text_at(2) == "z 1");
  BOOST_TEST(asked == 2, "once per agent");
  stage.ask(got, {"fragile", "bad"}, "again");
  stage.run();
  BOOST_TEST(got.failure_type(3) == "fragile.no_such_key");
  BOOST_TEST(asked == 3, "the refused key was forgotten");
}

BOOST_AUTO_TEST_CASE(a_factory_that_throws_or_makes_nothing_is_reported) {
  stage stage;
  auto thrower = echo_agent("thrower");
  thrower.make = [](const agent_name&) -> reply<std::unique_ptr<agent>> {
    throw std::runtime_error{"expected by the test"};
  };
  auto empty = echo_agent("empty");
  empty.make = [](const agent_name&) -> reply<std::unique_ptr<agent>> { return nullptr; };
  stage.add(thrower);
  stage.add(empty);
  answers got;
  stage.ask(got, {"thrower"}, "x");
  stage.ask(got, {"empty"}, "x");
  stage.run();
  BOOST_TEST(got.failure_type(0) == "runtime.agent_failed");
  BOOST_TEST(got.failure_text(0).find("expected by the test") != std::string::npos);
  BOOST_TEST(got.failure_type(1) == "runtime.agent_failed");
}

BOOST_AUTO_TEST_CASE(a_factory_that_fails_after_a_crash_counts_as_a_crash) {
  stage stage;
  int made = 0;
  auto type = fragile_agent(with_restarts({.max_restarts = 2, .initial_backoff = 10ms}));
  type.make = [&made, make = type.make](const agent_name& name) -> reply<std::unique_ptr<agent>> {
    if (++made > 1) return tl::unexpected(failure{"fragile.gone", "the disk is gone", false});
    return make(name);
  };
  stage.add(type);
  answers got;
  stage.ask(got, {"fragile"}, "throw");
  stage.ask(got, {"fragile"}, "x");
  stage.run();
  stage.advance(1s);
  BOOST_TEST(made == 3);
  BOOST_TEST(got.failure_type(1) == "runtime.agent_down");
  BOOST_TEST(got.failure_text(1).find("the disk is gone") != std::string::npos);
}

/// Asks "echo" and throws when the answer comes; shows whether it is still there then.
class throws_later {
public:
  explicit throws_later(std::shared_ptr<int> alive) : alive_(std::move(alive)) {}
  void ask(std::shared_ptr<const text> request, std::shared_ptr<const call_context> context,
           typed_responder<text> respond) {
    context->request({"hold"}, request, [this, request, respond](reply<message_ptr>) {
      if (request->value() == "throw") throw std::runtime_error{"expected by the test"};
      respond(make_text(request->value() + " " + std::to_string(alive_.use_count())));
    });
  }

private:
  std::shared_ptr<int> alive_;
};

BOOST_AUTO_TEST_CASE(a_continuation_that_throws_fails_the_request_it_worked_for) {
  stage stage;
  auto held = std::make_shared<hostage>();
  auto alive = std::make_shared<int>(0);
  stage.add(holding_agent("hold", held));
  stage.add(stateful_agent<throws_later>(
                "later", "Throws in a continuation",
                [alive](const agent_name&) -> reply<std::unique_ptr<throws_later>> {
                  return std::make_unique<throws_later>(alive);
                })
                .on(&throws_later::ask)
                .build());
  answers got;
  stage.ask(got, {"later"}, "old");
  stage.ask(got, {"later"}, "throw");
  stage.run();
  BOOST_REQUIRE(held->responders.size() == 2U);
  held->responders[1](make_text("now"));
  stage.run();
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.failure_type(0) == "runtime.agent_failed");
  stage.advance(1s);
  // The agent was replaced, yet the old one stays until the request it works on is over.
  held->responders[0](make_text("now"));
  stage.run();
  BOOST_REQUIRE(got.all.size() == 2U);
  BOOST_TEST(got.text_at(1).substr(0, 4) == "old ");
  BOOST_TEST(stage.system().metrics().restarts == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
