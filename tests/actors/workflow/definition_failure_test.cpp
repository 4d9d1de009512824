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

BOOST_AUTO_TEST_CASE(mistakes_of_compensations) {
  const auto undone_by = [](const std::string& how) {
    return with_steps("  a: { agent: files.read, compensate: { " + how +
                      " } }\n  b: { agent: files.list }\n");
  };
  const std::pair<std::string, std::string> cases[] = {
      {undone_by("input: { path: x }"),
       "w.yaml:5:27: error: the compensation has no agent; add 'agent: TYPE/KEY'"},
      {undone_by("agent: files.raed"),
       "w.yaml:5:48: error: unknown agent type 'files.raed'; did you mean 'files.read'?"},
      {undone_by("agent: two.faced"), "add 'request_type: troupe.v1.ReadFileRequest'"},
      {undone_by("agent: files.read, input: { pth: x }"),
       "troupe.v1.ReadFileRequest has no field 'pth'; did you mean 'path'?"},
      {undone_by("agent: files.read, input: { path: \"${steps.a.size_bytes}\" }"),
       "'${steps.a.size_bytes}' is uint64, but field troupe.v1.ReadFileRequest.path is string"},
      {undone_by("agent: files.read, input: { path: \"${steps.b.files}\" }"),
       "w.yaml:5:76: error: a compensation reads no step but its own, 'a'; refer to its reply, to "
       "${item}, or to an input"},
      {undone_by("agent: files.read, input: { path: \"${item.path}\" }"),
       "'${item.path}' has a meaning only in"},
      {undone_by("agent: files.read, retry: { initial_interval: 2s, maximum_interval: 1s }"),
       "maximum_interval 1s is below initial_interval 2s"},
      {undone_by("agent: files.read, when: \"true\""),
       "unknown key 'when' in 'steps.a.compensate'"},
  };
  for (const auto& [yaml, words] : cases)
    BOOST_TEST_CONTEXT(yaml) {
      const std::string found = mistakes_of(yaml);
      BOOST_TEST(found.find(words) != std::string::npos, found);
    }
}

BOOST_AUTO_TEST_CASE(a_compensation_survives_the_wire) {
  const auto made = load("name: w\ndefaults: { retry: { maximum_attempts: 7 } }\nsteps:\n"
                         "  a: { agent: files.read, priority: 3, compensate: { agent: files.list, "
                         "input: { folder: \"${steps.a.path}\" } } }\n");
  BOOST_REQUIRE(made->steps[0].compensate);
  BOOST_TEST(made->steps[0].compensate->retry.maximum_attempts == 7u); // those of the document
  BOOST_TEST(made->steps[0].compensate->priority == 3);
  BOOST_TEST(made->steps[0].needs.empty());
  const auto again = compile_definition(made->source, nullptr);
  BOOST_REQUIRE_MESSAGE(again, (again ? "" : to_string(again.error())));
  BOOST_TEST(google::protobuf::util::MessageDifferencer::Equals((*again)->source, made->source));
  BOOST_REQUIRE((*again)->steps[0].compensate);
  BOOST_TEST((*again)->steps[0].compensate->request->full_name() == "troupe.v1.ListFilesRequest");
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
