// What a definition says of how long its steps run.
#include "tests/actors/workflow/definition_texts.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_definition_cost)

BOOST_AUTO_TEST_CASE(costs_are_read_and_kept_in_histories) {
  const auto workflow = load("name: w\nsteps:\n  a: { agent: files.list, cost: 1m30s }\n"
                             "  b: { agent: files.list }\n");
  BOOST_TEST((workflow->steps[0].cost == std::chrono::seconds{90}));
  BOOST_TEST((workflow->steps[1].cost == duration{}));
  const auto again = compile_definition(workflow->source, nullptr);
  BOOST_REQUIRE(again);
  BOOST_TEST(((*again)->steps[0].cost == std::chrono::seconds{90}));
}

BOOST_AUTO_TEST_CASE(mistakes_have_a_place_and_a_remedy) {
  const std::pair<std::string, std::string> cases[] = {
      {with_steps("  a: { agent: files.list, cost: soon }\n"),
       "w.yaml:5:33: error: bad duration 'soon'"},
      {with_steps("  a: { agent: files.list, cost: 0s }\n"), "give a time above 0"},
      {with_steps("  a: { wait: 1s, cost: 1s }\n"), "a step that waits costs nothing"},
      {with_steps("  a: { signal: go, cost: 1s }\n"), "a step that waits costs nothing"}};
  for (const auto& [yaml, words] : cases)
    BOOST_TEST_CONTEXT(yaml) {
      const std::string found = mistakes_of(yaml);
      BOOST_TEST(found.find(words) != std::string::npos, found);
    }
}

BOOST_AUTO_TEST_CASE(what_comes_as_protobuf_is_checked_too) {
  auto made = load("name: w\nsteps: { a: { agent: files.list } }\n")->source;
  made.mutable_steps(0)->mutable_cost()->set_seconds(-1);
  BOOST_TEST(!compile_definition(made, nullptr));
  made.mutable_steps(0)->mutable_cost()->set_seconds(std::int64_t{1} << 60);
  BOOST_TEST(!compile_definition(made, nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
