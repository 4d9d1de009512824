#include "actors/workflow/engine.hpp"

#include "actors/scheduling/online/online_policy.hpp"
#include "actors/workflow/engine_core.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/run_id.hpp"
#include "actors/workflow/task_queue.hpp"

#include <fmt/format.h>
#include <future>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace troupe::workflow {
namespace {

/// Gathering for a commit takes at most this share of the time that the last one took.
constexpr int gathering_share = 8;

error stopped() {
  return {workflow_errc::engine_stopped, "its runs go on where they are recovered"};
}

} // namespace

/// The thread with its queue, and the core that only it touches.
class engine::impl {
public:
  impl(const agent_types& agents, attempt_starter starter, std::unique_ptr<store> history,
       const engine_options& options)
      : history_(make_shareable(std::move(history))),
        core_({*history_, agents, std::move(starter),
               [] { return std::chrono::system_clock::now(); },
               // Answers may come when this engine is gone: the queue lives as long as somebody may
               // post to it.
               [queue = queue_](std::function<void()> task) { (void)queue->post(std::move(task)); },
               options,
               std::make_shared<commit_thread>(*history_,
                                               [queue = queue_] { (void)queue->post([] {}); })}),
        thread_([this] { work(); }) {}

  ~impl() { stop(); }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  void stop() {
    const std::lock_guard once{stopping_};
    queue_->close();
    if (thread_.joinable()) thread_.join();
    history_.reset();
  }

  [[nodiscard]] bool post(std::function<void()> task) { return queue_->post(std::move(task)); }

  /// Runs `ask` on the engine's thread and waits for what it gives.
  template <class T>
  [[nodiscard]] result<T> call(std::function<result<T>(engine_core&)> ask) {
    auto promise = std::make_shared<std::promise<result<T>>>();
    auto answer = promise->get_future();
    if (!post([this, promise, ask = std::move(ask)] { promise->set_value(ask(core_)); }))
      return tl::unexpected(stopped());
    return answer.get();
  }

  [[nodiscard]] engine_core& core() { return core_; }

private:
  void work() {
    pthread_setname_np(pthread_self(), "troupe-engine");
    for (bool open = true; open;) {
      open = queue_->wait_until(core_.next_wake());
      work_off(queue_->take());
      if (!open) break;
      core_.fire_timers();
      core_.commit();
    }
    core_.drain();
    core_.give_up(stopped());
    history_->release_all();
  }

  /// What comes together is committed together, but the disk does not stand still for long while
  /// this thread works.
  void work_off(const std::vector<task_queue::task>& tasks) {
    auto handed = std::chrono::steady_clock::now();
    for (const auto& task : tasks) {
      task();
      const auto now = std::chrono::steady_clock::now();
      if (now - handed < core_.last_commit_took() / gathering_share) continue;
      core_.commit();
      handed = now;
    }
  }

  std::shared_ptr<task_queue> queue_ = std::make_shared<task_queue>();
  std::unique_ptr<store> history_;
  engine_core core_;
  std::mutex stopping_;
  std::thread thread_;
};

engine::engine(std::unique_ptr<impl> self) : self_(std::move(self)) {}
engine::~engine() = default;

result<std::unique_ptr<engine>> engine::start(const agent_types& agents, attempt_starter starter,
                                              std::unique_ptr<store> history,
                                              engine_options options) {
  if (options.max_attempts_in_flight == 0)
    return fail(workflow_errc::engine_failed, "max_attempts_in_flight must be at least 1");
  if (const auto known = scheduling::find_online_policy(options.policy); !known)
    return tl::unexpected(known.error());
  for (const auto& [tenant, weight] : options.tenant_weights)
    if (!(weight >= scheduling::fair_shares::least_weight &&
          weight <= scheduling::fair_shares::most_weight))
      return fail(workflow_errc::bad_input,
                  fmt::format("the weight of tenant '{}' is {}; give one from {} to {}", tenant,
                              weight, scheduling::fair_shares::least_weight,
                              scheduling::fair_shares::most_weight));
  return std::unique_ptr<engine>{
      new engine{std::make_unique<impl>(agents, std::move(starter), std::move(history), options)}};
}

result<std::string> engine::submit(definition_ptr workflow, const input_values& inputs,
                                   const submit_options& options) {
  submit_options whole = options;
  if (whole.run_id.empty()) whole.run_id = make_run_id(std::chrono::system_clock::now());
  const std::string run_id = whole.run_id;
  auto promise = std::make_shared<std::promise<result<void>>>();
  auto answer = promise->get_future();
  const bool accepted = self_->post([this, promise, workflow = std::move(workflow), inputs, whole] {
    self_->core().submit(workflow, inputs, whole,
                         [promise](result<void> done) { promise->set_value(std::move(done)); });
  });
  if (!accepted) return tl::unexpected(stopped());
  if (auto done = answer.get(); !done) return tl::unexpected(std::move(done.error()));
  return run_id;
}

result<recovery> engine::recover() {
  return self_->call<recovery>([](engine_core& core) { return core.recover(); });
}

result<void> engine::resume(const std::string& run_id) {
  return self_->call<void>([&](engine_core& core) { return core.resume(run_id); });
}

result<cancellation> engine::cancel(const std::string& run_id, const std::string& reason) {
  auto promise = std::make_shared<std::promise<result<cancellation>>>();
  auto answer = promise->get_future();
  const bool accepted = self_->post([this, promise, run_id, reason] {
    self_->core().cancel(run_id, reason, [promise](result<cancellation> done) {
      promise->set_value(std::move(done));
    });
  });
  if (!accepted) return tl::unexpected(stopped());
  return answer.get();
}

result<signal_outcome> engine::signal(const std::string& run_id, const run_signal& sent) {
  auto promise = std::make_shared<std::promise<result<signal_outcome>>>();
  auto answer = promise->get_future();
  const bool accepted = self_->post([this, promise, run_id, sent] {
    self_->core().signal(run_id, sent, [promise](result<signal_outcome> done) {
      promise->set_value(std::move(done));
    });
  });
  if (!accepted) return tl::unexpected(stopped());
  return answer.get();
}

void engine::subscribe(event_callback callback) {
  (void)self_->post([this, callback = std::move(callback)] { self_->core().subscribe(callback); });
}

result<v1::RunSummary> engine::wait(const std::string& run_id, std::chrono::milliseconds timeout) {
  auto promise = std::make_shared<std::promise<result<v1::RunSummary>>>();
  auto answer = promise->get_future();
  // Asked first and waited for after, so that a closed run is found however short the wait.
  const auto number = self_->call<std::uint64_t>([&](engine_core& core) -> result<std::uint64_t> {
    return core.when_closed(run_id, [promise](result<v1::RunSummary> outcome) {
      promise->set_value(std::move(outcome));
    });
  });
  if (!number) return tl::unexpected(number.error());
  if (answer.wait_for(timeout) == std::future_status::ready) return answer.get();
  (void)self_->post([this, number = *number] { self_->core().forget(number); });
  return fail(
      workflow_errc::timed_out,
      fmt::format("run '{}' is not closed after {} ms; wait again", run_id, timeout.count()));
}

result<std::vector<run_entry>> engine::list(const run_filter& filter) {
  return self_->call<std::vector<run_entry>>([&](engine_core& core) { return core.list(filter); });
}

result<v1::RunSummary> engine::summary(const std::string& run_id) {
  return self_->call<v1::RunSummary>([&](engine_core& core) { return core.summary(run_id); });
}

result<std::vector<v1::Event>> engine::history(const std::string& run_id) {
  return self_->call<std::vector<v1::Event>>(
      [&](engine_core& core) { return core.history(run_id); });
}

result<std::vector<waiting_reason>> engine::waiting(const std::string& run_id) {
  return self_->call<std::vector<waiting_reason>>(
      [&](engine_core& core) { return core.waiting(run_id); });
}

void engine::stop() {
  self_->stop();
}

} // namespace troupe::workflow
