#include "actors/workflow/insight/what_if.hpp"

#include "actors/scheduling/resources/ledger.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/scheduling/resources/waiting_line.hpp"
#include "actors/workflow/errors.hpp"

#include <fmt/format.h>
#include <map>
#include <queue>
#include <utility>

namespace troupe::workflow {
namespace {

/// A stretch of an instance: work that holds what its step demands, or a wait that holds nothing.
struct leg {
  bool works = false;
  /// Between attempts: no part of the step's parallelism is taken.
  bool apart = false;
  duration takes{};
};

std::vector<leg> legs_of(const instance_insight& of) {
  std::vector<leg> made;
  for (const phase& each : of.phases)
    switch (each.kind) {
    case phase_kind::running:
    case phase_kind::failed_attempts:
    case phase_kind::superseded_attempts:
    case phase_kind::preempted_attempts:
    case phase_kind::lost_attempts:
      made.push_back({true, false, each.to - each.from});
      break;
    case phase_kind::back_off:
      made.push_back({false, true, each.to - each.from});
      break;
    case phase_kind::timers:
    case phase_kind::signals:
    case phase_kind::commit:
    case phase_kind::engine:
      made.push_back({false, false, each.to - each.from});
      break;
    default:
      break; // comes out anew, or is left out
    }
  return made;
}

/// One run on one node under virtual time.
class rerun {
public:
  rerun(const run_insight& of, const what_if_node& on)
      : of_{of}, steps_{of.workflow->steps}, on_{on}, ledger_{on.resources},
        step_of_(steps_.size()) {
    for (std::size_t step = 0; step < steps_.size(); ++step)
      for (const dependency& need : steps_[step].needs) {
        step_of_[need.step].users.emplace_back(step, need.same_index);
        ++step_of_[step].needs_left;
        step_of_[step].whole_left += need.same_index ? 0 : 1;
      }
    for (std::size_t at = 0; at < of.instances.size(); ++at) {
      step_run& step = step_of_[of.instances[at].step];
      if (step.count++ == 0) step.first = at;
      ++step.left;
      instances_.emplace_back().legs = legs_of(of.instances[at]);
    }
    for (std::size_t at = 0; at < instances_.size(); ++at)
      for (const dependency& need : steps_[of.instances[at].step].needs)
        instances_[at].needs_left += need.same_index ? 1 : 0;
    find_ranks();
  }

  what_if_outcome run() {
    for (std::size_t step = 0; step < steps_.size(); ++step)
      unblock(step);
    settle();
    while (true) {
      start_some();
      if (coming_.empty()) break;
      now_ = coming_.top().at;
      while (!coming_.empty() && coming_.top().at == now_) {
        const std::size_t who = coming_.top().who;
        coming_.pop();
        end_leg(who);
      }
    }
    what_if_outcome made{now_, {}};
    for (const step_run& each : step_of_)
      made.ends.push_back(each.ended);
    return made;
  }

private:
  struct instance_run {
    std::vector<leg> legs;
    std::size_t next = 0;
    std::size_t needs_left = 0;
    bool holds_parallelism = false;
    scheduling::ledger::grant_id grant = 0;
    bool begun = false, done = false;
  };
  struct step_run {
    std::size_t first = 0, count = 0, left = 0;
    std::size_t needs_left = 0, whole_left = 0, active = 0;
    bool done = false;
    double rank = 0;
    duration ended{};
    std::vector<std::pair<std::size_t, bool>> users;
    std::queue<std::size_t> ready;
  };
  struct event_to_come {
    duration at{};
    std::uint64_t number = 0;
    std::size_t who = 0;
    friend bool operator>(const event_to_come& a, const event_to_come& b) {
      return std::pair{a.at, a.number} > std::pair{b.at, b.number};
    }
  };

  [[nodiscard]] const step& definition_of(std::size_t who) const {
    return steps_[of_.instances[who].step];
  }
  step_run& step_run_of(std::size_t who) { return step_of_[of_.instances[who].step]; }

  /// What follows a step at least; a step's own time is that of its longest instance.
  void find_ranks() {
    std::vector<double> own(steps_.size());
    for (const instance_insight& each : of_.instances)
      own[each.step] =
          std::max(own[each.step], std::chrono::duration<double>(each.useful()).count());
    std::vector<std::size_t> users(steps_.size()), order;
    for (std::size_t step = 0; step < steps_.size(); ++step)
      if ((users[step] = step_of_[step].users.size()) == 0) order.push_back(step);
    for (std::size_t at = 0; at < order.size(); ++at) {
      step_of_[order[at]].rank += own[order[at]];
      for (const dependency& need : steps_[order[at]].needs) {
        step_run& before = step_of_[need.step];
        before.rank = std::max(before.rank, step_of_[order[at]].rank);
        if (--users[need.step] == 0) order.push_back(need.step);
      }
    }
  }

  void unblock(std::size_t step) {
    step_run& of = step_of_[step];
    if (of.whole_left > 0) return;
    for (std::size_t at = of.first; at < of.first + of.count; ++at)
      if (instances_[at].needs_left == 0 && !instances_[at].done) make_ready(at);
  }
  void make_ready(std::size_t who) {
    if (std::exchange(instances_[who].begun, true)) return;
    if (instances_[who].legs.empty()) return close(who); // skipped, or never begun
    step_run_of(who).ready.push(who);
    pump(of_.instances[who].step);
  }
  void pump(std::size_t step) {
    step_run& of = step_of_[step];
    const std::size_t bound = steps_[step].parallelism;
    while (!of.ready.empty() && (bound == 0 || of.active < bound)) {
      const std::size_t who = of.ready.front();
      of.ready.pop();
      ++of.active;
      instances_[who].holds_parallelism = true;
      begin_leg(who);
    }
  }
  void leave_parallelism(std::size_t who) {
    if (!std::exchange(instances_[who].holds_parallelism, false)) return;
    --step_run_of(who).active;
  }

  void begin_leg(std::size_t who) {
    instance_run& of = instances_[who];
    if (of.next == of.legs.size()) return close(who);
    const leg& next = of.legs[of.next];
    if (next.apart) leave_parallelism(who);
    if (!next.works || definition_of(who).kind != step_kind::agent) return schedule(who);
    if (!of.holds_parallelism) { // behind a back-off
      step_run_of(who).ready.push(who);
      return pump(of_.instances[who].step);
    }
    scheduling::waiting_line::place where;
    if (on_.order.by_rank) where.rank = step_run_of(who).rank;
    const scheduling::waiting_line::key key{-definition_of(who).priority, ++last_number_};
    line_.add(key, definition_of(who).demand, where);
    waiting_.emplace(key, who);
  }
  void schedule(std::size_t who) {
    const leg& next = instances_[who].legs[instances_[who].next];
    coming_.push({now_ + next.takes, ++last_number_, who});
  }
  void start_some() {
    while (in_flight_ < on_.slots) {
      const auto key = line_.next(ledger_.free());
      if (!key) return;
      const std::size_t who = waiting_.at(*key);
      line_.count_grant(*key);
      line_.remove(*key);
      waiting_.erase(*key);
      const auto& demand = definition_of(who).demand;
      if (!demand.empty()) instances_[who].grant = ledger_.try_grant(demand, {}).value_or(0);
      ++in_flight_;
      schedule(who);
    }
  }
  void end_leg(std::size_t who) {
    instance_run& of = instances_[who];
    const leg& over = of.legs[of.next];
    if (over.works && definition_of(who).kind == step_kind::agent) {
      --in_flight_;
      if (const auto grant = std::exchange(of.grant, 0); grant != 0) ledger_.release(grant);
    }
    ++of.next;
    begin_leg(who);
  }

  void close(std::size_t who) {
    instance_run& of = instances_[who];
    if (std::exchange(of.done, true)) return;
    leave_parallelism(who);
    const std::size_t step = of_.instances[who].step;
    step_run& all = step_of_[step];
    --all.left;
    all.ended = now_;
    const std::size_t index = who - all.first;
    for (const auto& [user, same_index] : all.users) {
      step_run& waiting = step_of_[user];
      if (!same_index || index >= waiting.count) continue;
      instance_run& next = instances_[waiting.first + index];
      if (--next.needs_left == 0 && waiting.whole_left == 0) make_ready(waiting.first + index);
    }
    settle(step);
    pump(step);
  }
  /// A step is done when all of its instances are, and all that it needs is.
  void settle(std::size_t step) {
    step_run& of = step_of_[step];
    if (of.done || of.left > 0 || of.needs_left > 0) return;
    of.done = true;
    for (const auto& [user, same_index] : of.users) {
      --step_of_[user].needs_left;
      if (!same_index) --step_of_[user].whole_left;
    }
    for (const auto& [user, same_index] : of.users) {
      if (!same_index) unblock(user);
      settle(user);
    }
  }
  void settle() {
    for (std::size_t step = 0; step < steps_.size(); ++step)
      settle(step);
  }

  const run_insight& of_;
  const std::vector<step>& steps_;
  const what_if_node& on_;
  scheduling::ledger ledger_;
  scheduling::waiting_line line_;
  std::map<scheduling::waiting_line::key, std::size_t> waiting_;
  std::vector<step_run> step_of_;
  std::vector<instance_run> instances_;
  std::priority_queue<event_to_come, std::vector<event_to_come>, std::greater<>> coming_;
  duration now_{};
  std::uint64_t last_number_ = 0;
  std::size_t in_flight_ = 0;
};

} // namespace

result<what_if_outcome> what_if(const run_insight& of, const what_if_node& on) {
  const scheduling::ledger empty{on.resources};
  for (const step& each : of.workflow->steps)
    if (const auto missing = scheduling::never_enough(empty, each.demand); !missing.empty())
      return fail(
          workflow_errc::demand_too_large,
          fmt::format("step '{}' demands {} {}, and this node would have {}", each.id,
                      missing.front().name,
                      scheduling::format_amount(missing.front().name, missing.front().demand),
                      scheduling::format_amount(missing.front().name, missing.front().capacity)));
  return rerun{of, on}.run();
}

} // namespace troupe::workflow
