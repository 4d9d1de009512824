// What a definition says of second attempts and of places that are given up.
#include "actors/workflow/builder.hpp"
#include "tests/actors/workflow/definition_texts.hpp"

#include <limits>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_definition_second)

BOOST_AUTO_TEST_CASE(both_are_read_and_kept_in_histories) {
  const auto workflow =
      load("name: w\nsteps:\n"
           "  a: { agent: files.list, speculate: { after: 1.5x } }\n"
           "  b: { agent: files.list, speculate: { after: 30s }, preemptible: true }\n"
           "  c: { agent: files.list, preemptible: false }\n"
           "  d: { agent: files.list, speculate: { after: 2x, idempotent: true }, "
           "compensate: { agent: files.list } }\n");
  const auto check = [](const definition& of) {
    BOOST_TEST((of.steps[0].speculate == speculation{1.5, {}}));
    BOOST_TEST((of.steps[1].speculate == speculation{0, 30s}));
    BOOST_TEST(!of.steps[2].speculate);
    BOOST_TEST((of.steps[3].speculate == speculation{2, {}}));
    BOOST_TEST(!of.steps[0].preemptible);
    BOOST_TEST(of.steps[1].preemptible);
    BOOST_TEST(!of.steps[2].preemptible);
    BOOST_TEST(!of.steps[3].compensate->speculate);
  };
  check(*workflow);
  const auto again = compile_definition(workflow->source, nullptr);
  BOOST_REQUIRE(again);
  check(**again);
}

BOOST_AUTO_TEST_CASE(the_builder_gives_the_same) {
  workflow_builder flow{"w"};
  flow.step<v1::ListFilesRequest, v1::ListFilesReply>("a", "files.list")
      .speculate(1.5)
      .preemptible();
  flow.step<v1::ListFilesRequest, v1::ListFilesReply>("b", "files.list").speculate(30s, true);
  const auto made = flow.compile(known_agents{});
  BOOST_REQUIRE(made);
  const auto read = load("name: w\nsteps:\n  a: { agent: files.list, speculate: { after: 1.5x }, "
                         "preemptible: true }\n  b: { agent: files.list, speculate: { after: 30s, "
                         "idempotent: true } }\n");
  BOOST_TEST((*made)->source.SerializeAsString() == read->source.SerializeAsString());
}

BOOST_AUTO_TEST_CASE(mistakes_have_a_place_and_a_remedy) {
  const std::pair<std::string, std::string> cases[] = {
      {with_steps("  a: { agent: files.list, speculate: { after: soon } }\n"),
       "w.yaml:5:47: error: bad duration 'soon'"},
      {with_steps("  a: { agent: files.list, speculate: { after: twox } }\n"), "bad factor 'twox'"},
      {with_steps("  a: { agent: files.list, speculate: { after: nanx } }\n"), "bad factor 'nanx'"},
      {with_steps("  a: { agent: files.list, speculate: { after: 0.5x } }\n"),
       "w.yaml:5:47: error: the factor is out of range; write one from 1x to 1000x"},
      {with_steps("  a: { agent: files.list, speculate: { after: 1001x } }\n"), "out of range"},
      {with_steps("  a: { agent: files.list, speculate: { after: 0s } }\n"), "give one above 0"},
      {with_steps("  a: { agent: files.list, speculate: {} }\n"), "add 'after: 2x'"},
      {with_steps("  a: { agent: files.list, speculate: { idempotent: maybe, after: 2x } }\n"),
       "write true or false"},
      {with_steps("  a: { agent: files.list, speculate: { afer: 2x } }\n"), "unknown key 'afer'"},
      {with_steps("  a: { wait: 1s, speculate: { after: 2x } }\n"),
       "w.yaml:5:18: error: only attempts of agents can have a second one"},
      {with_steps("  a: { agent: files.list, speculate: { after: 2x }, compensate: { agent: "
                  "files.list } }\n"),
       "add 'idempotent: true'"},
      {with_steps("  a: { agent: files.list, preemptible: 1 }\n"), "write true or false"},
      {with_steps("  a: { signal: go, preemptible: true }\n"),
       "w.yaml:5:20: error: only attempts of agents hold a place"}};
  for (const auto& [yaml, words] : cases)
    BOOST_TEST_CONTEXT(yaml) {
      const std::string found = mistakes_of(yaml);
      BOOST_TEST(found.find(words) != std::string::npos, found);
    }
}

BOOST_AUTO_TEST_CASE(what_comes_as_protobuf_is_checked_too) {
  const auto good = load("name: w\nsteps: { a: { agent: files.list } }\n")->source;
  const auto refused = [&](const std::function<void(v1::Speculation&)>& change) {
    auto made = good;
    change(*made.mutable_steps(0)->mutable_speculate());
    return !compile_definition(made, nullptr);
  };
  BOOST_TEST(!refused([](v1::Speculation& of) { of.set_factor(2); }));
  BOOST_TEST(refused([](v1::Speculation& of) { of.set_factor(-2); }));
  BOOST_TEST(refused(
      [](v1::Speculation& of) { of.set_factor(std::numeric_limits<double>::quiet_NaN()); }));
  BOOST_TEST(
      refused([](v1::Speculation& of) { of.set_factor(std::numeric_limits<double>::infinity()); }));
  BOOST_TEST(refused([](v1::Speculation& of) { of.mutable_after()->set_seconds(-1); }));
  BOOST_TEST(refused([](v1::Speculation& of) {
    of.mutable_after()->set_seconds(1);
    of.set_factor(2);
  }));
}

BOOST_AUTO_TEST_SUITE_END()
