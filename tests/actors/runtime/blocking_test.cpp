#include "tests/actors/runtime/support.hpp"

#include <memory>
#include <stdexcept>
#include <string>

namespace {

using namespace troupe;
using namespace troupe::test;

agent_options blocking(std::uint32_t max_concurrency) {
  agent_options options;
  options.blocking = true;
  options.max_concurrency = max_concurrency;
  return options;
}

struct fixture {
  std::shared_ptr<manual_executor> executor = std::make_shared<manual_executor>();
  test::stage stage{executor};
  answers got;

  /// Lets the actors and the executor work until both are done.
  void settle() {
    do
      stage.run();
    while (executor->run_all() > 0);
  }
};

BOOST_AUTO_TEST_SUITE(runtime_blocking)

BOOST_AUTO_TEST_CASE(handlers_of_blocking_agents_run_on_the_executor) {
  fixture f;
  f.stage.add(echo_agent("echo", "", blocking(1)));
  f.stage.ask(f.got, {"echo"}, "x");
  f.stage.run();
  BOOST_TEST(f.executor->waiting() == 1U, "the factory");
  f.executor->run_one();
  f.stage.run();
  BOOST_TEST(f.executor->waiting() == 1U, "the handler");
  BOOST_TEST(f.got.all.empty());
  f.executor->run_one();
  BOOST_TEST(f.got.text_at(0) == "x");
}

BOOST_AUTO_TEST_CASE(max_concurrency_bounds_the_handlers_at_work) {
  for (const std::uint32_t most : {1U, 3U}) {
    BOOST_TEST_CONTEXT("max_concurrency " << most) {
      fixture f;
      f.stage.add(echo_agent("echo", "", blocking(most)));
      f.stage.ask(f.got, {"echo"}, "first");
      f.settle();
      for (int i = 0; i < 5; ++i)
        f.stage.ask(f.got, {"echo"}, std::to_string(i));
      f.stage.run();
      BOOST_TEST(f.executor->waiting() == most);
      BOOST_TEST(f.executor->run_one());
      f.stage.run();
      BOOST_TEST(f.executor->waiting() == most, "the next takes the free place");
      f.settle();
      BOOST_REQUIRE(f.got.all.size() == 6U);
      BOOST_TEST(f.got.text_at(5) == "4");
    }
  }
}

BOOST_AUTO_TEST_CASE(the_default_is_one_with_state_and_more_without) {
  fixture f;
  agent_options options;
  options.blocking = true;
  f.stage.add(echo_agent("stateless", "", options));
  struct state {
    reply<text> on(const text& request, const call_context&) { return request; }
  };
  f.stage.add(stateful_agent<state>("stateful", "").on(&state::on).options(options).build());
  for (const char* type : {"stateless", "stateful"}) {
    f.stage.ask(f.got, {type}, "first");
    f.settle();
    for (int i = 0; i < 20; ++i)
      f.stage.ask(f.got, {type}, "x");
    f.stage.run();
    BOOST_TEST(f.executor->waiting() ==
               (std::string{type} == "stateful" ? 1U : runtime::defaults::stateless_concurrency));
    f.settle();
  }
}

BOOST_AUTO_TEST_CASE(an_expired_request_in_the_executors_queue_is_dropped) {
  fixture f;
  int served = 0;
  f.stage.add(typed_agent<text, text>(
      "count", "Counts",
      [&served](const text& request, const call_context&) -> reply<text> {
        ++served;
        return request;
      },
      blocking(1)));
  f.stage.ask(f.got, {"count"}, "x", {.timeout = 10ms});
  f.stage.run();
  f.executor->run_one();
  f.stage.run();
  f.stage.advance(10ms);
  BOOST_REQUIRE(f.got.all.size() == 1U);
  BOOST_TEST(f.got.failure_type(0) == "runtime.deadline_exceeded");
  f.settle();
  BOOST_TEST(served == 0);
  f.stage.ask(f.got, {"count"}, "y");
  f.settle();
  BOOST_TEST(f.got.text_at(1) == "y", "the place of the dropped request is free again");
}

BOOST_AUTO_TEST_CASE(a_crash_on_the_executor_restarts_the_agent_once) {
  fixture f;
  f.stage.add(typed_agent<text, text>(
      "fragile", "Throws",
      [](const text& request, const call_context&) -> reply<text> {
        if (request.value() == "throw") throw std::runtime_error{"expected by the test"};
        return request;
      },
      blocking(2)));
  f.stage.ask(f.got, {"fragile"}, "first");
  f.settle();
  f.stage.ask(f.got, {"fragile"}, "throw");
  f.stage.ask(f.got, {"fragile"}, "throw");
  f.stage.ask(f.got, {"fragile"}, "x");
  f.stage.run();
  BOOST_TEST(f.executor->run_all() == 2U, "both at work on the same agent object");
  f.stage.run();
  BOOST_REQUIRE(f.got.all.size() == 3U);
  BOOST_TEST(f.got.failure_type(1) == "runtime.agent_failed");
  BOOST_TEST(f.got.failure_type(2) == "runtime.agent_failed");
  f.stage.advance(50ms);
  f.settle();
  BOOST_REQUIRE(f.got.all.size() == 4U);
  BOOST_TEST(f.got.text_at(3) == "x");
  BOOST_TEST(f.stage.system().metrics().restarts == 1U);
}

/// Asks "echo" twice, and notes in which order its own code runs.
class asking {
public:
  void on(std::shared_ptr<const text> request, std::shared_ptr<const call_context> context,
          typed_responder<text> respond) {
    log_ += "(" + request->value();
    context->request({"echo"}, request, [this, request, respond](reply<message_ptr>) {
      log_ += "+" + request->value();
      respond(make_text(log_));
    });
    log_ += ")";
  }

private:
  std::string log_;
};

BOOST_AUTO_TEST_CASE(continuations_run_on_the_executor_ahead_of_new_requests) {
  fixture f;
  f.stage.add(echo_agent("echo"));
  f.stage.add(
      stateful_agent<asking>("asking", "Asks").on(&asking::on).options(blocking(1)).build());
  f.stage.ask(f.got, {"asking"}, "a");
  f.stage.ask(f.got, {"asking"}, "b");
  f.stage.run();
  f.executor->run_one(); // the factory
  f.stage.run();
  f.executor->run_one(); // the handler of a, which asks
  f.stage.run();         // echo answers; b has its place before the answer arrives
  f.settle();
  BOOST_REQUIRE(f.got.all.size() == 2U);
  const auto log = f.got.text_at(1);
  BOOST_TEST((log == "(a)(b)+a+b" || log == "(a)+a(b)+b"), "got " << log);
}

BOOST_AUTO_TEST_CASE(a_full_executor_is_reported) {
  struct full final : executor {
    int room = 0;
    bool post(task work) override {
      if (room == 0) return false;
      --room;
      work();
      return true;
    }
    bool stop(std::chrono::milliseconds) override { return true; }
  };
  auto executor = std::make_shared<full>();
  test::stage stage{executor};
  stage.add(echo_agent("echo", "", blocking(1)));
  answers got;
  stage.ask(got, {"echo"}, "no thread for the factory");
  stage.run();
  executor->room = 1;
  stage.ask(got, {"echo"}, "no thread for the handler");
  stage.run();
  executor->room = 1;
  stage.ask(got, {"echo"}, "x");
  stage.run();
  BOOST_REQUIRE(got.all.size() == 3U);
  BOOST_TEST(got.failure_type(0) == "runtime.executor_full");
  BOOST_TEST(got.failure_type(1) == "runtime.executor_full");
  BOOST_TEST(got.text_at(2) == "x");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
