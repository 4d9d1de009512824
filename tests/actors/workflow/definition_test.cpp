#include "actors/workflow/event_codec.hpp"
#include "tests/actors/workflow/support.hpp"

#include <google/protobuf/util/message_differencer.h>
#include <sstream>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_definition)

namespace {

std::string mistakes_of(const std::string& yaml) {
  const auto loaded = load_definition(yaml, "w.yaml", known_agents{});
  return loaded ? "" : to_string(loaded.error());
}

/// A definition with the given steps, which begin in line 5.
std::string with_steps(const std::string& steps) {
  return "name: w\ninputs:\n  folder: { type: string }\nsteps:\n" + steps;
}

const std::string list_step =
    "  list: { agent: files.list, input: { folder: \"${inputs.folder}\" } }\n";

} // namespace

BOOST_AUTO_TEST_CASE(loads_the_main_job) {
  const auto made = load(main_job);
  BOOST_TEST(made->name == "redact-folder");
  BOOST_TEST(made->steps.size() == 6u);
  const step& read = made->steps[1];
  BOOST_TEST(read.request->full_name() == "troupe.v1.ReadFileRequest");
  BOOST_TEST(read.parallelism == 2u);
  BOOST_TEST(read.retry.maximum_attempts == 3u);
  BOOST_TEST((read.retry.initial_interval == std::chrono::milliseconds{200}));
  BOOST_TEST(!read.each->chained);
  BOOST_TEST(made->steps[2].each->chained);
  BOOST_TEST(made->steps[4].each->root == 0u);
  // report needs everything as a whole, write needs redact by index
  BOOST_TEST(made->steps[5].needs.size() == 4u);
  BOOST_TEST(!made->steps[5].needs[0].same_index);
  BOOST_TEST(made->steps[4].needs.size() == 1u);
  BOOST_TEST(made->steps[4].needs[0].same_index);
}

BOOST_AUTO_TEST_CASE(survives_the_wire_without_its_agents) {
  const auto made = load(main_job);
  const auto again = compile_definition(made->source, nullptr);
  BOOST_REQUIRE_MESSAGE(again, (again ? "" : to_string(again.error())));
  BOOST_TEST(google::protobuf::util::MessageDifferencer::Equals((*again)->source, made->source));
  BOOST_TEST((*again)->steps.size() == 6u);
}

BOOST_AUTO_TEST_CASE(defaults_are_merged_into_steps) {
  const auto made = load("name: w\nsteps:\n"
                         "  a: { agent: files.list }\n"
                         "  b: { agent: files.list, retry: { maximum_attempts: 7 } }\n"
                         "defaults:\n  retry: { initial_interval: 3s, maximum_attempts: 2 }\n"
                         "  timeouts: { start_to_close: 1m }\n");
  BOOST_TEST(made->steps[0].retry.maximum_attempts == 2u);
  BOOST_TEST(made->steps[1].retry.maximum_attempts == 7u);
  BOOST_TEST((made->steps[1].retry.initial_interval == std::chrono::seconds{3}));
  BOOST_TEST((made->steps[0].limits.start_to_close == std::chrono::minutes{1}));
}

BOOST_AUTO_TEST_CASE(every_mistake_has_its_place_and_remedy) {
  const struct {
    const char* what;
    std::string yaml;
    std::string expected;
  } cases[] = {
      {"unknown agent", with_steps("  a: { agent: files.raed }\n"),
       "w.yaml:5:15: error: unknown agent type 'files.raed'; did you mean 'files.read'?"},
      {"no agent", with_steps("  a: { input: {} }\n"),
       "w.yaml:5:3: error: step 'a' has no agent; add 'agent: TYPE/KEY'"},
      {"bad agent name", with_steps("  a: { agent: \"x y\" }\n"),
       "w.yaml:5:15: error: bad agent name 'x y'; write TYPE or TYPE/KEY, e.g. files.read"},
      {"several methods", with_steps("  a: { agent: two.faced }\n"),
       "w.yaml:5:15: error: agent type 'two.faced' takes several requests; add 'request_type: "
       "troupe.v1.ReadFileRequest' or "
       "'request_type: troupe.v1.NerRequest'"},
      {"unknown field", with_steps("  a: { agent: files.list, input: { foldr: x } }\n"),
       "w.yaml:5:36: error: troupe.v1.ListFilesRequest has no field 'foldr'; did you mean "
       "'folder'?"},
      {"wrong literal", with_steps("  a: { agent: files.list, input: { folder: 12 } }\n"),
       "w.yaml:5:44: error: '12' is integer, but field troupe.v1.ListFilesRequest.folder is "
       "string; put it in quotes"},
      {"out of range", with_steps("  a: { agent: ner.extract, input: { stride: -1 } }\n"),
       "w.yaml:5:45: error: '-1' is no value for field 'stride' of type uint32"},
      {"enumeration", with_steps("  a: { agent: pii.redact, input: { style: masc } }\n"),
       "w.yaml:5:43: error: 'masc' is no value of troupe.v1.RedactionStyle; known are: "
       "REDACTION_STYLE_UNSPECIFIED, "
       "REDACTION_STYLE_MASK, REDACTION_STYLE_PSEUDONYMS"},
      {"scalar for list", with_steps("  a: { agent: files.list, input: { patterns: x } }\n"),
       "w.yaml:5:46: error: 'x' is string, but field troupe.v1.ListFilesRequest.patterns is list "
       "of string; put it in [ ]"},
      {"list for scalar", with_steps("  a: { agent: files.list, input: { folder: [x] } }\n"),
       "w.yaml:5:44: error: a list is given, but field troupe.v1.ListFilesRequest.folder is "
       "string"},
      {"reference type",
       with_steps(list_step +
                  "  a: { agent: files.read, input: { path: \"${steps.list.files}\" } }\n"),
       "w.yaml:6:43: error: '${steps.list.files}' is list of troupe.v1.FileInfo, but field "
       "troupe.v1.ReadFileRequest.path is string"},
      {"reference inside a text",
       with_steps(list_step +
                  "  a: { agent: files.read, input: { path: \"ab/${steps.list}\" } }\n"),
       "w.yaml:6:46: error: '${steps.list}' is troupe.v1.ListFilesReply, which has no form inside "
       "a text; use it alone, or "
       "one of its scalar fields"},
      {"unknown step",
       with_steps(list_step +
                  "  a: { agent: files.read, input: { path: \"${steps.lisst.files}\" } }\n"),
       "w.yaml:6:43: error: unknown step 'lisst'; did you mean 'list'?"},
      {"unknown input",
       with_steps("  a: { agent: files.list, input: { folder: \"${inputs.foldr}\" } }\n"),
       "w.yaml:5:45: error: unknown input 'foldr'; did you mean 'folder'?"},
      {"unknown field in a reference",
       with_steps(list_step +
                  "  a: { agent: files.read, input: { path: \"${steps.list.fils}\" } }\n"),
       "w.yaml:6:43: error: '${steps.list.fils}': troupe.v1.ListFilesReply has no field 'fils'; "
       "did you mean 'files'?"},
      {"self reference",
       with_steps("  a: { agent: files.read, input: { path: \"${steps.a.path}\" } }\n"),
       "w.yaml:5:43: error: step 'a' refers to itself; a step can use the replies of other steps "
       "only"},
      {"needs itself", with_steps("  a: { agent: files.list, needs: [a] }\n"),
       "w.yaml:5:35: error: step 'a' needs itself; remove it from its needs"},
      {"unknown need", with_steps("  a: { agent: files.list, needs: [zzz] }\n"),
       "w.yaml:5:35: error: unknown step 'zzz'; known are: a"},
      {"cycle",
       with_steps("  a: { agent: files.list, needs: [c] }\n  b: { agent: files.list, needs: [a] }\n"
                  "  c: { agent: files.list, needs: [b] }\n"),
       "w.yaml:5:3: error: steps need each other in a circle: a -> c -> b -> a; remove one of "
       "these needs or references"},
      {"duplicate step", with_steps("  a: { agent: files.list }\n  a: { agent: files.list }\n"),
       "w.yaml:6:3: error: 'steps.a' is there twice, first in line 5; remove or rename one"},
      {"duplicate key", with_steps("  a: { agent: files.list, agent: files.read }\n"),
       "w.yaml:5:27: error: 'steps.a.agent' is there twice, first in line 5; remove or rename one"},
      {"unknown key", with_steps("  a: { agnet: files.list, agent: files.list }\n"),
       "w.yaml:5:8: error: unknown key 'agnet' in 'steps.a'; did you mean 'agent'?"},
      {"unknown key at the top", "name: w\nstep: {}\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:2:1: error: unknown key 'step' in a definition; did you mean 'steps'?"},
      {"bad duration", with_steps("  a: { agent: files.list, timeouts: { start_to_close: 5 } }\n"),
       "w.yaml:5:55: error: bad duration '5': the unit is missing; write a number and a unit, e.g. "
       "200ms, 1.5s, 2m, 1h"},
      {"zero timeout", with_steps("  a: { agent: files.list, timeouts: { start_to_close: 0s } }\n"),
       "w.yaml:5:55: error: start_to_close must be longer than zero; leave it out for none"},
      {"retry",
       with_steps(
           "  a: { agent: files.list, retry: { initial_interval: 9s, maximum_interval: 1s } }\n"),
       "w.yaml:5:76: error: maximum_interval 1s is below initial_interval 9s; make it at least as "
       "long"},
      {"wrong shape", with_steps("  a: [files.list]\n"),
       "w.yaml:5:3: error: step 'a' has no agent; add 'agent: TYPE/KEY'\n"
       "w.yaml:5:6: error: 'steps.a' must be a mapping (key: value), not a list"},
      {"parallelism", with_steps("  a: { agent: files.list, parallelism: -3 }\n"),
       "w.yaml:5:40: error: 'steps.a.parallelism' must be a whole number from 0 to 1000000, not "
       "-3"},
      {"for_each over one message",
       with_steps(list_step + "  a: { agent: files.read, for_each: \"${steps.list}\" }\n"),
       "w.yaml:6:38: error: for_each '${steps.list}' is troupe.v1.ListFilesReply, not a list; name "
       "a repeated field of step "
       "'list' or a step that fans out"},
      {"for_each over an input",
       with_steps("  a: { agent: files.read, for_each: \"${inputs.folder}\" }\n"),
       "w.yaml:5:38: error: for_each '${inputs.folder}' is no list; write one reference to a list "
       "of a step's reply "
       "(${steps.ID.field}) or to a step that fans out itself (${steps.ID})"},
      {"item outside",
       with_steps("  a: { agent: files.read, input: { path: \"${item.path}\" } }\n"),
       "w.yaml:5:43: error: '${item.path}' has a meaning only in the input of a step with "
       "for_each"},
      {"malformed reference",
       with_steps("  a: { agent: files.list, input: { folder: \"${folder}\" } }\n"),
       "w.yaml:5:45: error: unknown reference '${folder}'; write ${inputs.NAME}, ${steps.ID}, "
       "${steps.ID.field}, ${item}, "
       "${item.field}, ${index} or ${run}"},
      {"unclosed reference",
       with_steps("  a: { agent: files.list, input: { folder: \"x${inputs.folder\" } }\n"),
       "w.yaml:5:46: error: reference without its closing '}'; for the characters themselves write "
       "$${"},
      {"input default",
       "name: w\ninputs: { n: { type: integer, default: x } }\nsteps: { a: { agent: files.list } "
       "}\n",
       "w.yaml:2:40: error: the default of input 'n' is not of its type, integer"},
      {"input type", "name: w\ninputs: { n: { type: int } }\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:2:22: error: unknown input type 'int'; known are: string, integer, number, boolean"},
      {"big number",
       with_steps("  a: { agent: files.read, input: { max_size_bytes: 99999999999999999 } }\n"),
       "w.yaml:5:52: error: '99999999999999999' is beyond 2^53, where numbers are not exact any "
       "more; write it in quotes or "
       "make it smaller"},
      {"nothing", "", "w.yaml:1:1: error: the file is empty; a definition needs name and steps"},
      {"no mapping", "[a]",
       "w.yaml:1:1: error: a definition is a mapping with name and steps, this is a list"},
      {"no steps", "name: w\n",
       "w.yaml:1:1: error: the definition has no steps; add at least one under 'steps:'"},
      {"no name", "steps: { a: { agent: files.list } }\n",
       "w.yaml:1:1: error: the definition has no name; add 'name: NAME'"},
      {"syntax", "name: w\nsteps: {a: [}\n",
       "w.yaml:2:13: error: not valid YAML: illegal flow end"},
      {"alias", "name: w\nsteps: &s { a: { agent: files.list } }\n",
       "w.yaml:2:8: error: YAML anchors are not allowed in a definition; remove the '&...'"},
      {"two documents", "name: w\nsteps: { a: { agent: files.list } }\n---\nname: v\n",
       "w.yaml:4:1: error: a second YAML document; a file holds one definition"},
  };
  for (const auto& each : cases)
    BOOST_TEST_CONTEXT(each.what) {
      BOOST_TEST(mistakes_of(each.yaml) == each.expected);
    }
}

BOOST_AUTO_TEST_CASE(all_mistakes_are_reported_in_order_of_place) {
  const std::string found = mistakes_of("name: w\n"
                                        "bogus: 1\n"
                                        "steps:\n"
                                        "  a: { agent: files.lst }\n"
                                        "  b: { agent: files.read, input: { path: \"${steps.c}\", "
                                        "nam: x }, retry: { initial_interval: soon } }\n"
                                        "  d: { agent: files.read, needs: [e] }\n"
                                        "  e: { agent: files.read, needs: [d] }\n");
  std::vector<std::string> lines;
  std::istringstream text{found};
  for (std::string line; std::getline(text, line);)
    lines.push_back(line.substr(0, line.find(": error")));
  const std::vector<std::string> expected{"w.yaml:2:1",  "w.yaml:4:15", "w.yaml:5:43",
                                          "w.yaml:5:56", "w.yaml:5:93", "w.yaml:6:3"};
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(hostile_files_are_refused) {
  std::string deep = "name: w\nsteps: ";
  for (int i = 0; i < 200; ++i)
    deep += "[";
  BOOST_TEST(mistakes_of(deep).find("nested deeper than 32") != std::string::npos);
  BOOST_TEST(mistakes_of(std::string(2 << 20, 'x')).find("bytes, a definition may have 1048576") !=
             std::string::npos);
  std::string wide = "name: w\nsteps: { a: { agent: files.list, input: { patterns: [";
  for (int i = 0; i < 150'000; ++i)
    wide += "a,";
  BOOST_TEST(mistakes_of(wide + "] } } }").find("more than 100000 values") != std::string::npos);
  std::string many = "name: w\nsteps:\n";
  for (int i = 0; i < 1'001; ++i)
    many += "  s" + std::to_string(i) + ": { agent: files.list }\n";
  BOOST_TEST(mistakes_of(many) ==
             "w.yaml:2:1: error: 1001 steps, a definition may have 1000; split it");
  const std::string bomb = "a: &a [x,x]\nb: &b [*a,*a]\nname: w\n";
  BOOST_TEST(mistakes_of(bomb).find("anchors are not allowed") != std::string::npos);
  BOOST_TEST(mistakes_of(std::string{"name: w\0", 8}).find("NUL byte") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(escapes_enums_and_lists_reach_the_expression) {
  const auto made = load(with_steps("  a: { agent: pii.redact, input: { text: \"$${x} "
                                    "${inputs.folder}\", style: mask, labels: [A, "
                                    "\"${inputs.folder}\"] } }\n"));
  machine state;
  must(state.apply({1, at(0), run_started{"r", made, {{"folder", "F"}}}}));
  const auto request = state.request({"a", 0});
  BOOST_REQUIRE(request);
  const auto& built = dynamic_cast<const v1::RedactRequest&>(**request);
  BOOST_TEST(built.text() == "${x} F");
  BOOST_TEST(built.style() == v1::REDACTION_STYLE_MASK);
  BOOST_TEST(built.labels_size() == 2);
  BOOST_TEST(built.labels(1) == "F");
}

BOOST_AUTO_TEST_CASE(nested_fan_out_is_refused) {
  const std::string found = mistakes_of(
      with_steps(list_step + "  x: { agent: ner.extract, for_each: \"${steps.list.files}\", input: "
                             "{ text: \"${item.name}\" } }\n"
                             "  y: { agent: ner.extract, for_each: \"${steps.x.spans}\", input: { "
                             "text: \"${item.label}\" } }\n"));
  BOOST_TEST(found.find("fan-outs do not nest") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
