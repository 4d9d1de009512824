// A node is started and stopped many times in one process: nothing may be left of it. 200 times by default; TROUPE_CYCLES
// says otherwise.
#include "actors/node.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "actors/workflow/inputs.hpp"
#include "actors/workflow/sqlite_store.hpp"
#include "tests/support/files.hpp"
#include "tests/support/leftovers.hpp"
#include "troupe/v1/ner.pb.h"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <google/protobuf/wrappers.pb.h>

using namespace troupe;
using google::protobuf::StringValue;

namespace {

int cycles() {
  const char* wanted = std::getenv("TROUPE_CYCLES");
  return wanted ? std::atoi(wanted) : test::sanitized ? 20 : 200;
}

agent_type echo_agent() {
  return typed_agent<StringValue, StringValue>(
      "host.echo", "Echoes",
      [](const StringValue& request, const call_context&) -> reply<StringValue> {
        return request;
      });
}

constexpr const char* echo_twice = R"(
name: echo-twice
version: "1"
inputs:
  word: { type: string }
steps:
  first: { agent: host.echo, input: { value: "${inputs.word}" } }
  second: { agent: host.echo, input: { value: "${steps.first.value}" } }
)";

void run_workflow(node& on) {
  const auto definition = workflow::load_definition(echo_twice, "echo.yaml", on.agents());
  BOOST_REQUIRE(definition);
  const auto run = on.workflows().submit(
      *definition,
      workflow::parse_inputs(**definition, std::vector<std::string>{"word=on"}).value());
  BOOST_REQUIRE(run);
  const auto closed = on.workflows().wait(*run, std::chrono::seconds{30});
  BOOST_REQUIRE(closed);
  BOOST_REQUIRE((closed->status() == v1::RUN_STATUS_COMPLETED));
}

} // namespace

BOOST_AUTO_TEST_SUITE(node_cycles)

BOOST_AUTO_TEST_CASE(a_node_with_a_store_leaves_nothing_behind) {
  const test::temporary_folder folder;
  const auto cycle = [&](int number) {
    auto store = workflow::open_sqlite_store(folder.path() / "runs.db");
    BOOST_REQUIRE_MESSAGE(store, (store ? "" : store.error().message()));
    const auto started = node::start({}, std::move(*store));
    BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().message()));
    BOOST_REQUIRE((*started)->agents().add(echo_agent()));
    if (number % 10 == 0) run_workflow(**started);
    if (number % 3 == 0) (*started)->stop(); // else the destructor does
  };
  // What a process keeps for once (pools of threads, caches of descriptors) fills up over some hundred cycles.
  test::leaves_nothing(std::max(20, cycles() / 2), cycles(), 64 << 10, 8 << 20, cycle);
}

BOOST_AUTO_TEST_CASE(a_node_stopped_with_runs_and_requests_in_flight_leaves_nothing_behind) {
  const test::temporary_folder folder;
  const auto cycle = [&](int) {
    const auto started =
        node::start({}, std::move(workflow::open_sqlite_store(folder.path() / "runs.db").value()));
    BOOST_REQUIRE(started);
    auto& agents = (*started)->agents();
    BOOST_REQUIRE(agents.add(echo_agent()));
    const auto definition = workflow::load_definition(echo_twice, "echo.yaml", agents);
    BOOST_REQUIRE(definition);
    const auto inputs =
        workflow::parse_inputs(**definition, std::vector<std::string>{"word=on"}).value();
    std::atomic<int> answered = 0;
    for (int i = 0; i < 5; ++i) {
      BOOST_REQUIRE((*started)->workflows().submit(*definition, inputs));
      agents.request({"host.echo"}, share(StringValue{}), {},
                     [&answered](const auto&) { ++answered; });
    }
    (*started)->stop();
    BOOST_TEST(answered == 5);
  };
  test::leaves_nothing(10, cycles() / 10, 256 << 10, 8 << 20, cycle);
}

BOOST_AUTO_TEST_CASE(a_node_with_a_loaded_model_leaves_nothing_behind) {
  node_options options;
  options.models["pii"] = test::source_folder() / "models" / "pii-rampart";
  options.preload = {"pii"};
  options.engine_threads = 1;
  const auto cycle = [&](int) {
    const auto started = node::start(options, nullptr);
    BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().message()));
    v1::NerRequest request;
    request.set_text("Oscar lives in Dover.");
    BOOST_REQUIRE((*started)->agents().request_and_wait({"ner.extract", "pii"}, share(request)));
  };
  // A model that stayed would be tens of megabytes, each time.
  test::leaves_nothing(3, test::sanitized ? 2 : 20, 256 << 10, 16 << 20, cycle);
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_leaves_nothing_behind) {
  const test::temporary_folder folder;
  node_options options;
  options.models["mine"] = folder.path() / "nothing";
  options.preload = {"mine"};
  const auto cycle = [&](int) {
    BOOST_REQUIRE(!node::start(
        options, std::move(workflow::open_sqlite_store(folder.path() / "runs.db").value())));
  };
  test::leaves_nothing(10, cycles() / 5, 256 << 10, 8 << 20, cycle);
}

BOOST_AUTO_TEST_SUITE_END()
