// Definitions within definitions: in one document, and in files beside it.
#include "tests/actors/workflow/definition_texts.hpp"
#include "tests/support/files.hpp"

#include <filesystem>
#include <fstream>
#include <google/protobuf/util/message_differencer.h>

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_definition_child)

namespace {

/// A definition with one workflow in it, which has the given parts, and steps from line 8 on.
std::string with_child(const std::string& steps, const std::string& more = "") {
  return "name: w\ninputs: { n: integer }\nworkflows:\n  one:\n"
         "    inputs: { path: string, size: { type: integer, default: 1 } }\n    steps: { a: { "
         "agent: "
         "files.read, input: { path: \"${inputs.path}\" } } }\n    " +
         (more.empty() ? "version: '2'" : more) + "\nsteps:\n" + steps;
}

/// Files by their paths.
definition_files given(std::map<std::string, std::string> texts) {
  return [texts =
              std::move(texts)](const std::string& path) -> tl::expected<std::string, std::string> {
    const auto found = texts.find(path);
    if (found == texts.end()) return tl::unexpected(std::string{"no such file"});
    return found->second;
  };
}

std::string mistakes_with(const std::string& yaml, const definition_files& files) {
  const auto loaded = load_definition(yaml, "jobs/w.yaml", known_agents{}, files);
  return loaded ? "" : to_string(loaded.error());
}

const std::string leaf = "name: leaf\nsteps: { a: { agent: files.list } }\n";

} // namespace

BOOST_AUTO_TEST_CASE(mistakes_of_steps_that_are_runs) {
  const std::string good = "  a: { workflow: one, input: { path: x } }\n";
  const std::pair<std::string, std::string> cases[] = {
      {with_child("  a: { workflow: on, input: { path: x } }\n"),
       "w.yaml:9:18: error: unknown workflow 'on'; did you mean 'one'?"},
      {with_steps("  a: { workflow: one }\n"),
       "unknown workflow 'one'; define it under 'workflows:'"},
      {with_child("  a: { workflow: one }\n"), "input 'path' of workflow 'one' is missing"},
      {with_child("  a: { workflow: one, input: { path: x, szie: 1 } }\n"),
       "w.yaml:9:41: error: workflow 'one' has no input 'szie'; did you mean 'size'?"},
      {with_child("  a: { workflow: one, input: { path: 1 } }\n"),
       "w.yaml:9:38: error: '1' is integer, but the input is string; put it in quotes"},
      {with_child("  a: { workflow: one, input: { path: x, size: 1.5 } }\n"),
       "'1.5' is number, but the input is int64"},
      {with_child("  a: { workflow: one, input: { path: \"${inputs.n}\" } }\n"),
       "'${inputs.n}' is integer, but the input is string"},
      {with_child("  a: { workflow: one, agent: files.list, input: { path: x } }\n"),
       "has several of agent, wait, signal and workflow"},
      {with_child("  a: { workflow: one, input: { path: x }, default: { } }\n"),
       "only a step with 'signal' has a default"},
      {with_child("  a: { workflow: one, input: { path: x }, reply_type: troupe.v1.NerReply }\n"),
       "workflow 'one' gives a troupe.v1.RunSummary; leave reply_type out"},
      {with_child(good, "output: nothing"),
       "w.yaml:7:13: error: the output 'nothing' is no reference"},
      {with_child(good, "output: \"${steps.b}\""), "unknown step 'b'; did you mean 'a'?"},
      {with_child(good, "output: \"${steps.a.text}\""),
       "'${steps.a.text}' is string; an output is one message"},
      {with_child(good, "output: \"${inputs.path}\""), "is no reference to a reply"},
      {with_child(good, "naem: x"), "w.yaml:7:5: error: unknown key 'naem' in 'workflows.one'"},
      {with_child(good, "name: x"), "unknown key 'name' in 'workflows.one'"},
      {with_child("  a: { workflow: { } }\n"), "no file is named; write { file: PATH }"},
      {with_child("  a: { workflow: { file: x.yaml } }\n"),
       "this definition was read from no folder, it can name no file"},
  };
  for (const auto& [yaml, words] : cases)
    BOOST_TEST_CONTEXT(yaml) {
      const std::string found = mistakes_of(yaml);
      BOOST_TEST(found.find(words) != std::string::npos, found);
    }
}

BOOST_AUTO_TEST_CASE(a_mistake_within_has_its_place_once) {
  const std::string found =
      mistakes_of("name: w\nworkflows:\n  one:\n    steps:\n      a: { agent: "
                  "files.lst }\nsteps:\n  a: { workflow: one }\n  b: { "
                  "workflow: one, input: { } }\n");
  BOOST_TEST(found == "w.yaml:5:19: error: unknown agent type 'files.lst'; did you mean "
                      "'files.list'?");
}

BOOST_AUTO_TEST_CASE(one_that_nobody_names_is_checked_too) {
  const std::string found =
      mistakes_of("name: w\nworkflows: { one: { steps: { a: { agent: x } } } }\n"
                  "steps: { a: { agent: files.list } }\n");
  BOOST_TEST(found.find("unknown agent type 'x'") != std::string::npos, found);
}

BOOST_AUTO_TEST_CASE(circles_are_named) {
  const std::string found = mistakes_of("name: w\nworkflows:\n"
                                        "  a: { steps: { x: { workflow: b } } }\n"
                                        "  b: { steps: { x: { workflow: c } } }\n"
                                        "  c: { steps: { x: { workflow: a } } }\n"
                                        "steps: { s: { workflow: a } }\n");
  BOOST_TEST(
      found.find("w.yaml:5:32: error: workflows start each other in a circle: a -> b -> c -> "
                 "a; remove one of these steps") != std::string::npos,
      found);
  const std::string self =
      mistakes_of("name: w\nworkflows: { a: { steps: { x: { workflow: a } } } }\n"
                  "steps: { s: { workflow: a } }\n");
  BOOST_TEST(self.find("in a circle: a -> a") != std::string::npos, self);
}

BOOST_AUTO_TEST_CASE(definitions_nest_eight_deep) {
  const auto chain = [](int levels) {
    std::string made = "name: w\nworkflows:\n  w1: { steps: { a: { agent: files.list } } }\n";
    for (int i = 2; i < levels; ++i)
      made += "  w" + std::to_string(i) + ": { steps: { a: { workflow: w" + std::to_string(i - 1) +
              " } } }\n";
    return made + "steps: { a: { workflow: w" + std::to_string(levels - 1) + " } }\n";
  };
  BOOST_TEST(mistakes_of(chain(8)) == "");
  const std::string found = mistakes_of(chain(9));
  BOOST_TEST(found.find("definitions nest deeper than 8 levels") != std::string::npos, found);
}

BOOST_AUTO_TEST_CASE(what_all_of_them_have_is_bounded) {
  // Each names the two before it: as many as 2^n in the last.
  std::string yaml = "name: w\nworkflows:\n";
  for (int level = 0; level < 7; ++level)
    for (const char side : {'a', 'b', 'c'}) {
      yaml += "  " + std::string{side} + std::to_string(level) + ": { steps: { ";
      if (level == 0)
        yaml += "s: { agent: files.list } } }\n";
      else
        for (const char below : {'a', 'b', 'c'})
          yaml += std::string{below} + ": { workflow: " + below + std::to_string(level - 1) +
                  (below == 'c' ? " } } }\n" : " }, ");
    }
  const std::string found = mistakes_of(yaml + "steps: { s: { workflow: a6 } }\n");
  BOOST_TEST(found.find("definitions within one another, there may be 100; split them") !=
                 std::string::npos,
             found);
}

BOOST_AUTO_TEST_CASE(files_are_named_from_where_they_are_named) {
  const auto files =
      given({{"sub/one.yaml", "name: one\nsteps: { a: { workflow: { file: two.yaml } } }\n"},
             {"sub/two.yaml", "name: two\nsteps: { a: { workflow: { file: ../leaf.yaml } } }\n"},
             {"leaf.yaml", leaf}});
  const auto made = load_definition(
      "name: w\nsteps:\n  a: { workflow: { file: sub/one.yaml } }\n  b: { workflow: { "
      "file: ./sub/../leaf.yaml } }\n",
      "jobs/w.yaml", known_agents{}, files);
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : to_string(made.error())));
  BOOST_TEST((*made)->steps[0].child->steps[0].child->steps[0].child ==
             (*made)->steps[1].child); // read once
  BOOST_TEST((*made)->source.workflows_size() == 2);
}

BOOST_AUTO_TEST_CASE(mistakes_of_files) {
  const auto files =
      given({{"bad.yaml", "name: bad\nsteps: { a: { agent: x } }\n"},
             {"broken.yaml", "name: ["},
             {"leaf.yaml", leaf},
             {"other.yaml", leaf},
             {"me.yaml", "name: me\nsteps: { a: { workflow: { file: me.yaml } } }\n"}});
  const auto naming = [](const std::string& file) {
    return "name: w\nsteps:\n  a: { workflow: { file: " + file + " } }\n";
  };
  const std::pair<std::string, std::string> cases[] = {
      {naming("../x.yaml"), "jobs/w.yaml:3:18: error: '../x.yaml' is not in the folder of the "
                            "definition, nor below it"},
      {naming("/etc/passwd"), "'/etc/passwd' is not in the folder"},
      {naming("a/../../x.yaml"), "is not in the folder"},
      {naming("none.yaml"), "'none.yaml' cannot be read: no such file"},
      {naming("bad.yaml"), "jobs/bad.yaml:2:22: error: unknown agent type 'x'"},
      {naming("broken.yaml"), "jobs/broken.yaml:1:"},
      {naming("me.yaml"),
       "jobs/me.yaml:2:25: error: workflows start each other in a circle: me -> me"},
      {naming("leaf.yaml") + "  b: { workflow: { file: other.yaml } }\n",
       "there are two workflows 'leaf'; rename one"},
  };
  for (const auto& [yaml, words] : cases)
    BOOST_TEST_CONTEXT(yaml) {
      const std::string found = mistakes_with(yaml, files);
      BOOST_TEST(found.find(words) != std::string::npos, found);
    }
}

BOOST_AUTO_TEST_CASE(links_out_of_the_folder_are_not_followed) {
  namespace fs = std::filesystem;
  temporary_folder folder;
  const fs::path inside = folder.path() / "jobs";
  fs::create_directories(inside / "sub");
  std::ofstream{folder.path() / "outside.yaml"} << leaf;
  std::ofstream{inside / "sub" / "leaf.yaml"} << leaf;
  std::ofstream{inside / "large.yaml"} << std::string((1u << 20) + 1, '#');
  fs::create_symlink("../outside.yaml", inside / "link.yaml");
  fs::create_symlink("sub/leaf.yaml", inside / "near.yaml");
  const auto files = files_in(inside.string());
  BOOST_TEST(files("sub/leaf.yaml").value() == leaf);
  BOOST_TEST(files("near.yaml").value() == leaf);
  BOOST_TEST(files("link.yaml").error() ==
             "it is a link to a file outside the folder of the definition");
  BOOST_TEST(files("sub").error() == "it is no regular file");
  BOOST_TEST(files("none.yaml").error() == "No such file or directory");
  BOOST_TEST(files("large.yaml").error() == "it has more than 1048576 bytes; split it");
}

BOOST_AUTO_TEST_CASE(all_of_it_survives_the_wire) {
  const auto made = load("name: w\ndefaults: { retry: { maximum_attempts: 3 } }\nworkflows:\n"
                         "  one: { steps: { a: { workflow: two } } }\n"
                         "  two: { output: \"${steps.a}\", steps: { a: { agent: files.list } } }\n"
                         "steps:\n  a: { workflow: one }\n  b: { workflow: two }\n");
  BOOST_TEST(made->steps[1].reply->full_name() == "troupe.v1.ListFilesReply");
  BOOST_TEST(made->steps[0].child->steps[0].child->steps[0].retry.maximum_attempts == 3u);
  const auto again = compile_definition(made->source, nullptr);
  BOOST_REQUIRE_MESSAGE(again, (again ? "" : to_string(again.error())));
  BOOST_TEST(google::protobuf::util::MessageDifferencer::Equals((*again)->source, made->source));
  // What a child runs is whole.
  const auto child = compile_definition(made->steps[0].child->source, nullptr);
  BOOST_REQUIRE(child);
  BOOST_TEST((*child)->steps[0].child->name == "two");
}

BOOST_AUTO_TEST_CASE(nested_messages_are_bounded) {
  v1::WorkflowDefinition made = load(with_steps("  a: { agent: files.list }\n"))->source;
  for (int i = 0; i < 8; ++i) {
    v1::WorkflowDefinition outer = made;
    outer.set_name("w" + std::to_string(i));
    outer.mutable_steps(0)->Clear();
    outer.mutable_steps(0)->set_id("a");
    outer.mutable_steps(0)->set_workflow(made.name());
    outer.clear_workflows();
    outer.clear_inputs();
    made.clear_inputs();
    *outer.add_workflows() = made;
    made = outer;
  }
  const auto deep = compile_definition(made, nullptr);
  BOOST_REQUIRE(!deep);
  BOOST_TEST(to_string(deep.error()).find("nest deeper than 8 levels") != std::string::npos);
  v1::WorkflowDefinition many = load(with_steps("  a: { agent: files.list }\n"))->source;
  for (int i = 0; i < 101; ++i) {
    v1::WorkflowDefinition& inner = *many.add_workflows();
    inner.set_name("w" + std::to_string(i));
    inner.set_version("1");
    *inner.add_steps() = many.steps(0);
  }
  const auto wide = compile_definition(many, nullptr);
  BOOST_REQUIRE(!wide);
  BOOST_TEST(to_string(wide.error()).find("more than 100 definitions") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
