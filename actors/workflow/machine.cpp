#include "actors/workflow/machine.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/machine_transition.hpp"
#include "actors/workflow/retry.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::workflow {

run_started machine::beginning() const {
  run_started made{run_id_,   workflow_,    {},      priority_, parent_,
                   deadline_, std::nullopt, tenant_, tags_};
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    made.inputs.emplace(workflow_->inputs[i].name, inputs_[i]);
  return made;
}

std::optional<time_point> machine::due() const {
  if (deadline_ == duration{0} || closed() || turning_back()) return std::nullopt;
  return started_ + deadline_;
}

bool machine::closed() const {
  return status_ == v1::RUN_STATUS_COMPLETED || status_ == v1::RUN_STATUS_FAILED ||
         status_ == v1::RUN_STATUS_CANCELLED;
}

result<commands> machine::apply(const event& happened) {
  if (happened.sequence != version_ + 1)
    return fail(workflow_errc::history_mismatch,
                fmt::format("event {} where {} was due", happened.sequence, version_ + 1));
  if (closed())
    return fail(workflow_errc::history_mismatch,
                fmt::format("event {}: the run is closed", happened.sequence));
  if (version_ == 0 && !std::holds_alternative<run_started>(happened.what))
    return fail(workflow_errc::history_mismatch, "event 1: a history begins with run_started");
  transition step{*this, happened.time, {}};
  if (auto done = std::visit(step, happened.what); !done)
    return fail(done.error().code,
                fmt::format("event {}: {}", happened.sequence, done.error().context));
  version_ = happened.sequence;
  // What is decided may want attempts: those that are wanted already, with lower tokens, are recorded before.
  std::stable_partition(step.wanted.begin(), step.wanted.end(), [](const command& each) {
    return !std::holds_alternative<decide_instance>(each);
  });
  return std::move(step.wanted);
}

/// Mostly by its hint: each event of a step looks for it several times.
std::size_t machine::position_of(const instance_id& name) const {
  if (!workflow_) return nowhere;
  if (const auto& steps = workflow_->steps;
      name.position < steps.size() && steps[name.position].id == name.step)
    return name.position;
  const auto found = workflow_->step_index.find(name.step);
  return found == workflow_->step_index.end() ? nowhere : found->second;
}

const instance_state* machine::find(const instance_id& name) const {
  const std::size_t position = position_of(name);
  if (position == nowhere) return nullptr;
  const step_state& of = steps_[position];
  const auto& instances = name.compensation ? of.compensations : of.instances;
  return name.index < instances.size() ? &instances[name.index] : nullptr;
}

const step& machine::definition_of(const instance_id& name) const {
  const step& of = workflow_->steps.at(position_of(name));
  return name.compensation ? *of.compensate : of;
}

bool machine::is_current(const attempt_id& attempt) const {
  const instance_state* instance = find(attempt.instance);
  return instance && instance->status == instance_status::running &&
         instance->has_in_flight(attempt.attempt, attempt.token) && at_work(attempt.instance);
}

bool machine::awaits_retry(const instance_id& name, std::uint32_t attempt) const {
  const instance_state* instance = find(name);
  return instance && instance->status == instance_status::backing_off &&
         instance->attempts + 1 == attempt && at_work(name) && !cancelling();
}

bool machine::awaits_timer(const instance_id& name) const {
  const instance_state* instance = find(name);
  return instance && instance->status == instance_status::waiting && instance->retry_time &&
         at_work(name) && !cancelling();
}

const google::protobuf::Descriptor* machine::signal_type(const std::string& name) const {
  return workflow_ ? troupe::workflow::signal_type(*workflow_, name) : nullptr;
}

bool machine::awaits_attempt(const instance_id& name) const {
  const instance_state* instance = find(name);
  return instance && instance->first_scheduled && at_work(name) && !cancelling() &&
         (instance->status == instance_status::backing_off ||
          instance->status == instance_status::ready ||
          instance->status == instance_status::waiting);
}

std::optional<time_point> machine::close_time(const instance_id& name) const {
  const instance_state* instance = find(name);
  if (!instance || !instance->first_scheduled || instance->closed || !at_work(name))
    return std::nullopt;
  const duration limit = definition_of(name).limits.schedule_to_close;
  std::optional<time_point> made;
  if (limit > duration{0}) made = *instance->first_scheduled + limit;
  // Of a run of its own `retry_time` is when the time of `start_to_close` is over.
  if (is_open_child(name) && instance->retry_time && (!made || *instance->retry_time < *made))
    made = instance->retry_time;
  return made;
}

bool machine::is_over(const instance_id& name, time_point moment) const {
  const instance_state* instance = find(name);
  const duration limit = definition_of(name).limits.schedule_to_close;
  return limit > duration{0} && instance && instance->first_scheduled &&
         moment >= *instance->first_scheduled + limit;
}

std::vector<std::pair<instance_id, time_point>> machine::close_times() const {
  std::vector<std::pair<instance_id, time_point>> made;
  for (std::size_t at = 0; at < steps_.size(); ++at)
    for (std::uint32_t i = 0; i < steps_[at].instances.size(); ++i) {
      const instance_id name{workflow_->steps[at].id, i, compensating()};
      if (const auto due = close_time(name)) made.emplace_back(name, *due);
    }
  return made;
}

time_point machine::deadline(const attempt_id& attempt, time_point started,
                             duration fallback) const {
  const instance_state* instance = find(attempt.instance);
  const time_limits& limits = definition_of(attempt.instance).limits;
  const bool has_total = limits.schedule_to_close > duration{0};
  time_point made =
      started + (limits.start_to_close > duration{0} ? limits.start_to_close : fallback);
  if (!has_total) return made;
  const time_point last = instance->first_scheduled.value_or(started) + limits.schedule_to_close;
  return limits.start_to_close > duration{0} ? std::min(made, last) : last;
}

step_failed machine::judge(const attempt_id& attempt, failure why, time_point now) const {
  const instance_state& instance = *find(attempt.instance);
  const step& from = definition_of(attempt.instance);
  auto due = next_attempt(from.retry, from.limits, instance.failures + 1,
                          instance.first_scheduled.value_or(now), why, now);
  const bool other_goes_on = instance.has_two_in_flight();
  if (other_goes_on || (turning_back() && !attempt.instance.compensation)) due.reset();
  return {attempt, std::move(why), due, nullptr, std::nullopt, other_goes_on};
}

const dependency* machine::missing_reply(std::size_t at, std::uint32_t index) const {
  for (const dependency& need : workflow_->steps[at].needs) {
    if (!need.reads_reply) continue;
    const auto& instances = steps_[need.step].instances;
    const std::uint32_t read = need.same_index ? index : 0;
    // None: it ran over a list in a reply that there is not.
    if (read >= instances.size() || instances[read].status == instance_status::skipped ||
        instances[read].status == instance_status::failed)
      return &need;
  }
  return nullptr;
}

step_decided machine::decide(const instance_id& instance) const {
  const step& from = definition_of(instance);
  if (missing_reply(position_of(instance), instance.index)) return {instance, true};
  reference_reader reader{from, instance.index, *this};
  return {instance, from.when && !evaluate(*from.when, reader)};
}

message_ptr machine::details_of(const instance_id& name) const {
  const instance_state* instance = find(name);
  return instance ? instance->details : nullptr;
}

reply<message_ptr> machine::request(const instance_id& instance) const {
  return build_request(definition_of(instance), instance.index, *this);
}

reply<std::vector<std::string>> machine::limit_keys(const instance_id& instance) const {
  return build_limit_keys(definition_of(instance), instance.index, *this);
}

std::string machine::idempotency_key(const instance_id& instance) const {
  std::string made;
  made.reserve(run_id_.size() + instance.step.size() + 24);
  made.append(run_id_).append("/").append(instance.step).append("/");
  made += std::to_string(instance.index);
  if (instance.compensation) made += "/compensate";
  return made;
}

std::vector<attempt_id> machine::in_flight() const {
  std::vector<attempt_id> made;
  if (closed()) return made;
  if (compensation_in_flight()) {
    const auto [step, index] = undo_.back();
    const instance_state& undo = steps_[step].compensations[index];
    made.push_back({{workflow_->steps[step].id, index, true}, undo.attempts, undo.token});
    return made;
  }
  for (std::size_t at = 0; at < steps_.size(); ++at)
    for (std::uint32_t i = 0; i < steps_[at].instances.size(); ++i) {
      const instance_state& instance = steps_[at].instances[i];
      if (instance.status == instance_status::running && at_work({workflow_->steps[at].id, i}))
        add_in_flight(made, {workflow_->steps[at].id, i}, instance);
    }
  return made;
}

std::size_t machine::instance_count(std::size_t step) const {
  return steps_[step].instances.size();
}

const google::protobuf::Message* machine::reply_of(std::size_t step, std::uint32_t index) const {
  return steps_[step].instances[index].reply.get();
}

std::size_t machine::replies_of(std::size_t step) const {
  return steps_[step].instances.size();
}

result<machine> replay(const std::vector<event>& history) {
  machine made;
  for (const event& happened : history)
    if (auto applied = made.apply(happened); !applied)
      return tl::unexpected(std::move(applied.error()));
  return made;
}

} // namespace troupe::workflow
