// Definitions with steps that wait for a time or a signal.
#include "tests/actors/workflow/definition_texts.hpp"

#include <google/protobuf/util/message_differencer.h>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_definition_waiting)

BOOST_AUTO_TEST_CASE(mistakes_of_steps_that_wait) {
  const std::pair<std::string, std::string> cases[] = {
      {with_steps("  a: { agent: files.list, wait: 1s }\n"),
       "w.yaml:5:3: error: step 'a' has several of agent, wait, signal and workflow; keep one of "
       "them"},
      {with_steps("  a: { wait: soon }\n"), "w.yaml:5:14: error: "},
      {with_steps("  a: { wait: 1s, input: { folder: x } }\n"),
       "a step that waits sends no request; leave the input out"},
      {with_steps("  a: { signal: 'go on' }\n"), "bad signal name 'go on'; use letters"},
      {with_steps("  a: { signal: go, reply_type: troupe.v1.Nothing }\n"),
       "message type 'troupe.v1.Nothing' is not linked into this program"},
      {with_steps("  a: { signal: go }\n  b: { signal: go, reply_type: troupe.v1.WaitReply }\n"),
       "signal 'go' is a troupe.v1.Approval in another step and a troupe.v1.WaitReply here"},
      {with_steps("  a: { signal: go, default: { by: x } }\n"),
       "a default is the reply when the time of timeouts.schedule_to_close is over; add that"},
      {with_steps(
           "  a: { signal: go, default: { bye: x }, timeouts: { schedule_to_close: 1s } }\n"),
       "the default is no troupe.v1.Approval: "},
      {with_steps("  a: { agent: files.list, default: { by: x } }\n"),
       "only a step with 'signal' has a default; leave it out"},
      {with_steps("  a: { agent: files.list, reply_type: troupe.v1.WaitReply }\n"),
       "agent type 'files.list' replies with a troupe.v1.ListFilesReply; leave reply_type out"},
  };
  for (const auto& [yaml, words] : cases)
    BOOST_TEST_CONTEXT(yaml) {
      const std::string found = mistakes_of(yaml);
      BOOST_TEST(found.find(words) != std::string::npos, found);
    }
}

BOOST_AUTO_TEST_CASE(steps_that_wait_survive_the_wire) {
  const auto made = load(with_steps("  nap: { wait: 1h30m }\n"
                                    "  ask: { signal: go, default: { approved: true, by: x }, "
                                    "timeouts: { schedule_to_close: 1d }, needs: [nap] }\n"));
  BOOST_TEST((made->steps[0].kind == step_kind::timer));
  BOOST_TEST((made->steps[0].wait == std::chrono::minutes{90}));
  BOOST_TEST((made->steps[1].kind == step_kind::signal));
  BOOST_TEST(made->steps[1].default_reply->ShortDebugString() == "approved: true by: \"x\"");
  const auto again = compile_definition(made->source, nullptr);
  BOOST_REQUIRE_MESSAGE(again, (again ? "" : to_string(again.error())));
  BOOST_TEST(google::protobuf::util::MessageDifferencer::Equals((*again)->source, made->source));
}

BOOST_AUTO_TEST_SUITE_END()
