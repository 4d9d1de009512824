// What a definition says of the nodes that attempts run on.
#include "actors/workflow/builder.hpp"
#include "tests/actors/workflow/definition_texts.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_definition_placement)

using scheduling::placement_rule;
using scheduling::placement_strategy;

BOOST_AUTO_TEST_CASE(it_is_read_and_kept_in_histories) {
  const auto workflow =
      load("name: w\nsteps:\n"
           "  a: { agent: files.list, placement: { strategy: spread } }\n"
           "  b: { agent: files.list, placement: { node: n-1 } }\n"
           "  c: { agent: files.list, placement: { strategy: by_cost, class: AMD EPYC 9B14 } }\n"
           "  d: { agent: files.list, compensate: { agent: files.list }, placement: { strategy: "
           "pinned, class: gpu } }\n"
           "  e: { agent: files.list }\n");
  const auto check = [](const definition& of) {
    BOOST_TEST((of.steps[0].placement == placement_rule{placement_strategy::spread}));
    BOOST_TEST((of.steps[1].placement == placement_rule{placement_strategy::pinned, "n-1"}));
    BOOST_TEST((of.steps[2].placement ==
                placement_rule{placement_strategy::by_cost, "", "AMD EPYC 9B14"}));
    BOOST_TEST((of.steps[3].placement == placement_rule{placement_strategy::pinned, "", "gpu"}));
    BOOST_TEST(of.steps[3].compensate->placement.empty());
    BOOST_TEST(of.steps[4].placement.empty());
  };
  check(*workflow);
  const auto again = compile_definition(workflow->source, nullptr);
  BOOST_REQUIRE(again);
  check(**again);
}

BOOST_AUTO_TEST_CASE(the_builder_gives_the_same) {
  workflow_builder flow{"w"};
  flow.step<v1::ListFilesRequest, v1::ListFilesReply>("a", "files.list")
      .placement({placement_strategy::pinned, "n1"});
  const auto made = flow.compile(known_agents{});
  BOOST_REQUIRE(made);
  const auto read = load("name: w\nsteps: { a: { agent: files.list, placement: { node: n1 } } }\n");
  BOOST_TEST((*made)->source.SerializeAsString() == read->source.SerializeAsString());
}

BOOST_AUTO_TEST_CASE(every_strategy_has_its_word_and_its_number) {
  for (const std::string_view name : scheduling::placement_strategy_names()) {
    const auto found = scheduling::find_placement_strategy(name);
    BOOST_REQUIRE(found);
    BOOST_TEST(scheduling::name_of(*found) == name);
    std::string word{name};
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::toupper(c); });
    BOOST_TEST(v1::PlacementStrategy_Name(static_cast<v1::PlacementStrategy>(*found)) ==
               "PLACEMENT_STRATEGY_" + word);
  }
  BOOST_TEST(!scheduling::find_placement_strategy("automatic"));
}

BOOST_AUTO_TEST_CASE(mistakes_have_a_place_and_a_remedy) {
  const std::pair<std::string, std::string> cases[] = {
      {with_steps("  a: { agent: files.list, placement: { strategy: spred } }\n"),
       "w.yaml:5:50: error: unknown strategy 'spred'"},
      {with_steps("  a: { agent: files.list, placement: { strategy: spred } }\n"), "'spread'"},
      {with_steps("  a: { agent: files.list, placement: { strategy: automatic } }\n"),
       "write one of least_loaded, best_fit, prefer_local, spread, pinned, by_cost"},
      {with_steps("  a: { agent: files.list, placement: { strategy: pinned } }\n"),
       "w.yaml:5:27: error: it is pinned to nothing; add 'node: NAME' or 'class: NAME'"},
      {with_steps("  a: { agent: files.list, placement: { strategy: spread, node: n1 } }\n"),
       "w.yaml:5:64: error: only a pinned step names its node"},
      {with_steps("  a: { agent: files.list, placement: { node: 'n 1' } }\n"),
       "that is no name of a node"},
      {with_steps("  a: { agent: files.list, placement: { class: '" + std::string(201, 'x') +
                  "' } }\n"),
       "that is no class of nodes"},
      {with_steps("  a: { agent: files.list, placement: { nod: n1 } }\n"), "unknown key 'nod'"},
      {with_steps("  a: { agent: files.list, placement: spread }\n"), "w.yaml:5:38: error"},
      {with_steps("  a: { wait: 1s, placement: { node: n1 } }\n"),
       "w.yaml:5:18: error: only attempts of agents run on a node"},
  };
  for (const auto& [yaml, expected] : cases)
    BOOST_TEST_CONTEXT(yaml) {
      const std::string found = mistakes_of(yaml);
      BOOST_TEST_INFO(found);
      BOOST_TEST(found.find(expected) != std::string::npos);
    }
  v1::WorkflowDefinition unknown = load("name: w\nsteps: { a: { agent: files.list } }\n")->source;
  unknown.mutable_steps(0)->mutable_placement()->set_strategy(
      static_cast<v1::PlacementStrategy>(99));
  const known_agents agents;
  const auto refused = compile_definition(unknown, &agents);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(to_string(refused.error()).find("there is no strategy 99") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
