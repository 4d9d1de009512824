#include "actors/workflow/machine_transition.hpp"

#include <array>
#include <limits>

// Two attempts of one instance at a time, and attempts that give their place up. Of an instance:
//
//   in flight  event                               next
//   one        step_speculated                     both
//   both       step_completed, of either           completed; the other one is not in flight any more
//   both       step_failed or _preempted           running: the other one alone; no failure is counted
//   one        step_failed                         as that of any attempt; what both came to counts as one failure
//   one        step_preempted                      wanted: the next attempt, before others of its step
//   both       step_lost                           running: the other one alone
//   one        step_lost                           wanted: as after step_preempted
//   any        run_recovered                       wanted: both were lost with their process
namespace troupe::workflow {
namespace {

template <class Count>
void count_up(Count& one_more) {
  if (one_more < std::numeric_limits<Count>::max()) ++one_more;
}

} // namespace

result<void> machine::transition::operator()(const step_speculated& happened) {
  const slot at = find(happened.attempt.instance);
  const auto first = at.instance && at.instance->status == instance_status::running
                         ? state.attempt_of(happened.attempt.instance)
                         : std::nullopt;
  if (!first || first->attempt != happened.beside || !state.may_have_second(*first) ||
      happened.attempt.attempt != at.instance->attempts + 1 ||
      happened.attempt.token != state.last_token_ + 1)
    return mismatch(describe(happened.attempt) + " may not be begun beside another one");
  instance_state& instance = *at.instance;
  instance.beside = {first->attempt, first->token};
  instance.token = ++state.last_token_;
  ++instance.attempts;
  count_up(instance.second_attempts);
  ++state.second_attempts_;
  return {};
}

result<void> machine::transition::operator()(const step_preempted& happened) {
  if (!state.may_be_preempted(happened.attempt))
    return mismatch(describe(happened.attempt) + " has no place to give up");
  const slot at = find(happened.attempt.instance);
  instance_state& instance = *at.instance;
  count_up(instance.preemptions);
  if (happened.details) instance.details = happened.details;
  if (instance.has_two_in_flight()) {
    take_back(instance, happened.attempt);
    return {};
  }
  instance.beside = {};
  instance.status = instance_status::ready;
  step_state& of = state.steps_[at.step];
  --of.active;
  of.queue.prepend(std::array{at.index});
  pump(at.step);
  return {};
}

/// Of two attempts in flight.
void machine::transition::take_back(instance_state& from, const attempt_id& ended) {
  if (ended.token == from.token)
    from.token = 0;
  else
    from.beside = {};
}

void machine::add_in_flight(std::vector<attempt_id>& into, const instance_id& name,
                            const instance_state& of) {
  if (of.beside.attempt != 0) into.push_back({name, of.beside.attempt, of.beside.token});
  if (of.token != 0) into.push_back({name, of.attempts, of.token});
}

std::optional<attempt_id> machine::other_of(const attempt_id& attempt) const {
  const instance_state* instance = find(attempt.instance);
  if (!is_current(attempt) || !instance->has_two_in_flight()) return std::nullopt;
  if (attempt.token == instance->token)
    return attempt_id{attempt.instance, instance->beside.attempt, instance->beside.token};
  return attempt_id{attempt.instance, instance->attempts, instance->token};
}

bool machine::may_have_second(const attempt_id& first) const {
  return is_current(first) && !first.instance.compensation && !turning_back() && !failure_ &&
         definition_of(first.instance).speculate && !find(first.instance)->has_two_in_flight();
}

step_speculated machine::second_of(const attempt_id& first, duration ran, duration allowed) const {
  return {{first.instance, find(first.instance)->attempts + 1, last_token_ + 1},
          first.attempt,
          ran,
          allowed};
}

bool machine::may_be_preempted(const attempt_id& attempt) const {
  return is_current(attempt) && !attempt.instance.compensation && !turning_back() && !failure_ &&
         definition_of(attempt.instance).preemptible;
}

std::uint32_t machine::preemptions_of(const instance_id& name) const {
  const instance_state* instance = find(name);
  return instance ? instance->preemptions : 0;
}

} // namespace troupe::workflow
