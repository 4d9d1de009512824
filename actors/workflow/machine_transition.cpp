#include "actors/workflow/machine_transition.hpp"

#include "actors/workflow/errors.hpp"

#include <fmt/format.h>

namespace troupe::workflow {

std::string machine::transition::describe(const attempt_id& attempt) {
  return fmt::format("attempt {} of {}[{}]{}, token {}", attempt.attempt, attempt.instance.step,
                     attempt.instance.index, attempt.instance.compensation ? "'s compensation" : "",
                     attempt.token);
}

// --- finding places ------------------------------------------------------------------------------

machine::transition::slot machine::transition::find(const instance_id& name) const {
  const std::size_t position = state.position_of(name);
  if (position == nowhere) return {};
  step_state& of = state.steps_[position];
  auto& instances = name.compensation ? of.compensations : of.instances;
  if (name.index >= instances.size()) return {};
  return {position, name.index, &instances[name.index]};
}

result<machine::transition::slot>
machine::transition::find_running(const attempt_id& attempt) const {
  if (!state.is_current(attempt)) return mismatch(describe(attempt) + " is not in flight");
  return find(attempt.instance);
}

// --- events --------------------------------------------------------------------------------------

result<void> machine::transition::operator()(const run_started& happened) {
  if (state.version_ != 0) return mismatch("the run has started before");
  state.run_id_ = happened.run_id;
  state.workflow_ = happened.workflow;
  for (const input_declaration& declared : happened.workflow->inputs) {
    const auto given = happened.inputs.find(declared.name);
    if (given == happened.inputs.end())
      return mismatch(fmt::format("input '{}' is missing", declared.name));
    state.inputs_.push_back(given->second);
  }
  state.priority_ = happened.priority;
  state.parent_ = happened.parent;
  state.deadline_ = happened.deadline;
  state.tenant_ = happened.tenant;
  state.tags_ = happened.tags;
  state.status_ = v1::RUN_STATUS_RUNNING;
  state.started_ = now;
  link_steps();
  for (std::size_t at = 0; at < state.steps_.size(); ++at)
    unblock(at);
  want_end();
  return {};
}

result<void> machine::transition::operator()(const step_scheduled& happened) {
  const slot at = find(happened.attempt.instance);
  if (!at.instance || at.instance->status != instance_status::wanted ||
      at.instance->attempts != happened.attempt.attempt ||
      at.instance->token != happened.attempt.token || !state.at_work(happened.attempt.instance) ||
      state.cancelling() || state.definition_of(happened.attempt.instance).kind != step_kind::agent)
    return mismatch(describe(happened.attempt) + " is not wanted");
  at.instance->status = instance_status::running;
  if (!at.instance->first_scheduled) at.instance->first_scheduled = now;
  return {};
}

result<void> machine::transition::operator()(const step_completed& happened) {
  const auto at = find_running(happened.attempt);
  if (!at) return tl::unexpected(at.error());
  const auto* type = state.definition_of(happened.attempt.instance).reply;
  if (!happened.reply || happened.reply->GetDescriptor() != type)
    return mismatch(
        fmt::format("the reply to {} is no {}", describe(happened.attempt), type->full_name()));
  if (happened.attempt.instance.compensation)
    end_compensation(*at, instance_status::completed);
  else if (definition_of(at->step).kind == step_kind::child) {
    --state.open_children_;
    end_child(*at, happened.reply);
  } else
    complete(*at, happened.reply);
  return {};
}

/// Of an instance in flight or waiting.
void machine::transition::complete(const slot& at, message_ptr reply) {
  at.instance->status = instance_status::completed;
  at.instance->reply = std::move(reply);
  at.instance->last_failure.reset();
  at.instance->details.reset();
  at.instance->beside = {};
  --state.steps_[at.step].active;
  if (definition_of(at.step).compensate) state.undo_.emplace_back(at.step, at.index);
  close_instance(at);
}

/// Of an instance that the run goes on without: it is completed, skipped, or failed and that is put up with.
void machine::transition::close_instance(const slot& at) {
  at.instance->closed = now;
  --state.steps_[at.step].instances_left;
  tell_dependents(at.step, at.index);
  settle(at.step);
  pump(at.step);
  want_end();
}

result<void> machine::transition::operator()(const step_failed& happened) {
  const auto at = find_running(happened.attempt);
  if (!at) return tl::unexpected(at.error());
  instance_state& instance = *at->instance;
  if (happened.other_goes_on != instance.has_two_in_flight())
    return mismatch(describe(happened.attempt) + " is not the only one, or is");
  instance.last_failure = happened.why;
  if (happened.other_goes_on) {
    if (happened.details) instance.details = happened.details;
    take_back(instance, happened.attempt);
    return {};
  }
  instance.beside = {};
  ++instance.failures;
  if (happened.details) instance.details = happened.details;
  if (happened.attempt.instance.compensation) {
    fail_compensation(*at, happened.attempt.instance, happened.why, happened.retry_time);
    return {};
  }
  if (definition_of(at->step).kind == step_kind::child) {
    --state.open_children_;
    if (state.compensating()) {
      end_child(*at, nullptr);
      return {};
    }
  }
  --state.steps_[at->step].active;
  if (state.cancelling()) {
    instance.status = instance_status::failed;
    instance.closed = now;
    want_end();
    return {};
  }
  instance.retry_time = happened.retry_time;
  if (happened.retry_time) {
    instance.status = instance_status::backing_off;
    if (!state.failure_)
      wanted.emplace_back(start_retry_timer{happened.attempt.instance, instance.attempts + 1,
                                            *happened.retry_time});
    pump(at->step);
    return {};
  }
  fail_for_good(*at, happened.attempt, happened.why);
  return {};
}

result<void> machine::transition::operator()(const step_timed_out& happened) {
  if (!state.awaits_attempt(happened.instance))
    return mismatch(fmt::format("{}[{}] does not wait for an attempt", happened.instance.step,
                                happened.instance.index));
  const slot at = find(happened.instance);
  instance_state& instance = *at.instance;
  if (happened.instance.compensation) {
    fail_compensation(at, happened.instance, happened.why, std::nullopt);
    return {};
  }
  state.steps_[at.step].queue.remove(at.index);
  stop_awaiting(at);
  instance.retry_time.reset();
  if (instance.status == instance_status::waiting && definition_of(at.step).default_reply) {
    complete(at, definition_of(at.step).default_reply);
    return {};
  }
  if (instance.status == instance_status::waiting) --state.steps_[at.step].active;
  instance.last_failure = happened.why;
  fail_for_good(at, {happened.instance, instance.attempts, instance.token}, happened.why);
  return {};
}

/// Ends the run with the first failure of this kind, unless the step says otherwise.
void machine::transition::fail_for_good(const slot& at, const attempt_id& last,
                                        const failure& why) {
  const step& from = definition_of(at.step);
  at.instance->status = instance_status::failed;
  at.instance->closed = now;
  if (from.on_failure == failure_action::reply) {
    // Its failure is kept beside it.
    at.instance->status = instance_status::completed;
    at.instance->reply = from.failure_reply;
  }
  if (from.on_failure != failure_action::fail) return close_instance(at);
  if (state.failure_) return;
  state.failure_ = run_failure{why, last};
  want_end();
}

result<void> machine::transition::operator()(const run_cancelled& happened) {
  if (!happened.forced && state.compensating() && (state.must_compensate() || state.failure_))
    return mismatch("what the run has done is not undone");
  state.cancel_reason_ = happened.reason;
  state.status_ = v1::RUN_STATUS_CANCELLED;
  state.closed_ = now;
  return {};
}

/// As the failure of a step would, but of no step.
result<void> machine::transition::operator()(const run_timed_out& happened) {
  if (state.deadline_ == duration{0}) return mismatch("the run has no deadline");
  if (state.failure_ || state.turning_back())
    return mismatch("the run is to fail or to be cancelled already");
  state.failure_ = run_failure{happened.why, std::nullopt};
  want_end();
  return {};
}

result<void> machine::transition::operator()(const step_retry_due& happened) {
  const slot at = find(happened.instance);
  if (!at.instance || at.instance->status != instance_status::backing_off ||
      at.instance->attempts + 1 != happened.attempt || !state.at_work(happened.instance) ||
      state.cancelling())
    return mismatch(fmt::format("{}[{}] does not wait for attempt {}", happened.instance.step,
                                happened.instance.index, happened.attempt));
  at.instance->retry_time.reset();
  if (happened.instance.compensation) {
    compensate_next();
    return {};
  }
  make_ready(at.step, at.index);
  pump(at.step);
  return {};
}

result<void> machine::transition::operator()(const step_decided& happened) {
  const slot at = find(happened.instance);
  const auto name = [&] {
    return fmt::format("{}[{}]", happened.instance.step, happened.instance.index);
  };
  if (!at.instance || at.instance->status != instance_status::undecided ||
      !state.at_work(happened.instance) || happened.instance.compensation || state.cancelling())
    return mismatch(name() + " is not to be decided");
  const bool missing = state.missing_reply(at.step, at.index) != nullptr;
  if (missing && !happened.skipped) return mismatch(name() + " reads a reply that there is not");
  if (!happened.skipped) {
    make_ready(at.step, at.index);
    pump(at.step);
    return {};
  }
  at.instance->status = instance_status::skipped;
  close_instance(at);
  return {};
}

result<void> machine::transition::operator()(const run_completed&) {
  if (state.turning_back()) return mismatch("the run is to fail or to be cancelled");
  if (state.steps_left_ != 0)
    return mismatch(fmt::format("{} steps are not done", state.steps_left_));
  state.status_ = v1::RUN_STATUS_COMPLETED;
  state.closed_ = now;
  return {};
}

result<void> machine::transition::operator()(const run_failed& happened) {
  if (!state.failure_) return mismatch("no step failed for good");
  if (state.must_compensate()) return mismatch("what the run has done is not undone");
  state.failure_ = happened.why;
  state.status_ = v1::RUN_STATUS_FAILED;
  state.closed_ = now;
  return {};
}

// --- what follows from them ----------------------------------------------------------------------

/// Counts what every step needs, and makes the one instance of those that do not fan out.
void machine::transition::link_steps() {
  const auto& steps = state.workflow_->steps;
  state.steps_.resize(steps.size());
  state.dependents_.resize(steps.size());
  state.fan_outs_.resize(steps.size());
  state.steps_left_ = steps.size();
  for (std::size_t at = 0; at < steps.size(); ++at) {
    for (const dependency& need : steps[at].needs) {
      state.dependents_[need.step].push_back({at, need.same_index});
      ++state.steps_[at].needs_left;
      if (!need.same_index) ++state.steps_[at].whole_needs_left;
    }
    if (steps[at].each)
      state.fan_outs_[steps[at].each->root].push_back(at);
    else
      expand(at, 1);
  }
}

void machine::transition::expand(std::size_t at, std::size_t count) {
  step_state& grown = state.steps_[at];
  instance_state fresh;
  for (const dependency& need : definition_of(at).needs)
    fresh.needs_left += need.same_index ? 1 : 0;
  grown.instances.assign(count, fresh);
  grown.instances_left = count;
  grown.expanded = true;
}

/// Makes ready what no longer waits for anything.
void machine::transition::unblock(std::size_t at) {
  step_state& checked = state.steps_[at];
  if (!checked.expanded || checked.whole_needs_left != 0) return;
  for (std::uint32_t i = 0; i < checked.instances.size(); ++i)
    if (checked.instances[i].status == instance_status::blocked &&
        checked.instances[i].needs_left == 0)
      decide_or_queue(at, i);
  pump(at);
  settle(at);
}

void machine::transition::decide_or_queue(std::size_t at, std::uint32_t index) {
  if (state.cancelling()) return;
  if (!definition_of(at).when && !state.missing_reply(at, index)) return make_ready(at, index);
  state.steps_[at].instances[index].status = instance_status::undecided;
  wanted.emplace_back(decide_instance{name_of(at, index)});
}

void machine::transition::make_ready(std::size_t at, std::uint32_t index) {
  state.steps_[at].instances[index].status = instance_status::ready;
  state.steps_[at].queue.push_back(index);
}

void machine::transition::pump(std::size_t at) {
  if (state.failure_ || state.cancelling()) return;
  step_state& pumped = state.steps_[at];
  const std::size_t bound = definition_of(at).parallelism;
  while (!pumped.queue.empty() && (bound == 0 || pumped.active < bound)) {
    const std::uint32_t index = pumped.queue.front();
    pumped.queue.pop_front();
    want(at, index);
  }
}

void machine::transition::want(std::size_t at, std::uint32_t index) {
  const step& wanting = definition_of(at);
  instance_state& chosen = state.steps_[at].instances[index];
  chosen.status = instance_status::wanted;
  if (wanting.kind == step_kind::timer || wanting.kind == step_kind::signal) {
    ++state.steps_[at].active;
    wanted.emplace_back(start_waiting{name_of(at, index), wanting.kind == step_kind::timer
                                                              ? std::optional{wanting.wait}
                                                              : std::nullopt});
    return;
  }
  chosen.token = ++state.last_token_;
  ++chosen.attempts;
  ++state.steps_[at].active;
  attempt_id attempt{name_of(at, index), chosen.attempts, chosen.token};
  if (wanting.kind == step_kind::child)
    wanted.emplace_back(start_child{std::move(attempt)});
  else
    wanted.emplace_back(schedule_attempt{std::move(attempt)});
}

/// Instances of the same index in the same fan-out need not wait for the others.
void machine::transition::tell_dependents(std::size_t at, std::uint32_t index) {
  for (const dependency& user : state.dependents_[at]) {
    if (!user.same_index) continue;
    step_state& waiting = state.steps_[user.step];
    instance_state& instance = waiting.instances[index];
    if (--instance.needs_left != 0 || waiting.whole_needs_left != 0) continue;
    decide_or_queue(user.step, index);
    pump(user.step);
  }
}

/// Notes that a step is done, once, and goes on to those that need all of it. A step over an empty
/// list is done when everything it needs is.
void machine::transition::settle(std::size_t at) {
  step_state& checked = state.steps_[at];
  if (checked.done || !checked.expanded || checked.instances_left != 0 || checked.needs_left != 0)
    return;
  checked.done = true;
  --state.steps_left_;
  for (const dependency& user : state.dependents_[at]) {
    step_state& waiting = state.steps_[user.step];
    --waiting.needs_left;
    if (!user.same_index) --waiting.whole_needs_left;
  }
  for (const std::size_t user : state.fan_outs_[at]) {
    // Of a list that will never come there are no elements.
    const message_ptr& list = checked.instances[0].reply;
    expand(user, list ? element_count(*definition_of(user).each, *list) : 0);
  }
  // Only now: the steps of one fan-out must all have their instances before any of them goes on.
  for (const dependency& user : state.dependents_[at])
    user.same_index ? settle(user.step) : unblock(user.step);
}

void machine::transition::want_end() {
  if (state.cancelling()) return want_cancelled();
  if (state.compensating() && state.must_compensate()) return;
  if (state.failure_ && state.must_compensate())
    wanted.emplace_back(start_compensating{state.failure_->where, state.failure_->why, {}});
  else if (state.failure_)
    wanted.emplace_back(fail_run{state.failure_->where, state.failure_->why});
  else if (state.compensating())
    wanted.emplace_back(cancel_run{state.cancel_reason_});
  else if (state.steps_left_ == 0)
    wanted.emplace_back(complete_run{});
}

} // namespace troupe::workflow
