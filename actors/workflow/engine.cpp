#include "actors/workflow/engine.hpp"

#include "actors/scheduling/online/online_policy.hpp"
#include "actors/workflow/engine_driver.hpp"
#include "actors/workflow/errors.hpp"
#include "actors/workflow/live/node_snapshot.hpp"
#include "actors/workflow/run_id.hpp"

#include <fmt/format.h>
#include <future>
#include <utility>

namespace troupe::workflow {

error engine_driver::stopped() {
  return {workflow_errc::engine_stopped, "its runs go on where they are recovered"};
}

result<void> check_options(const engine_options& options) {
  if (options.max_attempts_in_flight == 0)
    return fail(workflow_errc::engine_failed, "max_attempts_in_flight must be at least 1");
  if (options.max_uncommitted == 0)
    return fail(workflow_errc::engine_failed,
                "max_uncommitted must be at least 1, or nothing would ever start");
  if (const auto known = scheduling::find_online_policy(options.policy); !known)
    return tl::unexpected(known.error());
  if (const double share = options.speculation.share; !(share >= 0 && share <= 1))
    return fail(workflow_errc::bad_input,
                fmt::format("the share of second attempts is {}; give one from 0 to 1", share));
  for (const auto& [tenant, weight] : options.tenant_weights)
    if (!(weight >= scheduling::fair_shares::least_weight &&
          weight <= scheduling::fair_shares::most_weight))
      return fail(workflow_errc::bad_input,
                  fmt::format("the weight of tenant '{}' is {}; give one from {} to {}", tenant,
                              weight, scheduling::fair_shares::least_weight,
                              scheduling::fair_shares::most_weight));
  return {};
}

engine::engine(std::unique_ptr<engine_driver> driver) : driver_(std::move(driver)) {}
engine::~engine() = default;

result<std::unique_ptr<engine>> engine::start(const agent_types& agents, attempt_starter starter,
                                              std::unique_ptr<store> history,
                                              engine_options options) {
  if (auto good = check_options(options); !good) return tl::unexpected(good.error());
  return std::unique_ptr<engine>{
      new engine{drive_on_thread({agents, std::move(starter), std::move(history), options})}};
}

result<std::string> engine::submit(definition_ptr workflow, const input_values& inputs,
                                   const submit_options& options) {
  submit_options whole = options;
  if (whole.run_id.empty()) whole.run_id = make_run_id(std::chrono::system_clock::now());
  const std::string run_id = whole.run_id;
  auto promise = std::make_shared<std::promise<result<void>>>();
  auto answer = promise->get_future();
  const bool accepted =
      driver_->post([this, promise, workflow = std::move(workflow), inputs, whole] {
        driver_->core().submit(workflow, inputs, whole, [promise](result<void> done) {
          promise->set_value(std::move(done));
        });
      });
  if (!accepted) return tl::unexpected(engine_driver::stopped());
  if (auto done = answer.get(); !done) return tl::unexpected(std::move(done.error()));
  return run_id;
}

void engine::run(definition_ptr workflow, input_values inputs, const submit_options& options,
                 closed_callback then) {
  run(std::move(workflow), std::move(inputs), options,
      ended_callback{
          [then = std::move(then)](const result<run_end>& how) { then(summary_of(how)); }});
}

void engine::run(definition_ptr workflow, input_values inputs, const submit_options& options,
                 ended_callback then) {
  submit_options named = options;
  if (named.run_id.empty()) named.run_id = make_run_id(std::chrono::system_clock::now());
  // Told by the submission where that is refused, else by the run's end.
  const auto told = std::make_shared<ended_callback>(std::move(then));
  const auto tell = [told](const result<run_end>& how) {
    if (*told) std::exchange(*told, nullptr)(how);
  };
  const bool accepted = driver_->post([this, told, tell, workflow = std::move(workflow),
                                       inputs = std::move(inputs), named = std::move(named)] {
    driver_->core().submit(workflow, inputs, named, [tell](result<void> done) {
      if (!done) tell(tl::unexpected(std::move(done.error())));
    });
    if (*told) (void)driver_->core().when_ended(named.run_id, tell);
  });
  if (!accepted) tell(tl::unexpected(engine_driver::stopped()));
}

result<recovery> engine::recover() {
  return driver_->call<recovery>([](engine_core& core) { return core.recover(); });
}

result<void> engine::resume(const std::string& run_id) {
  return driver_->call<void>([&](engine_core& core) { return core.resume(run_id); });
}

result<cancellation> engine::cancel(const std::string& run_id, const std::string& reason) {
  cancel_options how;
  how.reason = reason;
  return cancel(run_id, how);
}

result<cancellation> engine::cancel(const std::string& run_id, const cancel_options& how) {
  auto promise = std::make_shared<std::promise<result<cancellation>>>();
  auto answer = promise->get_future();
  const bool accepted = driver_->post([this, promise, run_id, how] {
    driver_->core().cancel(
        run_id, how, [promise](result<cancellation> done) { promise->set_value(std::move(done)); });
  });
  if (!accepted) return tl::unexpected(engine_driver::stopped());
  return answer.get();
}

result<signal_outcome> engine::signal(const std::string& run_id, const run_signal& sent) {
  auto promise = std::make_shared<std::promise<result<signal_outcome>>>();
  auto answer = promise->get_future();
  const bool accepted = driver_->post([this, promise, run_id, sent] {
    driver_->core().signal(run_id, sent, [promise](result<signal_outcome> done) {
      promise->set_value(std::move(done));
    });
  });
  if (!accepted) return tl::unexpected(engine_driver::stopped());
  return answer.get();
}

void engine::subscribe(event_callback callback) {
  (void)driver_->post(
      [this, callback = std::move(callback)] { driver_->core().subscribe(callback); });
}

result<v1::RunSummary> engine::wait(const std::string& run_id, std::chrono::milliseconds timeout) {
  auto promise = std::make_shared<std::promise<result<v1::RunSummary>>>();
  auto answer = promise->get_future();
  // Asked first and waited for after, so that a closed run is found however short the wait.
  const auto number = driver_->call<std::uint64_t>([&](engine_core& core) -> result<std::uint64_t> {
    return core.when_closed(run_id, [promise](result<v1::RunSummary> outcome) {
      promise->set_value(std::move(outcome));
    });
  });
  if (!number) return tl::unexpected(number.error());
  if (answer.wait_for(timeout) == std::future_status::ready) return answer.get();
  (void)driver_->post([this, number = *number] { driver_->core().forget(number); });
  return fail(
      workflow_errc::timed_out,
      fmt::format("run '{}' is not closed after {} ms; wait again", run_id, timeout.count()));
}

result<std::vector<run_entry>> engine::list(const run_filter& filter) {
  return driver_->call<std::vector<run_entry>>(
      [&](engine_core& core) { return core.list(filter); });
}

result<v1::RunSummary> engine::summary(const std::string& run_id) {
  return driver_->call<v1::RunSummary>([&](engine_core& core) { return core.summary(run_id); });
}

result<std::vector<v1::Event>> engine::history(const std::string& run_id) {
  return driver_->call<std::vector<v1::Event>>(
      [&](engine_core& core) { return core.history(run_id); });
}

result<query_answer> engine::query(const std::string& run_id, const std::string& path) {
  return driver_->call<query_answer>([&](engine_core& core) { return core.query(run_id, path); });
}

result<std::vector<waiting_reason>> engine::waiting(const std::string& run_id) {
  return driver_->call<std::vector<waiting_reason>>(
      [&](engine_core& core) { return core.waiting(run_id); });
}

result<void> engine::add_node(scheduling::node_description added) {
  return driver_->call<void>([&](engine_core& core) { return core.add_node(std::move(added)); });
}

result<void> engine::set_nodes(std::vector<scheduling::node_description> all) {
  return driver_->call<void>([&](engine_core& core) { return core.set_nodes(std::move(all)); });
}

result<void> engine::set_node_state(const std::string& name, std::uint64_t incarnation,
                                    scheduling::node_state state) {
  return driver_->call<void>(
      [&](engine_core& core) { return core.set_node_state(name, incarnation, state); });
}

result<void> engine::drain_node(const std::string& name) {
  return driver_->call<void>([&](engine_core& core) { return core.drain_node(name); });
}

result<std::size_t> engine::remove_node(const std::string& name, std::uint64_t incarnation) {
  return driver_->call<std::size_t>(
      [&](engine_core& core) { return core.remove_node(name, incarnation); });
}

result<std::vector<node_at_work>> engine::nodes() {
  return driver_->call<std::vector<node_at_work>>(
      [](engine_core& core) -> result<std::vector<node_at_work>> { return core.nodes(); });
}

result<node_snapshot> engine::snapshot() {
  return driver_->call<node_snapshot>([](engine_core& core) -> result<node_snapshot> {
    if (core.failed()) return tl::unexpected(*core.failed());
    return core.snapshot();
  });
}

void engine::stop() {
  driver_->stop();
}

} // namespace troupe::workflow
