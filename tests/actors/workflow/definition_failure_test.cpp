// Definitions that say what comes of a failure.
#include "tests/actors/workflow/definition_texts.hpp"

#include <google/protobuf/util/message_differencer.h>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_definition_failure)

BOOST_AUTO_TEST_CASE(mistakes_of_on_failure) {
  const std::pair<std::string, std::string> cases[] = {
      {with_steps("  a: { agent: files.list, on_failure: stop }\n"),
       "w.yaml:5:39: error: unknown action 'stop'; write fail, continue or { reply: { ... } }"},
      {with_steps("  a: { agent: files.list, on_failure: [fail] }\n"),
       "'steps.a.on_failure' must be a text, not a list"},
      {with_steps("  a: { agent: files.list, on_failure: { replay: { } } }\n"),
       "unknown key 'replay' in 'steps.a.on_failure'; did you mean 'reply'?"},
      {with_steps("  a: { agent: files.list, on_failure: { reply: { flies: [] } } }\n"),
       "w.yaml:5:48: error: the reply is no troupe.v1.ListFilesReply: "},
      {with_steps("  a: { agent: files.list, on_failure: { } }\n"),
       "nothing is said; write fail, continue or { reply: { ... } }"},
      {with_steps("  a: { signal: go, default: { by: x }, timeouts: { schedule_to_close: 1s }, "
                  "on_failure: continue }\n"),
       "a step with a default does not fail: it has its reply when its time is over"},
  };
  for (const auto& [yaml, words] : cases)
    BOOST_TEST_CONTEXT(yaml) {
      const std::string found = mistakes_of(yaml);
      BOOST_TEST(found.find(words) != std::string::npos, found);
    }
}

BOOST_AUTO_TEST_CASE(on_failure_survives_the_wire) {
  const auto made =
      load(with_steps("  a: { agent: files.list, on_failure: fail }\n"
                      "  b: { agent: files.list, on_failure: continue }\n"
                      "  c: { agent: files.read, on_failure: { reply: { name: none } } }\n"));
  BOOST_TEST((made->steps[0].on_failure == failure_action::fail));
  BOOST_TEST((made->steps[1].on_failure == failure_action::proceed));
  BOOST_TEST((made->steps[2].on_failure == failure_action::reply));
  BOOST_TEST(made->steps[2].failure_reply->ShortDebugString() == "name: \"none\"");
  const auto again = compile_definition(made->source, nullptr);
  BOOST_REQUIRE_MESSAGE(again, (again ? "" : to_string(again.error())));
  BOOST_TEST(google::protobuf::util::MessageDifferencer::Equals((*again)->source, made->source));
  BOOST_TEST((*again)->steps[2].failure_reply->ShortDebugString() == "name: \"none\"");
}

BOOST_AUTO_TEST_CASE(an_action_of_a_newer_build_is_refused) {
  v1::WorkflowDefinition source = load(with_steps("  a: { agent: files.list }\n"))->source;
  source.mutable_steps(0)->mutable_on_failure()->set_action(static_cast<v1::FailureAction>(77));
  const auto refused = compile_definition(source, nullptr);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(to_string(refused.error()).find("not known to this build") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
