// Values of runs, from the engine that has them and from the store.
#include "tests/actors/workflow/engine_harness.hpp"

using namespace troupe;
using namespace troupe::test;

BOOST_AUTO_TEST_SUITE(workflow_engine_query)

BOOST_FIXTURE_TEST_CASE(a_run_is_read_here_and_from_outside, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  engine.answer_one();
  engine.turn();
  engine_harness other{open()};
  for (const std::string path : {"steps.list.files.name", "progress", "status", "inputs.folder"}) {
    const auto here = must(engine.core->query("r", path));
    const auto outside = must(other.core->query("r", path));
    BOOST_TEST(here.json == outside.json, path);
    BOOST_TEST(here.type == outside.type);
  }
  BOOST_TEST((engine.core->query("nobody", "status").error().code == workflow_errc::run_unknown));
  BOOST_TEST((engine.core->query("r", "nothing").error().code == workflow_errc::bad_query));
}

BOOST_FIXTURE_TEST_CASE(what_attempts_say_is_known_here_alone, engine_fixture) {
  engine_harness engine{open()};
  BOOST_REQUIRE(engine.submit(load(main_job), main_inputs));
  auto details = std::make_shared<v1::ReadFileRequest>();
  details->set_path("half of it");
  BOOST_REQUIRE(engine.attempts.front().request.pulse->beat(details));
  BOOST_TEST(must(engine.core->query("r", "heartbeats")).json.find("half of it") !=
             std::string::npos);
  engine_harness other{open()};
  BOOST_TEST((other.core->query("r", "heartbeats").error().code == workflow_errc::no_value));
  engine.answer_one();
  engine.turn();
  BOOST_TEST(must(engine.core->query("r", "heartbeats.list")).json == "[]");
}

BOOST_AUTO_TEST_SUITE_END()
