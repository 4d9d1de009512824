#include "actors/runtime/caf_agent.hpp"
#include "tests/actors/runtime/support.hpp"

#include <caf/event_based_actor.hpp>
#include <string>

namespace {

using namespace troupe;
using namespace troupe::test;

/// Answers; keeps what is called "keep"; ends at "end".
caf::behavior greeter(caf::event_based_actor* self, std::string greeting) {
  auto kept = std::make_shared<std::vector<native_request>>();
  return {[self, greeting, kept](const native_request& request) {
    const auto& asked = static_cast<const text&>(*request.payload).value();
    if (asked == "keep")
      kept->push_back(request);
    else if (asked == "end")
      self->quit();
    else
      request.respond(share(make_text(greeting + " " + asked)));
  }};
}

void add_greeter(stage& stage, agent_options options = {}) {
  stage.add(caf_agent(
      stage.system(), "greeter", "Greets", {{text::descriptor(), text::descriptor()}},
      [](caf::actor_system& actors, const agent_name& name) {
        return actors.spawn(greeter, name.key);
      },
      options));
}

BOOST_AUTO_TEST_SUITE(runtime_caf_agents)

BOOST_AUTO_TEST_CASE(a_native_actor_serves_as_an_agent) {
  stage stage;
  add_greeter(stage);
  answers got;
  stage.ask(got, {"greeter", "hello"}, "you");
  stage.system().request({"greeter", "hello"}, share(make_number(1)), {}, got.take());
  stage.run();
  BOOST_REQUIRE(got.all.size() == 2U);
  // The refusal is quicker than the native actor.
  BOOST_TEST(got.failure_type(0) == "runtime.wrong_request_type");
  BOOST_TEST(got.text_at(1) == "hello you");
}

BOOST_AUTO_TEST_CASE(a_native_actor_that_ends_is_made_again) {
  stage stage;
  add_greeter(stage);
  answers got;
  for (const char* asked : {"keep", "end"})
    stage.ask(got, {"greeter", "hello"}, asked);
  stage.run();
  BOOST_REQUIRE(got.all.size() == 2U);
  BOOST_TEST(got.failure_type(0) == "runtime.no_answer");
  BOOST_TEST(got.failure_type(1) == "runtime.no_answer");
  stage.ask(got, {"greeter", "hello"}, "finds it gone");
  stage.run();
  BOOST_TEST(got.failure_type(2) == "runtime.agent_failed");
  stage.ask(got, {"greeter", "hello"}, "you");
  stage.advance(1s);
  BOOST_TEST(got.text_at(3) == "hello you");
}

BOOST_AUTO_TEST_CASE(a_native_actor_is_bounded_at_its_adapter) {
  stage stage;
  agent_options options;
  options.max_waiting_requests = 2;
  add_greeter(stage, options);
  answers got;
  for (int i = 0; i < 3; ++i) {
    stage.ask(got, {"greeter"}, "keep");
    stage.run();
  }
  BOOST_REQUIRE(got.all.size() == 1U);
  BOOST_TEST(got.failure_type(0) == "runtime.mailbox_full");
}

BOOST_AUTO_TEST_CASE(a_native_actor_is_bounded_by_bytes_and_takes_more_when_it_has_answered) {
  stage stage;
  agent_options options;
  options.max_waiting_bytes = make_text("keep").ByteSizeLong() + make_text("you").ByteSizeLong();
  add_greeter(stage, options);
  answers got;
  for (const char* asked : {"keep", "you", "keep", "you"}) {
    stage.ask(got, {"greeter", "hello"}, asked);
    stage.run();
  }
  BOOST_REQUIRE(got.all.size() == 3U);
  BOOST_TEST(got.text_at(0) == "hello you", "what was answered makes room");
  BOOST_TEST(got.failure_type(1) == "runtime.mailbox_full");
  BOOST_TEST(got.text_at(2) == "hello you");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
