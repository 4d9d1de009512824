// What steps may demand of their node.
#include "actors/scheduling/resources/resource_text.hpp"
#include "tests/actors/workflow/definition_texts.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_definition_resources)

BOOST_AUTO_TEST_CASE(demands_are_read) {
  const auto workflow = load(
      "name: w\nsteps:\n  a: { agent: files.list, resources: { cpu: 0.5, memory: 1.5GiB, gpu: 1, "
      "gpu_memory: 2GB, license/x: 3 } }\n  b: { agent: files.list }\n");
  BOOST_TEST(scheduling::format_resources(workflow->steps[0].demand) ==
             "cpu=0.5,gpu=1,memory=1536MiB,gpu_memory=1953125KiB,license/x=3");
  BOOST_TEST(workflow->steps[1].demand.empty());
  // A history's copy gives the same.
  const auto again = compile_definition(workflow->source, nullptr);
  BOOST_REQUIRE(again);
  BOOST_TEST(((*again)->steps[0].demand == workflow->steps[0].demand));
}

BOOST_AUTO_TEST_CASE(mistakes_have_a_place_and_a_remedy) {
  const auto step = [](const std::string& resources) {
    return with_steps("  a: { agent: files.list, resources: " + resources + " }\n");
  };
  const std::pair<std::string, std::string> cases[] = {
      {step("{ memory: 2 }"), "w.yaml:5:48: error: bad amount '2' of memory: the unit is missing"},
      {step("{ memory: 2Gb }"), "the unit 'Gb' is not known; use one of"},
      {step("{ cpu: -1 }"), "bad amount '-1' of cpu: it is negative"},
      {step("{ cpu: 0.00001 }"), "at most three digits"},
      {step("{ gpu: 0.5 }"), "bad amount '0.5' of gpu: it is no whole number"},
      {step("{ 'a b': 1 }"), "unknown key 'a b' in 'steps.a.resources'"},
      {step("{ cpu: 1, cpu: 2 }"), "cpu"},
      {step("{ cpu: [1] }"), "'steps.a.resources.cpu' must be a text"},
      {step("{ license: }"), "'steps.a.resources.license' is empty"},
      {step("2"), "'steps.a.resources' must be a mapping"},
      {step("{ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, l: 1, m: 1, n: 1, "
            "o: 1, p: 1, q: 1 }"),
       "there are more than 16 resources of other names"},
      {with_steps("  a: { wait: 1s, resources: { cpu: 1 } }\n"),
       "only the attempts of agents hold resources, not steps that wait or are runs of their own; "
       "leave the resources out"}};
  for (const auto& [yaml, words] : cases)
    BOOST_TEST_CONTEXT(yaml) {
      const std::string found = mistakes_of(yaml);
      BOOST_TEST(found.find(words) != std::string::npos, found);
    }
}

BOOST_AUTO_TEST_CASE(what_comes_as_protobuf_is_checked_too) {
  const auto faults = [](const std::function<void(v1::ResourceVector&)>& spoil) {
    v1::WorkflowDefinition made = load("name: w\nsteps: { a: { agent: files.list } }\n")->source;
    spoil(*made.mutable_steps(0)->mutable_resources());
    const auto compiled = compile_definition(made, nullptr);
    return compiled ? std::string{"none"} : to_string(compiled.error());
  };
  const auto add = [](v1::ResourceVector& into, const std::string& name, std::uint64_t amount) {
    into.add_custom()->set_name(name);
    into.mutable_custom(into.custom_size() - 1)->set_amount(amount);
  };
  BOOST_TEST(faults([](auto&) {}) == "none");
  BOOST_TEST(
      faults([](auto& r) {
        r.set_memory_bytes(~std::uint64_t{0});
      }).starts_with("steps.a.resources: error: bad amount '18446744073709551615' of memory"));
  BOOST_TEST(faults([&](auto& r) { add(r, "\xff", 1); }).find("bad resource name") !=
             std::string::npos);
  BOOST_TEST(faults([&](auto& r) { add(r, "x", 1), add(r, "x", 1); }).find("x is there twice") !=
             std::string::npos);
  BOOST_TEST(faults([&](auto& r) { add(r, "cpu", 1); }).find("cpu is there twice") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
