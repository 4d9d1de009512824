#include "actors/runtime/agent_system.hpp"
#include "tests/actors/runtime/support.hpp"

#include <atomic>
#include <filesystem>
#include <future>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// What only real threads show. Every wait has a limit far beyond need, and says what it waited for.
namespace {

using namespace troupe;
using namespace troupe::test;

std::unique_ptr<agent_system> start(agent_system_options options = {}) {
  auto started = agent_system::start(std::move(options));
  BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().message()));
  return std::move(*started);
}

void add(agent_system& system, agent_type type) {
  const auto added = system.add(std::move(type));
  BOOST_REQUIRE(added.has_value());
}

std::string ask(agent_system& system, const agent_name& target, const std::string& value,
                request_options options = {}) {
  const auto got = expect_reply<text>(
      system.request_and_wait(target, share(make_text(value)), std::move(options)));
  return got ? (*got)->value() : "failure " + got.error().type;
}

agent_options blocking(std::uint32_t max_concurrency = 0) {
  agent_options options;
  options.blocking = true;
  options.max_concurrency = max_concurrency;
  return options;
}

template <class T>
T get(std::future<T> future, const char* awaited) {
  BOOST_REQUIRE_MESSAGE(future.wait_for(60s) == std::future_status::ready,
                        "60 s were not enough for " << awaited);
  return future.get();
}

BOOST_AUTO_TEST_SUITE(runtime_threads)

BOOST_AUTO_TEST_CASE(a_host_thread_asks_and_waits) {
  const auto system = start();
  add(*system, echo_agent("echo", "echo "));
  add(*system, echo_agent("slow", "blocking ", blocking()));
  BOOST_TEST(ask(*system, {"echo"}, "x") == "echo x");
  BOOST_TEST(ask(*system, {"slow"}, "x") == "blocking x");
  BOOST_TEST(ask(*system, {"absent"}, "x") == "failure runtime.unknown_agent_type");
}

BOOST_AUTO_TEST_CASE(many_threads_activate_an_agent_once) {
  const auto system = start();
  std::atomic<int> made = 0;
  auto type = echo_agent("echo");
  type.make = [&made, make = type.make](const agent_name& name) {
    ++made;
    return make(name);
  };
  add(*system, type);
  constexpr int threads = 8, keys = 50;
  std::latch ready{threads};
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> askers;
    askers.reserve(threads);
    for (int t = 0; t < threads; ++t)
      askers.emplace_back([&] {
        ready.arrive_and_wait();
        for (int k = 0; k < keys; ++k)
          good += ask(*system, {"echo", std::to_string(k)}, "x") == "x";
      });
  }
  BOOST_TEST(good == threads * keys);
  BOOST_TEST(made == keys);
}

BOOST_AUTO_TEST_CASE(requests_from_many_threads_are_each_answered_once) {
  const auto system = start();
  add(*system, echo_agent("echo"));
  add(*system, echo_agent("slow", "", blocking(4)));
  constexpr int threads = 4, each = 2'000;
  std::atomic<int> answered = 0, failed = 0;
  std::promise<void> all;
  {
    std::vector<std::jthread> askers;
    askers.reserve(threads);
    for (int t = 0; t < threads; ++t)
      askers.emplace_back([&] {
        for (int i = 0; i < each; ++i)
          system->request({i % 2 ? "echo" : "slow"}, share(make_text("x")), {},
                          [&](reply<message_ptr> got) {
                            if (!got) ++failed;
                            if (++answered == threads * each) all.set_value();
                          });
      });
  }
  get(all.get_future(), "8000 answers");
  BOOST_TEST(failed == 0);
  const auto metrics = system->metrics();
  BOOST_TEST(metrics.requests == static_cast<std::uint64_t>(threads * each));
  BOOST_TEST(metrics.replies == metrics.requests);
}

BOOST_AUTO_TEST_CASE(a_blocking_agent_may_wait_for_another) {
  const auto system = start();
  add(*system, echo_agent("echo", "echo "));
  add(*system,
      typed_agent<text, text>(
          "waits", "Asks and waits",
          [](const text& request, const call_context& context) -> reply<text> {
            auto got = expect_reply<text>(context.request_and_wait({"echo"}, share(text{request})));
            if (!got) return tl::unexpected(got.error());
            return make_text("waited for " + (*got)->value());
          },
          blocking()));
  BOOST_TEST(ask(*system, {"waits"}, "x") == "waited for echo x");
}

BOOST_AUTO_TEST_CASE(a_wait_ends_at_the_callers_deadline) {
  const auto system = start();
  auto held = std::make_shared<hostage>();
  std::promise<std::string> seen;
  add(*system, holding_agent("hold", held));
  add(*system, typed_agent<text, text>(
                   "waits", "Asks and waits",
                   [&seen](const text& request, const call_context& context) -> reply<text> {
                     const auto got = context.request_and_wait({"hold"}, share(text{request}));
                     seen.set_value(got ? "" : got.error().type);
                     return request;
                   },
                   blocking()));
  BOOST_TEST(ask(*system, {"waits"}, "x", {.timeout = 20ms}) ==
             "failure runtime.deadline_exceeded");
  BOOST_TEST(get(seen.get_future(), "the end of the inner wait") == "runtime.deadline_exceeded");
  system->stop();
}

BOOST_AUTO_TEST_CASE(an_agent_that_never_answers_costs_its_timeout_only) {
  const auto system = start();
  auto held = std::make_shared<hostage>();
  add(*system, holding_agent("hold", held));
  const auto begin = std::chrono::steady_clock::now();
  BOOST_TEST(ask(*system, {"hold"}, "x", {.timeout = 30ms}) == "failure runtime.deadline_exceeded");
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= 30ms));
  system->stop();
}

BOOST_AUTO_TEST_CASE(a_crashing_agent_comes_back) {
  const auto system = start();
  agent_options options = blocking(2);
  options.restart.initial_backoff = 1ms;
  add(*system, typed_agent<text, text>(
                   "fragile", "Throws",
                   [](const text& request, const call_context&) -> reply<text> {
                     if (request.value() == "throw")
                       throw std::runtime_error{"expected by the test"};
                     return request;
                   },
                   options));
  BOOST_TEST(ask(*system, {"fragile"}, "throw") == "failure runtime.agent_failed");
  BOOST_TEST(ask(*system, {"fragile"}, "x") == "x");
}

BOOST_AUTO_TEST_CASE(stop_lets_what_is_in_flight_finish) {
  const auto system = start({.drain_bound = 60s});
  std::promise<void> begun;
  std::promise<void> gate;
  add(*system, echo_agent("echo", "echo "));
  add(*system, typed_agent<text, text>(
                   "slow", "Waits for the test, then for another agent",
                   [&, opened = gate.get_future().share()](
                       const text& request, const call_context& context) -> reply<text> {
                     begun.set_value();
                     opened.wait();
                     const auto got = expect_reply<text>(
                         context.request_and_wait({"echo"}, share(text{request})));
                     return got ? reply<text>{**got} : tl::unexpected(got.error());
                   },
                   blocking()));
  std::promise<reply<message_ptr>> answer;
  system->request({"slow"}, share(make_text("x")), {},
                  [&](reply<message_ptr> got) { answer.set_value(std::move(got)); });
  get(begun.get_future(), "the handler to begin");
  std::jthread stopper{[&] { system->stop(); }};
  // Once the host is refused, stop is at work; the handler is still allowed to ask.
  while (ask(*system, {"echo"}, "x") != "failure runtime.stopping")
    std::this_thread::yield();
  gate.set_value();
  const auto got = expect_reply<text>(get(answer.get_future(), "the answer of the slow agent"));
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
  BOOST_TEST((*got)->value() == "echo x");
}

BOOST_AUTO_TEST_CASE(stop_keeps_its_bound) {
  auto gate = std::make_shared<std::promise<void>>();
  auto finished = std::make_shared<std::promise<void>>();
  auto ended = finished->get_future();
  std::promise<void> begun;
  std::promise<std::string> answer;
  {
    const auto system = start({.drain_bound = 10ms});
    add(*system, typed_agent<text, text>(
                     "stuck", "Does not return",
                     [&begun, finished, opened = gate->get_future().share()](
                         const text& request, const call_context&) -> reply<text> {
                       begun.set_value();
                       opened.wait();
                       finished->set_value();
                       return request;
                     },
                     blocking()));
    system->request({"stuck"}, share(make_text("x")), {},
                    [&](reply<message_ptr> got) { answer.set_value(got ? "" : got.error().type); });
    get(begun.get_future(), "the handler to begin");
    system->stop();
    BOOST_TEST(get(answer.get_future(), "the answer at stop") == "runtime.stopping");
  }
  gate->set_value();
  get(std::move(ended), "the end of the stuck handler");
}

BOOST_AUTO_TEST_CASE(a_host_continuation_that_throws_is_contained) {
  const auto system = start();
  add(*system, echo_agent("echo"));
  system->request({"echo"}, share(make_text("x")), {},
                  [](reply<message_ptr>) { throw std::runtime_error{"expected by the test"}; });
  BOOST_TEST(ask(*system, {"echo"}, "y") == "y");
}

BOOST_AUTO_TEST_CASE(nonsense_options_are_refused) {
  BOOST_TEST(!agent_system::start({.worker_threads = 1'000'000}).has_value());
}

std::size_t threads_of_this_process() {
  namespace fs = std::filesystem;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{"/proc/self/task"}, fs::directory_iterator{}));
}

BOOST_AUTO_TEST_CASE(start_and_stop_leave_nothing) {
  const auto before = threads_of_this_process();
  for (int i = 0; i < 200; ++i) {
    const auto system = start({.worker_threads = 2});
    add(*system, echo_agent("echo"));
    add(*system, echo_agent("slow", "", blocking()));
    BOOST_REQUIRE(ask(*system, {"echo"}, "x") == "x");
    BOOST_REQUIRE(ask(*system, {"slow"}, "x") == "x");
    if (i % 2) system->stop();
  }
  BOOST_TEST(threads_of_this_process() == before);
}

BOOST_AUTO_TEST_CASE(two_systems_live_side_by_side) {
  const auto one = start(), two = start();
  add(*one, echo_agent("echo", "one "));
  add(*two, echo_agent("echo", "two "));
  BOOST_TEST(ask(*one, {"echo"}, "x") == "one x");
  BOOST_TEST(ask(*two, {"echo"}, "x") == "two x");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
