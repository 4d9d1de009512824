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

BOOST_AUTO_TEST_SUITE_END()
