#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "actors/workflow/engine.hpp"
#include "tests/actors/workflow/engine_harness.hpp"

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workflow_engine)

namespace {

constexpr auto long_enough = 30s;

/// The main job's agents as actors.
template <class Request, class Reply>
agent_type actor(const std::string& name) {
  return typed_agent<Request, Reply>(
      name, "test", [](const Request& request, const call_context&) -> reply<Reply> {
        return static_cast<const Reply&>(*answer(request));
      });
}

std::unique_ptr<agent_system> start_agents() {
  auto system = must(agent_system::start());
  must(system->add(actor<v1::ListFilesRequest, v1::ListFilesReply>("files.list")));
  must(system->add(actor<v1::ReadFileRequest, v1::ReadFileReply>("files.read")));
  must(system->add(actor<v1::WriteFileRequest, v1::WriteFileReply>("files.write")));
  must(system->add(actor<v1::NerRequest, v1::NerReply>("ner.extract")));
  must(system->add(actor<v1::RedactRequest, v1::RedactReply>("pii.redact")));
  must(system->add(actor<v1::WriteReportRequest, v1::WriteReportReply>("report.write")));
  return system;
}

struct threaded_fixture {
  temporary_folder folder;
  [[nodiscard]] std::unique_ptr<store> open() const {
    return must(open_sqlite_store(folder.path() / "s.db"));
  }
};

/// Keeps attempts unanswered.
struct holder {
  std::mutex mutex;
  std::vector<responder> held;
  [[nodiscard]] attempt_starter starter() {
    return [this](const attempt_request&, responder then) {
      const std::lock_guard lock{mutex};
      held.push_back(std::move(then));
    };
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(runs_the_main_job_on_actors, threaded_fixture) {
  const auto agents = start_agents();
  const auto engine = must(engine::start(*agents, open()));
  std::atomic<int> events{0};
  std::atomic<bool> in_order{true};
  engine->subscribe([&](const std::string&, const v1::Event& each) {
    if (each.sequence() != static_cast<std::uint64_t>(++events)) in_order = false;
  });
  const std::string run = must(engine->submit(load(main_job), main_inputs));
  const auto summary = must(engine->wait(run, long_enough));
  BOOST_TEST(summary.status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(summary.run_id() == run);
  BOOST_TEST(in_order.load());
  BOOST_TEST(must(engine->history(run)).size() == static_cast<std::size_t>(events.load()));
  BOOST_TEST(must(engine->list()).size() == 1u);
  BOOST_TEST(must(engine->wait(run, 0ms)).status() == v1::RUN_STATUS_COMPLETED); // closed: at once
}

BOOST_FIXTURE_TEST_CASE(many_runs_from_many_threads, threaded_fixture) {
  const auto agents = start_agents();
  const auto engine = must(engine::start(*agents, open()));
  const auto workflow = load(main_job);
  std::vector<std::future<bool>> done;
  done.reserve(16);
  for (int i = 0; i < 16; ++i)
    done.push_back(std::async(std::launch::async, [&, i] {
      const auto run = engine->submit(workflow, main_inputs, {"run-" + std::to_string(i)});
      const auto summary = run ? engine->wait(*run, long_enough) : tl::unexpected(run.error());
      return summary && summary->status() == v1::RUN_STATUS_COMPLETED;
    }));
  for (auto& each : done)
    BOOST_TEST(each.get());
  BOOST_TEST(must(engine->list()).size() == 16u);
}

BOOST_FIXTURE_TEST_CASE(waits_end_in_time, threaded_fixture) {
  holder held;
  const known_agents agents;
  const auto engine = must(engine::start(agents, held.starter(), open()));
  const std::string run = must(engine->submit(load(main_job), main_inputs));
  BOOST_TEST((engine->wait(run, 1ms).error().code == workflow_errc::timed_out));
  BOOST_TEST((engine->wait("nobody", 1s).error().code == workflow_errc::run_unknown));
  auto waiting = std::async(std::launch::async, [&] { return engine->wait(run, long_enough); });
  engine->stop();
  BOOST_TEST((waiting.get().error().code == workflow_errc::engine_stopped));
  BOOST_TEST(
      (engine->submit(load(main_job), main_inputs).error().code == workflow_errc::engine_stopped));
  for (const responder& late : held.held)
    late(answer(v1::ListFilesRequest{})); // nobody is there any more
}

BOOST_FIXTURE_TEST_CASE(a_stopped_run_goes_on_in_the_next_engine, threaded_fixture) {
  std::string run;
  {
    holder held;
    const known_agents agents;
    const auto engine = must(engine::start(agents, held.starter(), open()));
    run = must(engine->submit(load(main_job), main_inputs));
  }
  const auto agents = start_agents();
  const auto engine = must(engine::start(*agents, open()));
  const auto found = must(engine->recover());
  BOOST_REQUIRE(found.runs.size() == 1u);
  BOOST_TEST(found.runs[0] == run);
  BOOST_TEST(must(engine->wait(run, long_enough)).status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(must(engine->summary(run)).steps(0).attempts() == 2u);
}

BOOST_FIXTURE_TEST_CASE(retries_happen_by_real_time_too, threaded_fixture) {
  const known_agents agents;
  std::atomic<int> calls{0};
  const auto engine = must(engine::start(
      agents,
      [&](const attempt_request& asked, const responder& then) {
        if (++calls < 3)
          then(tl::unexpected(failure{"x.busy", "", true}));
        else
          then(answer(*asked.payload));
      },
      open()));
  const std::string run = must(engine->submit(
      load("name: w\nsteps: { a: { agent: files.list, retry: { initial_interval: 10ms } } }\n"),
      {}));
  BOOST_TEST(must(engine->wait(run, long_enough)).steps(0).attempts() == 3u);
}

BOOST_FIXTURE_TEST_CASE(a_run_is_cancelled_from_another_thread_and_another_engine,
                        threaded_fixture) {
  holder held;
  const known_agents agents;
  const auto engine = must(engine::start(agents, held.starter(), open()));
  const std::string here = must(engine->submit(load(main_job), main_inputs));
  BOOST_TEST((must(engine->cancel(here, cancel_options{"enough", {}})) == cancellation::done));
  BOOST_TEST(must(engine->wait(here, 0ms)).status() == v1::RUN_STATUS_CANCELLED);
  const std::string there = must(engine->submit(load(main_job), main_inputs));
  const auto other = must(engine::start(agents, held.starter(), open()));
  BOOST_TEST((must(other->cancel(there, cancel_options{"enough", {}})) == cancellation::requested));
  BOOST_TEST(must(engine->wait(there, long_enough)).cancel_reason() == "enough");
  BOOST_TEST((other->cancel(there).error().code == workflow_errc::run_cancelled));
}

BOOST_FIXTURE_TEST_CASE(an_agent_that_gives_no_sign_of_life_fails_its_step, threaded_fixture) {
  std::mutex mutex;
  std::vector<typed_responder<v1::ListFilesReply>> kept; // never answered
  const auto agents = must(agent_system::start());
  must(agents->add(typed_agent<v1::ListFilesRequest, v1::ListFilesReply>(
      "files.list", "keeps what it is asked",
      [&](const std::shared_ptr<const v1::ListFilesRequest>&,
          const std::shared_ptr<const call_context>& context,
          typed_responder<v1::ListFilesReply> respond) {
        context->heartbeat(); // once is not enough
        const std::lock_guard lock{mutex};
        kept.push_back(std::move(respond));
      })));
  const auto engine = must(engine::start(*agents, open()));
  const std::string run = must(engine->submit(
      load("name: w\nsteps: { a: { agent: files.list, retry: { maximum_attempts: 1 }, timeouts: { "
           "heartbeat: 50ms } } }\n"),
      {}));
  const auto ended = must(engine->wait(run, long_enough));
  BOOST_TEST(ended.failure().type() == "workflow.timeout");
  BOOST_TEST(ended.failure().message().find("heartbeat") != std::string::npos);
  {
    const std::lock_guard lock{mutex};
    kept.clear();
  }
  agents->stop();
}

BOOST_FIXTURE_TEST_CASE(the_slower_of_two_attempts_hears_that_it_has_lost, threaded_fixture) {
  std::promise<bool> heard;
  std::thread slow;
  std::atomic<int> calls{0};
  const auto agents = must(agent_system::start());
  must(agents->add(typed_agent<v1::ListFilesRequest, v1::ListFilesReply>(
      "files.list", "is slow the first time",
      [&](const std::shared_ptr<const v1::ListFilesRequest>& request,
          const std::shared_ptr<const call_context>& context,
          typed_responder<v1::ListFilesReply> respond) {
        if (++calls > 1) return respond(static_cast<const v1::ListFilesReply&>(*answer(*request)));
        slow = std::thread{[&heard, context, respond = std::move(respond)] {
          while (!context->abandoned())
            std::this_thread::yield();
          heard.set_value(true);
          respond(v1::ListFilesReply{}); // too late
        }};
      })));
  const auto engine = must(engine::start(*agents, open()));
  const std::string run = must(engine->submit(
      load("name: w\nsteps:\n  a: { agent: files.list, speculate: { after: 20ms } }\n"
           "  b: { agent: files.list, needs: [a] }\n"),
      {}));
  const auto ended = must(engine->wait(run, long_enough));
  BOOST_TEST(ended.status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(ended.steps(0).second_attempts() == 1u);
  BOOST_TEST(heard.get_future().get());
  slow.join();
  engine->stop();
  int completed = 0;
  for (const v1::Event& each : must(must(engine::start(*agents, open()))->history(run)))
    completed += each.has_step_completed() && each.step_completed().attempt().step() == "a" ? 1 : 0;
  BOOST_TEST(completed == 1);
  agents->stop();
}

BOOST_FIXTURE_TEST_CASE(an_agent_gives_its_place_up_and_goes_on_where_it_was, threaded_fixture) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::promise<void> at_work;
  std::atomic<bool> went_on{false};
  const auto agents = must(agent_system::start());
  must(agents->add(typed_agent<v1::ListFilesRequest, v1::ListFilesReply>(
      "files.list", "works until something more urgent comes",
      [&](const std::shared_ptr<const v1::ListFilesRequest>& request,
          const std::shared_ptr<const call_context>& context,
          typed_responder<v1::ListFilesReply> respond) {
        if (const auto before = context->last_heartbeat()) {
          went_on = dynamic_cast<const v1::ListFilesReply&>(*before).files_size() == 7;
          return respond(static_cast<const v1::ListFilesReply&>(*answer(*request)));
        }
        const std::lock_guard lock{mutex};
        threads.emplace_back([&at_work, context, respond = std::move(respond)] {
          at_work.set_value();
          while (!context->preempted() && !context->cancelled())
            std::this_thread::yield();
          (void)context->heartbeat(listing(7));
          respond.fail({"x.yielded", "something more urgent", true});
        });
      })));
  must(agents->add(actor<v1::ReadFileRequest, v1::ReadFileReply>("files.read")));
  engine_options options;
  options.max_attempts_in_flight = 1;
  const auto engine = must(engine::start(*agents, open(), options));
  must(engine->submit(lone_step(", preemptible: true, retry: { maximum_attempts: 1 }"), {},
                      {"low", -10}));
  at_work.get_future().get();
  must(engine->submit(load("name: w\nsteps: { a: { agent: files.read } }\n"), {}, {"high", 10}));
  BOOST_TEST(must(engine->wait("high", long_enough)).status() == v1::RUN_STATUS_COMPLETED);
  const auto low = must(engine->wait("low", long_enough));
  BOOST_TEST(low.status() == v1::RUN_STATUS_COMPLETED);
  BOOST_TEST(low.steps(0).preemptions() == 1u);
  BOOST_TEST(went_on.load());
  engine->stop();
  for (std::thread& each : threads)
    each.join();
  agents->stop();
}

BOOST_FIXTURE_TEST_CASE(start_and_stop_many_times, threaded_fixture) {
  const known_agents agents;
  for (int i = 0; i < 50; ++i) {
    const auto engine = must(engine::start(
        agents, [](const attempt_request&, const responder&) {}, open()));
    if (i % 2 == 0) engine->stop();
  }
}

BOOST_AUTO_TEST_SUITE_END()
