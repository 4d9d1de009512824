// Values of runs, by their paths.
#include "actors/workflow/errors.hpp"
#include "actors/workflow/query.hpp"
#include "tests/actors/workflow/driver.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_query)

namespace {

std::string value_of(const machine& run, const std::string& path) {
  const auto answer = query(run, path);
  return answer ? answer->json : "error: " + answer.error().message();
}

std::error_code code_of(const machine& run, const std::string& path) {
  const auto answer = query(run, path);
  return answer ? std::error_code{} : answer.error().code;
}

driver half_done() {
  driver run{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  run.complete({"list", 0}, listing(3));
  run.complete({"read", 0});
  return run;
}

} // namespace

BOOST_AUTO_TEST_CASE(values_are_read_by_their_paths) {
  const driver run = half_done();
  const std::pair<std::string, std::string> cases[] = {
      {"status", "\"RUN_STATUS_RUNNING\""},
      {"run.run_id", "\"r\""},
      {"inputs.output", "\"out\""},
      {"steps.list.files.name", R"(["d0","d1","d2"])"},
      {"steps.list.files.size_bytes", "[100,101,102]"},
      {"steps.read[0].name", "\"d0\""},
      {"steps.read[0]", R"({"path":"in/d0","name":"d0","text":"text of in/d0"})"},
      {"steps.read.name", R"(["d0"])"}, // so far
      {"steps.extract", "[]"},
  };
  for (const auto& [path, json] : cases)
    BOOST_TEST(value_of(run.state, path) == json, path << ": " << value_of(run.state, path));
  BOOST_TEST(query(run.state, "steps.list.files")->type == "list of troupe.v1.FileInfo");
  BOOST_TEST(query(run.state, "inputs.output")->type == "string");
}

BOOST_AUTO_TEST_CASE(what_is_not_there_yet_says_where_it_stands) {
  const driver run = half_done();
  const std::pair<std::string, std::string> cases[] = {
      {"steps.read[1].text", "step 'read' [1] has no reply: it is running"},
      {"steps.read[3]", "has 3 instances, the first is 0"},
      {"steps.report.documents", "step 'report' [0] has no reply: it is blocked"},
      {"heartbeats", "is not at work in this process"}};
  for (const auto& [path, words] : cases) {
    BOOST_TEST((code_of(run.state, path) == workflow_errc::no_value), path);
    BOOST_TEST(value_of(run.state, path).find(words) != std::string::npos,
               value_of(run.state, path));
  }
  const driver fresh{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  BOOST_TEST(value_of(fresh.state, "steps.read[0]").find("is not reached yet") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(paths_that_do_not_fit_say_why) {
  const driver run = half_done();
  const std::pair<std::string, std::string> cases[] = {
      {"", "''"},
      {"nothing", "nothing"},
      {"inputs.fodler", "did you mean 'folder'?"},
      {"inputs.folder.x", "x"},
      {"steps.raed", "did you mean 'read'?"},
      {"steps.list.flies", "files"},
      {"steps.list[1]", "has one instance, 0"},
      {"steps.read[x]", "an index is a number in brackets"},
      {"steps.read[0][1]", "an index is a number in brackets"},
      {"steps.read[]", "an index is a number in brackets"},
      {"steps.read[99999999999]", "an index is a number in brackets"},
      {"run[0]", "only steps have an index"},
      {"item", "only within a run"},
      {"${status}", "write the path alone"},
      {"steps.report.nothing", "nothing"}, // before there is a value
      {"progress.nothing", "unknown step"},
      {"heartbeats.nothing", "unknown step"},
      {std::string(2'000, 'x'), "at most 1024 bytes"}};
  for (const auto& [path, words] : cases) {
    BOOST_TEST((code_of(run.state, path) == workflow_errc::bad_query), path);
    BOOST_TEST(value_of(run.state, path).find(words) != std::string::npos,
               path << ": " << value_of(run.state, path));
  }
}

BOOST_AUTO_TEST_CASE(progress_counts_instances) {
  const driver run = half_done();
  BOOST_TEST(value_of(run.state, "progress.read") ==
             R"({"instances":3,"done":false,"completed":1,"running":2})");
  const auto all = value_of(run.state, "progress");
  BOOST_TEST(all.starts_with(R"({"list":{"instances":1,"done":true,"completed":1})"), all);
  const driver fresh{load(main_job), {{"folder", "in"}, {"output", "out"}}};
  BOOST_TEST(value_of(fresh.state, "progress.read") == R"({"instances":null,"done":false})");
}

BOOST_AUTO_TEST_CASE(heartbeats_are_of_those_at_work) {
  const driver run = half_done();
  auto details = std::make_shared<v1::ReadFileRequest>();
  details->set_path("page 7");
  const std::vector<attempt_pulse> pulses{{run.current({"read", 1}), at(5), details}};
  const auto answer = query(run.state, "heartbeats.read", &pulses);
  BOOST_REQUIRE(answer);
  BOOST_TEST(answer->json.find(R"("index":1,"attempt":1)") != std::string::npos, answer->json);
  BOOST_TEST(answer->json.find("page 7") != std::string::npos, answer->json);
  BOOST_TEST(query(run.state, "heartbeats.list", &pulses)->json == "[]");
}

BOOST_AUTO_TEST_CASE(odd_bytes_become_good_json) {
  driver run{
      load("name: w\ninputs: { t: { type: string, default: \"x\" }, n: { type: number, "
           "default: 1.5 }, b: { type: boolean, default: true }, i: { type: integer, "
           "default: 7 } }\nsteps: { a: { agent: files.list } }\n"),
      {{"t", std::string{"\"\\\n\t\xc3\xa9"}}, {"n", 1.5}, {"b", true}, {"i", std::int64_t{7}}}};
  BOOST_TEST(value_of(run.state, "inputs.t") == "\"\\\"\\\\\\n\\t\xc3\xa9\"");
  BOOST_TEST(value_of(run.state, "inputs.n") == "1.5");
  BOOST_TEST(value_of(run.state, "inputs.b") == "true");
  BOOST_TEST(value_of(run.state, "inputs.i") == "7");
}

BOOST_AUTO_TEST_SUITE_END()
