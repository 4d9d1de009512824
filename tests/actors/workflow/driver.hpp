#pragma once

#include "tests/actors/workflow/support.hpp"

#include "actors/workflow/run_id.hpp"

#include <algorithm>

namespace troupe::test {

/// Drives one machine by hand: records what it wants at once, keeps its history and its waits.
struct driver {
  machine state;
  time_point now = at(0);
  std::vector<event> history;
  std::vector<start_retry_timer> waits;
  std::vector<start_wait_timer> timers;
  /// Runs that were started; who ends one is the test.
  std::map<instance_id, std::string> children;
  std::uint64_t signals = 0;

  driver() = default;
  driver(definition_ptr workflow, input_values inputs) {
    record(run_started{"r", std::move(workflow), std::move(inputs)});
  }

  void record(decltype(event::what) what) {
    if (std::holds_alternative<run_recovered>(what))
      waits.clear(), timers.clear(); // they are wanted again
    if (std::holds_alternative<run_compensating>(what) ||
        std::holds_alternative<run_cancelling>(what))
      waits.clear(), timers.clear();
    history.push_back({state.version() + 1, now, std::move(what)});
    for (const command& each : must(state.apply(history.back())))
      carry_out(each);
  }
  void carry_out(const command& wanted) {
    if (const auto* attempt = std::get_if<schedule_attempt>(&wanted))
      record(step_scheduled{attempt->attempt});
    if (const auto* wait = std::get_if<start_retry_timer>(&wanted)) waits.push_back(*wait);
    if (const auto* begin = std::get_if<start_waiting>(&wanted))
      record(step_waiting{begin->instance,
                          begin->wait ? std::optional{now + *begin->wait} : std::nullopt});
    if (const auto* timer = std::get_if<start_wait_timer>(&wanted)) timers.push_back(*timer);
    if (const auto* open = std::get_if<decide_instance>(&wanted))
      record(state.decide(open->instance));
    if (std::holds_alternative<complete_run>(wanted)) record(run_completed{});
    if (const auto* turning = std::get_if<start_compensating>(&wanted))
      record(run_compensating{
          turning->why ? std::optional{run_failure{*turning->why, turning->attempt}} : std::nullopt,
          turning->cancel_reason});
    if (const auto* child = std::get_if<start_child>(&wanted)) {
      const std::string id = child_run_id("r", child->attempt.instance.step,
                                          child->attempt.instance.index, child->attempt.attempt);
      record(child_started{child->attempt, id});
      children[child->attempt.instance] = id;
    }
    if (const auto* undone = std::get_if<cancel_run>(&wanted))
      record(run_cancelled{undone->reason});
    if (const auto* failing = std::get_if<fail_run>(&wanted))
      record(run_failed{{failing->why, failing->attempt}});
  }

  [[nodiscard]] attempt_id current(const instance_id& instance) const {
    for (const attempt_id& each : state.in_flight())
      if (each.instance == instance) return each;
    throw std::runtime_error{instance.step + " is not in flight"};
  }
  /// Completes an attempt with a given reply, or with what `answer` says to its request.
  void complete(const instance_id& instance, message_ptr reply = nullptr) {
    if (!reply && state.child_of(instance) != "")
      reply = std::make_shared<v1::RunSummary>();
    else if (!reply)
      reply = answer(**state.request(instance));
    record(step_completed{current(instance), std::move(reply)});
  }
  /// Completes this attempt, where two of its instance may be in flight.
  void complete_attempt(const attempt_id& attempt, message_ptr reply = nullptr) {
    record(step_completed{attempt,
                          reply ? std::move(reply) : answer(**state.request(attempt.instance))});
  }
  void fail_attempt(const attempt_id& attempt, failure why) {
    record(state.judge(attempt, std::move(why), now));
  }
  /// Begins a second attempt. @returns it.
  attempt_id speculate(const attempt_id& first) {
    const step_speculated begun =
        state.second_of(first, std::chrono::seconds{3}, std::chrono::seconds{2});
    record(begun);
    return begun.attempt;
  }
  void fail(const instance_id& instance, failure why) {
    record(state.judge(current(instance), std::move(why), now));
  }
  void fire(std::size_t wait) {
    const start_retry_timer due = waits[wait];
    waits.erase(waits.begin() + static_cast<std::ptrdiff_t>(wait));
    now = std::max(now, due.due);
    // The instance's time may have been over meanwhile.
    if (state.awaits_retry(due.instance, due.attempt))
      record(step_retry_due{due.instance, due.attempt});
  }
  void fire_timer(std::size_t timer) {
    const start_wait_timer due = timers[timer];
    timers.erase(timers.begin() + static_cast<std::ptrdiff_t>(timer));
    now = std::max(now, due.due);
    if (state.awaits_timer(due.instance)) record(timer_fired{due.instance});
  }
  /// Sends a signal with an empty payload.
  void send(const std::string& name) {
    const auto* type = state.signal_type(name);
    message_ptr payload{
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New()};
    while (state.has_signal(std::to_string(signals)))
      ++signals;
    record(signal_received{name, std::to_string(signals), std::move(payload)});
  }
  /// The signal that some instance awaits; empty where none does.
  [[nodiscard]] std::string awaited() const {
    const auto& steps = state.workflow()->steps;
    for (std::size_t at = 0; at < steps.size(); ++at)
      for (const instance_state& each : state.state_of(at).instances)
        if (steps[at].kind == step_kind::signal && each.status == instance_status::waiting)
          return steps[at].signal;
    return {};
  }
  /// Lets everything succeed until the run is closed.
  void complete_all() {
    while (!state.closed()) {
      if (const auto flying = state.in_flight(); !flying.empty())
        complete(flying.front().instance);
      else if (!waits.empty())
        fire(0);
      else if (!timers.empty())
        fire_timer(0);
      else
        send(awaited());
    }
  }
};

} // namespace troupe::test
