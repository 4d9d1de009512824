#include "actors/workflow/event_codec.hpp"
#include "tests/actors/workflow/definition_texts.hpp"

#include <functional>
#include <google/protobuf/util/message_differencer.h>
#include <sstream>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_definition)

namespace {

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
       "w.yaml:5:3: error: step 'a' has no agent; add 'agent: TYPE/KEY', 'wait: DURATION', "
       "'signal: NAME' or 'workflow: NAME'"},
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
       "w.yaml:5:45: error: '-1' is no value for field 'stride' of type uint32; write one that "
       "fits"},
      {"enumeration", with_steps("  a: { agent: pii.redact, input: { style: masc } }\n"),
       "w.yaml:5:43: error: 'masc' is no value of troupe.v1.RedactionStyle; known are: "
       "REDACTION_STYLE_UNSPECIFIED, "
       "REDACTION_STYLE_MASK, REDACTION_STYLE_PSEUDONYMS"},
      {"scalar for list", with_steps("  a: { agent: files.list, input: { patterns: x } }\n"),
       "w.yaml:5:46: error: 'x' is string, but field troupe.v1.ListFilesRequest.patterns is list "
       "of string; put it in [ ]"},
      {"list for scalar", with_steps("  a: { agent: files.list, input: { folder: [x] } }\n"),
       "w.yaml:5:44: error: a list is given, but field troupe.v1.ListFilesRequest.folder is "
       "string; write one value"},
      {"reference type",
       with_steps(list_step +
                  "  a: { agent: files.read, input: { path: \"${steps.list.files}\" } }\n"),
       "w.yaml:6:43: error: '${steps.list.files}' is list of troupe.v1.FileInfo, but field "
       "troupe.v1.ReadFileRequest.path is string; refer to something of that type"},
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
       "w.yaml:5:43: error: step 'a' refers to itself; refer to another step, or to an input"},
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
       "w.yaml:5:3: error: step 'a' has no agent; add 'agent: TYPE/KEY', 'wait: DURATION', "
       "'signal: NAME' or 'workflow: NAME'\n"
       "w.yaml:5:6: error: 'steps.a' must be a mapping, not a list; write it as KEY: VALUE"},
      {"parallelism", with_steps("  a: { agent: files.list, parallelism: -3 }\n"),
       "w.yaml:5:40: error: 'steps.a.parallelism' must be a whole number from 0 to 1000000, not "
       "-3; write one of these"},
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
       "w.yaml:5:43: error: '${item.path}' has a meaning only in the input or the condition of a "
       "step with for_each; add for_each to the step, or refer to something else"},
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
       "w.yaml:2:40: error: the default of input 'n' is not of its type, integer; change one of "
       "them, or leave the default out"},
      {"input type", "name: w\ninputs: { n: { type: int } }\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:2:22: error: unknown input type 'int'; known are: string, integer, number, boolean"},
      {"big number",
       with_steps("  a: { agent: files.read, input: { max_size_bytes: 99999999999999999 } }\n"),
       "w.yaml:5:52: error: '99999999999999999' is beyond 2^53, where numbers are not exact any "
       "more; write it in quotes or "
       "make it smaller"},
      {"nothing", "", "w.yaml:1:1: error: the file is empty; a definition needs name and steps"},
      {"no mapping", "[a]",
       "w.yaml:1:1: error: a definition is a mapping with name and steps, this is a list; begin it "
       "with "
       "'name: NAME'"},
      {"no steps", "name: w\n",
       "w.yaml:1:1: error: the definition has no steps; add at least one under 'steps:'"},
      {"no name", "steps: { a: { agent: files.list } }\n",
       "w.yaml:1:1: error: the definition has no name; add 'name: NAME'"},
      {"syntax", "name: w\nsteps: {a: [}\n",
       "w.yaml:2:13: error: not valid YAML: illegal flow end; look at brackets, quotes and "
       "indentation here and before"},
      {"alias", "name: w\nsteps: &s { a: { agent: files.list } }\n",
       "w.yaml:2:8: error: YAML anchors are not allowed in a definition; remove the '&...'"},
      {"two documents", "name: w\nsteps: { a: { agent: files.list } }\n---\nname: v\n",
       "w.yaml:4:1: error: a second YAML document, but a file holds one definition; split it"},
      {"alias in use", "name: &n w\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:1:7: error: YAML anchors are not allowed in a definition; remove the '&...'"},
      {"tag", "name: !!str w\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:1:7: error: YAML tag 'tag:yaml.org,2002:str' is not allowed in a definition; remove "
       "it"},
      {"NUL", std::string{"name: w\0", 8},
       "w.yaml:1:1: error: the file holds a NUL byte at offset 7; it is no YAML text; write it "
       "anew"},
      {"bad name", "name: a b\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:1:7: error: bad name 'a b'; use letters, digits, '.', '_' and '-', 128 at most"},
      {"bad version", "name: w\nversion: a b\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:2:10: error: bad version 'a b'; use letters, digits, '.', '_' and '-', 128 at most"},
      {"empty name", "name:\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:1:1: error: the definition has no name; add 'name: NAME'\n"
       "w.yaml:1:1: error: 'name' is empty; write a text, or leave the key out"},
      {"name that is a list", "name: [w]\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:1:1: error: the definition has no name; add 'name: NAME'\n"
       "w.yaml:1:7: error: 'name' must be a text, not a list; put quotes around it"},
      {"bad input name", "name: w\ninputs: { a.b: string }\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:2:11: error: bad name 'a.b' in 'inputs'; use a letter or '_', then letters, digits, "
       "'_' and '-', 64 at most"},
      {"duplicate input",
       "name: w\ninputs:\n  a: string\n  a: integer\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:4:3: error: 'inputs.a' is there twice, first in line 3; remove or rename one"},
      {"bad step id", with_steps("  1a: { agent: files.list }\n"),
       "w.yaml:4:1: error: the definition has no steps; add at least one under 'steps:'\n"
       "w.yaml:5:3: error: bad name '1a' in 'steps'; use a letter or '_', then letters, digits, "
       "'_' "
       "and '-', 64 at most"},
      {"a key that is no text",
       with_steps("  [a]: { agent: files.list }\n  b: { agent: files.list }\n"),
       "w.yaml:5:3: error: a key must be a plain text, this one is a list; write a name"},
      {"request type", with_steps("  a: { agent: two.faced, request_type: troupe.v1.NerRequst }\n"),
       "w.yaml:5:40: error: agent type 'two.faced' takes no 'troupe.v1.NerRequst'; did you mean "
       "'troupe.v1.NerRequest'?"},
      {"needs", with_steps("  a: { agent: files.list, needs: { b: c } }\n"),
       "w.yaml:5:34: error: 'steps.a.needs' must be a list, not a mapping; write it as [a, b]"},
      {"backoff", with_steps("  a: { agent: files.list, retry: { backoff_coefficient: 0.5 } }\n"),
       "w.yaml:5:57: error: backoff_coefficient must be from 1 to 1000, not 0.5; 1 waits the same "
       "each time"},
      {"no number",
       with_steps("  a: { agent: files.list, retry: { backoff_coefficient: fast } }\n"),
       "w.yaml:5:57: error: 'steps.a.retry.backoff_coefficient' must be a number, not 'fast'; "
       "write "
       "e.g. 2 or 1.5"},
      {"long duration", with_steps("  a: { agent: files.list, timeouts: { heartbeat: 9999d } }\n"),
       "w.yaml:5:50: error: bad duration '9999d': it is longer than ten years; write a number and "
       "a "
       "unit, e.g. 200ms, 1.5s, 2m, 1h"},
      {"negative duration",
       with_steps("  a: { agent: files.list, timeouts: { schedule_to_start: -1s } }\n"),
       "w.yaml:5:58: error: bad duration '-1s': it is negative; write a number and a unit, e.g. "
       "200ms, 1.5s, 2m, 1h"},
      {"priority", with_steps("  a: { agent: files.list, priority: 101 }\n"),
       "w.yaml:5:37: error: 'steps.a.priority' must be a whole number from -100 to 100, not 101; "
       "write one of these"},
      {"a fraction", with_steps("  a: { agent: files.list, priority: 1.5 }\n"),
       "w.yaml:5:37: error: 'steps.a.priority' must be a whole number from -100 to 100, not 1.5; "
       "write one of these"},
      {"a boolean", with_steps("  a: { agent: files.list, input: { recursive: yes } }\n"),
       "w.yaml:5:47: error: 'yes' is string, but field troupe.v1.ListFilesRequest.recursive is "
       "bool; "
       "write a value of that type"},
      {"a mapping for a scalar",
       with_steps("  a: { agent: files.list, input: { folder: { a: b } } }\n"),
       "w.yaml:5:44: error: a mapping is given, but field troupe.v1.ListFilesRequest.folder is "
       "string; write a value without keys"},
      {"a mapping for a list",
       with_steps("  a: { agent: report.write, input: { documents: { name: b } } }\n"),
       "w.yaml:5:49: error: a mapping is given, but field troupe.v1.WriteReportRequest.documents "
       "is "
       "list of troupe.v1.ReadFileReply; put it in [ ]"},
      {"no value", with_steps("  a: { agent: files.list, input: { folder: } }\n"),
       "w.yaml:5:44: error: there is no value; write one, or leave the key out"},
      {"a text for a number",
       with_steps("  a: { agent: ner.extract, input: { stride: \"1${inputs.folder}\" } }\n"),
       "w.yaml:5:45: error: a text with references in it is string, but field "
       "troupe.v1.NerRequest.stride is uint32; write one reference alone"},
      {"a field of a scalar",
       with_steps(list_step +
                  "  a: { agent: files.read, for_each: \"${steps.list.files}\", input: { path: "
                  "\"${item.name.x}\" } }\n"),
       "w.yaml:6:76: error: '${item.name.x}': no field 'x' in string, which is no message; end the "
       "reference before it"},
      {"fields of an input",
       with_steps("  a: { agent: files.list, input: { folder: \"${inputs.folder.x}\" } }\n"),
       "w.yaml:5:45: error: reference '${inputs.folder.x}' goes into an input, but inputs have no "
       "fields; write '${inputs.folder}'"},
      {"fields of the index",
       with_steps("  a: { agent: files.list, input: { folder: \"${index.x}\" } }\n"),
       "w.yaml:5:45: error: reference '${index.x}' goes into the index, which is a number; write "
       "'${index}'"},
      {"no step in a reference",
       with_steps("  a: { agent: files.list, input: { folder: \"${steps}\" } }\n"),
       "w.yaml:5:45: error: reference '${steps}' names no step; write ${inputs.NAME}, ${steps.ID}, "
       "${steps.ID.field}, ${item}, ${item.field}, ${index} or ${run}"},
      {"odd characters in a reference",
       with_steps("  a: { agent: files.list, input: { folder: \"${inputs.a b}\" } }\n"),
       "w.yaml:5:45: error: malformed reference '${inputs.a b}'; write ${inputs.NAME}, "
       "${steps.ID}, "
       "${steps.ID.field}, ${item}, ${item.field}, ${index} or ${run}"},
      {"a list of lists", with_steps("  a: { agent: ner.extract, for_each: \"${run.steps}\" }\n"),
       "w.yaml:5:39: error: for_each '${run.steps}' is no list; write one reference to a list of a "
       "step's reply (${steps.ID.field}) or to a step that fans out itself (${steps.ID})"},
      {"lists in lists of replies",
       with_steps(list_step +
                  "  n: { agent: ner.extract, for_each: \"${steps.list.files}\" }\n"
                  "  a: { agent: files.list, input: { patterns: \"${steps.n.spans.label}\" } }\n"),
       "w.yaml:7:47: error: '${steps.n.spans.label}': field 'spans' would give a list of lists, "
       "which no reference can; fan out over the outer list with for_each"},
      {"unknown field of for_each",
       with_steps(list_step + "  a: { agent: files.read, for_each: \"${steps.list.file}\" }\n"),
       "w.yaml:6:38: error: troupe.v1.ListFilesReply has no field 'file'; did you mean 'files'?"},
      {"condition", with_steps("  a: { agent: files.list, when: \"${inputs.folder} > 3\" }\n"),
       "w.yaml:5:51: error: ${inputs.folder} is string, but 3 is integer; compare numbers with "
       "numbers, texts with texts, booleans with booleans, and an enumeration with the name of its "
       "value as a 'text'"},
      {"unknown part of defaults",
       "name: w\ndefaults: { retries: {} }\nsteps: { a: { agent: files.list } }\n",
       "w.yaml:2:13: error: unknown key 'retries' in 'defaults'; known are: retry, timeouts"},
  };
  for (const auto& each : cases)
    BOOST_TEST_CONTEXT(each.what) {
      BOOST_TEST(mistakes_of(each.yaml) == each.expected);
      // Each says what to do.
      std::istringstream lines{each.expected};
      for (std::string line; std::getline(lines, line);)
        BOOST_TEST(line.find("; ") != std::string::npos, line);
    }
}

BOOST_AUTO_TEST_CASE(mistakes_of_definitions_without_a_file_have_their_path_and_remedy) {
  v1::WorkflowDefinition good;
  good.set_name("w");
  good.set_version("1");
  good.add_steps()->set_id("a");
  good.mutable_steps(0)->set_agent("files.list");
  const struct {
    const char* what;
    std::function<void(v1::WorkflowDefinition&)> spoil;
    std::string expected;
  } cases[] = {
      {"no name", [](auto& w) { w.clear_name(); },
       "name: error: the definition has no name; give it one"},
      {"step id", [](auto& w) { w.mutable_steps(0)->set_id("a b"); },
       "steps.a b: error: bad step id 'a b'; use a letter or '_', then letters, digits, '_' and "
       "'-'"},
      {"duplicate step", [](auto& w) { *w.add_steps() = w.steps(0); },
       "steps.a: error: step 'a' is there twice; remove or rename one"},
      {"input name", [](auto& w) { w.add_inputs()->set_name("a b"); },
       "inputs.a b: error: bad input name 'a b'; use a letter or '_', then letters, digits, '_' "
       "and "
       "'-'"},
      {"duplicate input",
       [](auto& w) {
         w.add_inputs()->set_name("x");
         w.add_inputs()->set_name("x");
       },
       "inputs.x: error: input 'x' is declared twice; remove or rename one"},
      {"interval",
       [](auto& w) {
         w.mutable_steps(0)->mutable_retry()->mutable_initial_interval()->set_seconds(-1);
       },
       "steps.a.retry.initial_interval: error: the interval is malformed or out of range; give one "
       "from 0 to ten years"},
      {"priority", [](auto& w) { w.mutable_steps(0)->set_priority(-101); },
       "steps.a.priority: error: priority -101 is out of range; write one from -100 to 100"},
      {"value", [](auto& w) { (*w.mutable_steps(0)->mutable_input()->mutable_fields())["folder"]; },
       "steps.a.input.folder: error: there is no value; write one, or leave the field out"},
  };
  for (const auto& each : cases)
    BOOST_TEST_CONTEXT(each.what) {
      v1::WorkflowDefinition spoilt = good;
      each.spoil(spoilt);
      const known_agents agents;
      const auto made = compile_definition(spoilt, &agents);
      BOOST_REQUIRE(!made);
      BOOST_TEST(to_string(made.error()) == each.expected);
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
  BOOST_TEST(
      mistakes_of("name: w\ndescription: " + std::string(10 << 20, 'x')) ==
      "w.yaml:1:1: error: the file has 10485781 bytes, a definition may have 1048576; split it");
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
