#include "actors/workflow/memory_store.hpp"

#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "actors/workflow/engine.hpp"
#include "actors/workflow/errors.hpp"
#include "tests/actors/workflow/support.hpp"

#include <atomic>
#include <future>
#include <thread>

namespace troupe::workflow {
namespace {

using namespace troupe::test;
using namespace std::chrono_literals;

append_batch batch(const std::string& run, std::uint64_t version, std::vector<std::string> events,
                   int status = v1::RUN_STATUS_RUNNING) {
  append_batch made;
  made.entry.run_id = run;
  made.entry.workflow = "w";
  made.entry.status = status;
  made.entry.started = at(1);
  if (status != v1::RUN_STATUS_RUNNING) made.entry.closed = at(2);
  made.expected_version = version;
  made.events = std::move(events);
  return made;
}

result<void> append(store& into, append_batch what) {
  return into.append({&what, 1});
}

agent_type lists() {
  return typed_agent<v1::ListFilesRequest, v1::ListFilesReply>(
      "files.list", "test",
      [](const v1::ListFilesRequest&, const call_context&) -> reply<v1::ListFilesReply> {
        return v1::ListFilesReply{};
      });
}

/// An engine without a thread, and its agents.
struct light_engine {
  std::unique_ptr<agent_system> agents = must(agent_system::start());
  std::unique_ptr<engine> runs;
  definition_ptr chain = load("name: w\nsteps:\n  a: { agent: files.list }\n"
                              "  b: { agent: files.list, needs: [a] }\n");
  light_engine() {
    must(agents->add(lists()));
    runs = must(engine::start(*agents, make_memory_store()));
  }
};

BOOST_AUTO_TEST_SUITE(memory_store)

BOOST_AUTO_TEST_CASE(keeps_histories) {
  const auto kept = make_memory_store();
  must(append(*kept, batch("r", 0, {"1", "2"})));
  must(append(*kept, batch("r", 2, {"3"})));
  BOOST_TEST(must(kept->read("r")) == (std::vector<std::string>{"1", "2", "3"}),
             boost::test_tools::per_element());
  BOOST_TEST(must(kept->find("r")).version == 3u);
  BOOST_TEST(must(kept->claim("r", at(3))) == 1u);
  BOOST_TEST((kept->read("other").error().code == workflow_errc::run_unknown));
}

BOOST_AUTO_TEST_CASE(refuses_what_does_not_fit_and_takes_nothing_of_it) {
  const auto kept = make_memory_store();
  must(append(*kept, batch("r", 0, {"1"})));
  const std::vector<append_batch> two{batch("s", 0, {"1"}), batch("r", 7, {"8"})};
  BOOST_TEST((kept->append(two).error().code == workflow_errc::version_conflict));
  BOOST_TEST((kept->find("s").error().code == workflow_errc::run_unknown));
  BOOST_TEST((append(*kept, batch("r", 0, {"1"})).error().code == workflow_errc::run_exists));
  BOOST_TEST((append(*kept, batch("s", 1, {"2"})).error().code == workflow_errc::run_unknown));
  auto late = batch("r", 1, {"2"});
  late.epoch = 2;
  BOOST_TEST((append(*kept, late).error().code == workflow_errc::ownership_lost));
}

BOOST_AUTO_TEST_CASE(forgets_the_run_that_was_closed_first) {
  const auto kept = make_memory_store({.most_closed_runs = 2});
  for (const char* run : {"a", "b", "open", "c"})
    must(append(*kept, batch(run, 0, {"1"},
                             run == std::string{"open"} ? v1::RUN_STATUS_RUNNING
                                                        : v1::RUN_STATUS_COMPLETED)));
  std::string found;
  for (const auto& each : must(kept->list({})))
    found += each.run_id + " ";
  BOOST_TEST(found == "c open b ");
  run_filter open;
  open.statuses = {v1::RUN_STATUS_RUNNING};
  BOOST_TEST(must(kept->list(open)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(wishes_and_signals_of_open_runs) {
  const auto kept = make_memory_store();
  must(append(*kept, batch("r", 0, {"1"})));
  must(kept->request_cancel({"r", "first"}, at(1)));
  must(kept->request_cancel({"r", "second"}, at(1)));
  BOOST_TEST(must(kept->cancel_requests()).at(0).reason == "first");
  must(kept->request_signal({"id", "r", "go", ""}, at(1)));
  must(kept->request_signal({"id", "r", "again", ""}, at(1)));
  BOOST_TEST(must(kept->signal_requests()).size() == 1u);
  must(append(*kept, batch("r", 1, {"2"}, v1::RUN_STATUS_FAILED)));
  BOOST_TEST(must(kept->signal_requests()).empty());
  BOOST_TEST(must(kept->cancel_requests()).empty());
  BOOST_TEST((kept->request_cancel({"r", ""}, at(1)).error().code == workflow_errc::run_closed));
  BOOST_TEST((kept->request_signal({"x", "r", "go", ""}, at(1)).error().code ==
              workflow_errc::run_closed));
}

BOOST_AUTO_TEST_CASE(a_run_tells_its_end_without_anybody_waiting) {
  const light_engine here;
  std::promise<result<v1::RunSummary>> told;
  here.runs->run(here.chain, {}, {"r"},
                 [&](result<v1::RunSummary> how) { told.set_value(std::move(how)); });
  BOOST_TEST(must(told.get_future().get()).status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(must(here.runs->history("r")).size() == 6u);
  std::promise<result<v1::RunSummary>> refused;
  here.runs->run(here.chain, {{"no", "input"}}, {},
                 [&](result<v1::RunSummary> how) { refused.set_value(std::move(how)); });
  BOOST_TEST((refused.get_future().get().error().code == workflow_errc::bad_input));
}

BOOST_AUTO_TEST_CASE(an_end_is_looked_at_without_its_summary) {
  const light_engine here;
  const auto gives = load("name: w\noutput: \"${steps.a}\"\nsteps:\n  a: { agent: files.list }\n");
  const auto ended = [&](const definition_ptr& workflow, const std::string& run) {
    std::promise<std::vector<std::string>> told;
    here.runs->run(workflow, {}, {run}, [&](const result<run_end>& how) {
      if (!how) return told.set_value({how.error().message()});
      const auto output = how->output();
      told.set_value({how->run_id(), v1::RunStatus_Name(how->status()),
                      output ? (*output)->GetTypeName() : output.error().type,
                      std::to_string(how->summary().steps_size())});
    });
    return told.get_future().get();
  };
  using said = std::vector<std::string>;
  const auto is = boost::test_tools::per_element();
  BOOST_TEST(ended(gives, "one") ==
                 (said{"one", "RUN_STATUS_COMPLETED", "troupe.v1.ListFilesReply", "1"}),
             is);
  BOOST_TEST(ended(here.chain, "two") ==
                 (said{"two", "RUN_STATUS_COMPLETED", "troupe.v1.RunSummary", "2"}),
             is);
  // A run that is there already, and closed: its end is read.
  BOOST_TEST(ended(gives, "one").at(1) == "RUN_STATUS_COMPLETED");
  const auto late = load("name: w\noutput: \"${steps.a}\"\nsteps:\n"
                         "  a: { signal: go, reply_type: troupe.v1.Approval,"
                         " timeouts: { schedule_to_close: 1ms } }\n");
  BOOST_TEST(
      ended(late, "three") == (said{"three", "RUN_STATUS_FAILED", "workflow.no_output", "1"}), is);
}

BOOST_AUTO_TEST_CASE(an_end_may_begin_the_next_run) {
  const light_engine here;
  constexpr int runs = 500;
  std::atomic<int> left{runs};
  std::atomic<int> bad{0};
  std::promise<void> done;
  std::function<void(const result<v1::RunSummary>&)> next = [&](const result<v1::RunSummary>& how) {
    // Boost.Test's own state belongs to the test's thread.
    if (!how || how->status() != v1::RUN_STATUS_COMPLETED) ++bad;
    if (--left == 0) return done.set_value();
    here.runs->run(here.chain, {}, {}, next);
  };
  here.runs->run(here.chain, {}, {}, next);
  BOOST_REQUIRE((done.get_future().wait_for(30s) == std::future_status::ready));
  BOOST_TEST(bad == 0);
}

BOOST_AUTO_TEST_CASE(many_threads_at_once) {
  const light_engine here;
  std::atomic<int> completed{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        const auto run = must(here.runs->submit(here.chain, {}));
        if (must(here.runs->wait(run, 30s)).status() == v1::RUN_STATUS_COMPLETED) ++completed;
      }
    });
  threads.clear();
  BOOST_TEST(completed == 200);
}

BOOST_AUTO_TEST_CASE(timers_fire_and_stopping_ends_what_waits) {
  light_engine here;
  const auto naps = load("name: w\nsteps: { a: { wait: 20ms } }\n");
  const auto sleeps = load("name: w\nsteps: { a: { wait: 1h } }\n");
  const auto run = must(here.runs->submit(naps, {}));
  BOOST_TEST(must(here.runs->wait(run, 30s)).status() == v1::RUN_STATUS_COMPLETED);
  std::promise<result<v1::RunSummary>> told;
  here.runs->run(sleeps, {}, {},
                 [&](result<v1::RunSummary> how) { told.set_value(std::move(how)); });
  here.runs->stop();
  BOOST_TEST((told.get_future().get().error().code == workflow_errc::engine_stopped));
  BOOST_TEST((here.runs->submit(naps, {}).error().code == workflow_errc::engine_stopped));
  std::promise<result<v1::RunSummary>> late;
  here.runs->run(naps, {}, {}, [&](result<v1::RunSummary> how) { late.set_value(std::move(how)); });
  BOOST_TEST((late.get_future().get().error().code == workflow_errc::engine_stopped));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::workflow
