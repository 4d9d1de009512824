#include "actors/scheduling/cluster_reader.hpp"
#include "actors/scheduling/trace_reader.hpp"
#include "tests/actors/scheduling/support.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

namespace troupe::scheduling::test {
namespace {

/// A trace from the tasks, files and execution entries that stand in its three lists.
std::string trace_text(std::string_view tasks, std::string_view files, std::string_view ran) {
  return fmt::format(R"({{"name":"t","workflow":{{"specification":{{"tasks":[{}],"files":[{}]}},)"
                     R"("execution":{{"tasks":[{}]}}}}}})",
                     tasks, files, ran);
}

constexpr const char* two_tasks =
    R"({"id":"a","name":"x.a_ID1","children":["b"],"outputFiles":["f","g","h"]},
       {"id":"b","name":"b","parents":["a"],"inputFiles":["f","g"]})";
constexpr const char* files = R"({"id":"f","sizeInBytes":10},{"id":"g","sizeInBytes":7.0},
                                 {"id":"h","sizeInBytes":100})";
constexpr const char* ran =
    R"({"id":"a","runtimeInSeconds":2.5,"memoryInBytes":64,"command":{"program":"sort","arguments":["x"]}},
       {"id":"b","runtimeInSeconds":0,"memoryInBytes":0,"command":{"program":null}})";

constexpr const char* good_cluster =
    R"({"name":"c","seed":3,"accel":{"probability":0.5,"min":2.0,"max":15.0},"default_memory_bytes":512,
        "nodes":[{"name":"n0","cpu_slots":2,"cpu_speed":1.5,"gpu_slots":1,"gpu_speed":1,"memory_bytes":1024,
                  "bandwidth_bytes_per_s":125000000.0}]})";

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  return text.replace(text.find(what), what.size(), with);
}

BOOST_AUTO_TEST_SUITE(scheduling_readers)

BOOST_AUTO_TEST_CASE(a_trace_becomes_a_graph) {
  const trace read = must(parse_trace(trace_text(two_tasks, files, ran), "t.json"));
  BOOST_TEST(read.warnings.empty());
  BOOST_TEST(read.graph.size() == 2);
  const task &a = read.graph.tasks()[0], &b = read.graph.tasks()[1];
  BOOST_TEST(a.program == "sort");
  BOOST_TEST(a.run_seconds == 2.5);
  BOOST_TEST(a.memory_bytes.value() == 64);
  BOOST_TEST(b.program == "b");
  BOOST_TEST(b.run_seconds == 0.001);
  BOOST_TEST(!b.memory_bytes.has_value());
  BOOST_TEST(read.graph.edge_count() == 1);
  BOOST_TEST(read.graph.predecessors(1)[0].bytes == 17);
}

BOOST_AUTO_TEST_CASE(what_is_guessed_is_told) {
  const trace read = must(parse_trace(trace_text(two_tasks, "", ""), "t.json"));
  BOOST_TEST(read.warnings ==
                 (std::vector<std::string>{
                     "t.json: 2 tasks have no run time; 0.001 s is taken",
                     "t.json: 2 files between tasks are not in workflow.specification.files; 0 "
                     "bytes are taken"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_bad_trace_is_refused_with_the_place) {
  const std::string good = trace_text(two_tasks, files, ran);
  struct {
    std::string text;
    const char* says;
  } const rows[] = {
      {"", "t.json:1:1: "},
      {"{\n  \"a\": tru", "t.json:2:11: "},
      {"[]", "t.json: workflow is missing; it must be an object"},
      {"{}", "t.json: workflow is missing"},
      {R"({"workflow":{}})", "workflow.execution.tasks is missing; it must be a list"},
      {R"({"a":1,"a":2})", "the key \"a\" stands twice in one object"},
      {std::string(100'000, '['), "nested deeper than 32"},
      {trace_text("", "", ""), "there are no tasks"},
      {trace_text(R"({"name":"x"})", "", ""),
       "workflow.specification.tasks[0].id is missing; it must be a text"},
      {trace_text(R"({"id":"a"})", "", ""), "tasks[0].name is missing"},
      {trace_text(R"({"id":"a","name":7})", "", ""), "tasks[0].name is 7; it must be a text"},
      {trace_text(R"({"id":"a","name":"a"},{"id":"a","name":"a"})", "", ""),
       "tasks[1] has the id 'a' of workflow.specification.tasks[0]; give each task its own"},
      {trace_text(R"({"id":"a","name":"a","parents":["z"]})", "", ""),
       "tasks[0].parents[0] of task 'a' names 'z', which is no task of the trace"},
      {trace_text(R"({"id":"a","name":"a","children":"z"})", "", ""),
       "tasks[0].children is \"z\"; it must be a list"},
      {trace_text(R"({"id":"a","name":"a","children":["a"]})", "", ""),
       "task 'a' waits for itself"},
      {trace_text(R"({"id":"a","name":"a","parents":["b"]},{"id":"b","name":"b","parents":["a"]})",
                  "", ""),
       "in a cycle: "},
      {replaced(good, "2.5", "-2.5"), "execution.tasks[0].runtimeInSeconds is -2.5"},
      {replaced(good, "2.5", "1e300"), "execution.tasks[0].runtimeInSeconds is 1e+300"},
      {replaced(good, "2.5", "1e999"), "t.json:"},
      {replaced(good, "2.5", "NaN"), "t.json:"},
      {replaced(good, "2.5", "true"), "runtimeInSeconds is true; it must be a number"},
      {replaced(good, "64", "-64"), "memoryInBytes is -64; it must be a whole number from 0 to"},
      {replaced(good, "64", "6.5"), "memoryInBytes is 6.5; it must be a whole number"},
      {replaced(good, "64", "18446744073709551615"), "memoryInBytes is 18446744073709551615"},
      {replaced(good, ":10}", ":-1}"), "files[0].sizeInBytes is -1"},
      {replaced(good, R"("id":"b","runtimeInSeconds")", R"("id":"a","runtimeInSeconds")"),
       "execution.tasks[1] is a second entry of task 'a'; keep one"},
      {replaced(good, R"("id":"g","sizeInBytes":7.0)", R"("id":"f","sizeInBytes":7)"),
       "files[1] gives file 'f' a second size; keep one"},
      {replaced(good, R"("id":"a","name")", "\"id\":\"\xFF\",\"name\""), "t.json:1:"},
  };
  for (const auto& [text, says] : rows)
    BOOST_TEST_CONTEXT(says << " <- " << text.substr(0, 300)) {
      const auto read = parse_trace(text, "t.json");
      BOOST_REQUIRE(!read);
      BOOST_TEST(read.error().context.find(says) != std::string::npos, read.error().context);
      BOOST_TEST(read.error().context.starts_with("t.json:"), read.error().context);
    }
}

BOOST_AUTO_TEST_CASE(a_cluster_is_read) {
  const cluster read = must(parse_cluster(good_cluster, "c.json"));
  BOOST_TEST(read.description().name == "c");
  BOOST_TEST(read.slot_count() == 3);
  BOOST_TEST(read.pools().size() == 2);
  BOOST_TEST(read.pools()[1].first_slot == 2);
  BOOST_TEST((read.pools()[1].kind == slot_kind::gpu));
  BOOST_TEST(read.index_in_pool(1) == 1);
}

BOOST_AUTO_TEST_CASE(a_bad_cluster_is_refused_with_the_place) {
  const std::string good = good_cluster;
  const std::string node =
      good.substr(good.find("{\"name\":\"n0\""), good.rfind(']') - good.find("{\"name\":\"n0\""));
  struct {
    std::string text;
    const char* says;
  } const rows[] = {
      {"", "c.json:1:1: "},
      {"{}", "name is missing; it must be a text"},
      {replaced(good, "\"seed\":3", "\"seed\":-3"), "seed is -3; it must be a whole number"},
      {replaced(good, "\"seed\":3", "\"sed\":3"), "seed is missing"},
      {replaced(good, "0.5", "1.5"), "the probability of an acceleration is 1.5"},
      {replaced(good, "\"min\":2.0", "\"min\":20.0"), "accelerations range from 20 to 15"},
      {replaced(good, "\"min\":2.0", "\"min\":0"), "accelerations range from 0 to 15"},
      {replaced(good, "\"cpu_speed\":1.5", "\"cpu_speed\":0"),
       "node 'n0': the speed of its CPU slots is 0"},
      {replaced(good, "\"cpu_speed\":1.5,", ""), "nodes[0].cpu_speed is missing"},
      {replaced(good, "\"gpu_speed\":1", "\"gpu_speed\":1e30"),
       "node 'n0': the speed of its GPU slots is 1e+30"},
      {replaced(good, "\"cpu_slots\":2", "\"cpu_slots\":-2"), "nodes[0].cpu_slots is -2"},
      {replaced(good, "\"cpu_slots\":2", "\"cpu_slots\":4294967298"),
       "nodes[0].cpu_slots is 4294967298"},
      {replaced(good, "125000000.0", "0"), "node 'n0': its bandwidth is 0 bytes/s"},
      {replaced(good, "125000000.0", "\"fast\""), "bandwidth_bytes_per_s is \"fast\""},
      {replaced(good, "1024", "-1"), "nodes[0].memory_bytes is -1"},
      {replaced(replaced(good, "\"cpu_slots\":2", "\"cpu_slots\":0"), "\"gpu_slots\":1",
                "\"gpu_slots\":0"),
       "no node has a slot"},
      {replaced(good, node, ""), "no node has a slot"},
      {replaced(good, node, node + "," + node), "two nodes are named 'n0'"},
      {replaced(good, "[" + node + "]", "{}"), "nodes is object; it must be a list"},
  };
  for (const auto& [text, says] : rows)
    BOOST_TEST_CONTEXT(says << " <- " << text) {
      const auto read = parse_cluster(text, "c.json");
      BOOST_REQUIRE(!read);
      BOOST_TEST(read.error().context.find(says) != std::string::npos, read.error().context);
      BOOST_TEST(read.error().context.starts_with("c.json:"), read.error().context);
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_is_named) {
  for (const char* path : {"/nowhere/t.json", "/"}) {
    const auto read = load_trace(path);
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().message().starts_with("cannot read the file: " + std::string{path}));
    BOOST_TEST(!load_cluster(path).has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::scheduling::test
