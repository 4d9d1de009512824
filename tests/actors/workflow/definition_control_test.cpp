// What a definition says of how its runs are held to bounds.
#include "tests/actors/workflow/definition_texts.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_definition_control)

BOOST_AUTO_TEST_CASE(a_deadline_is_read) {
  const auto workflow = load("name: w\ndeadline: 1h30m\nsteps: { a: { agent: files.list } }\n");
  BOOST_TEST((workflow->deadline == 90min));
  BOOST_TEST((lone_step("")->deadline == 0min));
  const auto again = compile_definition(workflow->source, nullptr);
  BOOST_REQUIRE(again);
  BOOST_TEST(((*again)->deadline == 90min));
}

BOOST_AUTO_TEST_CASE(mistakes_in_a_deadline_have_a_place_and_a_remedy) {
  const std::pair<std::string, std::string> cases[] = {
      {"deadline: soon", "w.yaml:2:11: error:"},
      {"deadline: 0s", "w.yaml:2:11: error: a run with this deadline could never begin"},
      {"deadline: -1s", "w.yaml:2:11: error:"},
      {"deadline: 4000d", "w.yaml:2:11: error:"},
      {"deadline: [1s]", "'deadline' must be a text"}};
  for (const auto& [line, words] : cases)
    BOOST_TEST_CONTEXT(line) {
      const auto found =
          mistakes_of("name: w\n" + line + "\nsteps: { a: { agent: files.list } }\n");
      BOOST_TEST(found.find(words) != std::string::npos, found);
    }
  auto source = lone_step("")->source;
  source.mutable_deadline()->set_seconds(-1);
  BOOST_TEST(!compile_definition(source, nullptr));
}

BOOST_AUTO_TEST_CASE(limits_are_read) {
  const auto workflow =
      load("name: w\ninputs: { tenant: { type: integer } }\nsteps:\n"
           "  a: { agent: files.list, limits: [{ key: \"api/${inputs.tenant}\", concurrency: 4 }, "
           "{ key: mail, rate: 10/s, burst: 20 }, { key: slow, concurrency: 1, rate: 6/m }] }\n");
  const auto& limits = workflow->steps[0].key_limits;
  BOOST_REQUIRE(limits.size() == 3u);
  BOOST_TEST(limits[0].concurrency == 4u);
  BOOST_TEST((limits[0].interval == 0s));
  BOOST_TEST((limits[1].interval == 100ms));
  BOOST_TEST(limits[1].burst == 20u);
  BOOST_TEST(limits[2].concurrency == 1u);
  BOOST_TEST((limits[2].interval == 10s));
  BOOST_TEST(limits[2].burst == 1u);
  const auto again = compile_definition(workflow->source, nullptr);
  BOOST_REQUIRE(again);
  BOOST_TEST((*again)->steps[0].key_limits.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_reference_in_a_key_is_a_need) {
  const auto workflow =
      load("name: w\nsteps:\n  a: { agent: files.list }\n"
           "  b: { agent: files.read, for_each: \"${steps.a.files}\", input: { path: x }, limits: "
           "[{ key: \"${item.name}\", concurrency: 1 }] }\n"
           "  c: { agent: files.list, limits: [{ key: \"${steps.d.path}\", rate: 1/m }] }\n"
           "  d: { agent: files.read, input: { path: x } }\n");
  BOOST_REQUIRE(workflow->steps[2].needs.size() == 1u);
  BOOST_TEST(workflow->steps[2].needs[0].step == 3u);
  BOOST_TEST(workflow->steps[2].needs[0].reads_reply);
}

BOOST_AUTO_TEST_CASE(mistakes_in_limits_have_a_place_and_a_remedy) {
  const auto step = [](const std::string& limits) {
    return with_steps("  a: { agent: files.list, limits: " + limits + " }\n");
  };
  const std::pair<std::string, std::string> cases[] = {
      {step("[{ concurrency: 1 }]"), "the limit has no key"},
      {step("[{ key: k }]"), "w.yaml:5:36: error: the limit bounds nothing"},
      {step("[{ key: k, concurrency: 0 }]"), "w.yaml:5:"},
      {step("[{ key: k, rate: fast }]"), "bad rate 'fast': there is no '/'"},
      {step("[{ key: k, rate: 1/fortnight }]"), "w.yaml:5:"},
      {step("[{ key: k, rate: 1/2d }]"), "the rate is out of range"},
      {step("[{ key: k, burst: 2, concurrency: 1 }]"), "a burst is of a rate"},
      {step("[{ key: k, per: 1s, rate: 1/s }]"), "unknown key 'per'"},
      {step("{ key: k, rate: 1/s }"), "must be a list"},
      {step("[{ key: \"${inputs.fodler}\", concurrency: 1 }]"), "did you mean 'folder'?"},
      {step("[{ key: \"${item}\", concurrency: 1 }]"), "has a meaning only in"},
      {step("[{ key: \"${run}\", concurrency: 1 }]"), "which has no form inside a text"},
      {step("[{ key: \"${steps.a.x}\", concurrency: 1 }]"), "refers to itself"},
      {step("[{ key: k, concurrency: 1 }, { key: k, concurrency: 2 }]"),
       "key 'k' has other limits in another place"},
      {step("[{key: a, concurrency: 1}, {key: b, concurrency: 1}, {key: c, concurrency: 1}, {key: "
            "d, concurrency: 1}, {key: e, concurrency: 1}, {key: f, concurrency: 1}, {key: g, "
            "concurrency: 1}, {key: h, concurrency: 1}, {key: i, concurrency: 1}]"),
       "9 limits, a step may have 8"},
      {with_steps("  a: { wait: 1s, limits: [{ key: k, concurrency: 1 }] }\n"),
       "only the attempts of agents have limits"}};
  for (const auto& [yaml, words] : cases)
    BOOST_TEST_CONTEXT(yaml) {
      const std::string found = mistakes_of(yaml);
      BOOST_TEST(found.find(words) != std::string::npos, found);
    }
}

BOOST_AUTO_TEST_SUITE_END()
