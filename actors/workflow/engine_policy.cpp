#include "actors/workflow/engine_policy.hpp"

#include "actors/scheduling/learning/cost_learner.hpp"
#include "actors/workflow/engine_flight.hpp"

#include <algorithm>
#include <fmt/format.h>

// In which order attempts that wait are started: by the turn of their tenants, by priority, then as the policy says, with what
// was learnt of run times.
namespace troupe::workflow {
namespace {

/// Estimates are looked up anew after so many changes of an order.
constexpr std::size_t estimates_last = 256;

double seconds_between(time_point from, time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// The steps behind those that need them.
std::vector<std::size_t> needed_last(const definition& workflow) {
  std::vector<std::size_t> users(workflow.steps.size()), made;
  for (const step& each : workflow.steps)
    for (const dependency& need : each.needs)
      ++users[need.step];
  for (std::size_t at = 0; at < users.size(); ++at)
    if (users[at] == 0) made.push_back(at);
  for (std::size_t at = 0; at < made.size(); ++at)
    for (const dependency& need : workflow.steps[made[at]].needs)
      if (--users[need.step] == 0) made.push_back(need.step);
  return made;
}

} // namespace

scheduling::cost_key cost_key_of(const definition& workflow, const step& of,
                                 std::string node_class) {
  return {of.agent.type, std::move(node_class), fmt::format("{}/{}", workflow.name, of.id)};
}

std::optional<double> declared_seconds(const step& of) {
  if (of.cost == duration{}) return std::nullopt;
  return std::chrono::duration<double>(of.cost).count();
}

double engine_core::expected_seconds(const definition& workflow, const step& of) const {
  if (of.kind == step_kind::timer) return 0; // nobody works meanwhile
  const auto declared = declared_seconds(of);
  if (of.kind != step_kind::agent || !around_.options.costs)
    return declared.value_or(scheduling::run_time_estimate{}.mean_seconds);
  return around_.options.costs
      ->estimate(cost_key_of(workflow, of, around_.options.node_class), {}, declared)
      .mean_seconds;
}

/// The part of the node that an attempt of a step holds, of each thing that it holds.
std::vector<std::pair<std::size_t, double>> engine_core::load_of(const step& of) const {
  std::vector<std::pair<std::size_t, double>> made{
      {0, 1.0 / static_cast<double>(several_ ? std::max<std::size_t>(pool_.places(), 1)
                                             : around_.options.max_attempts_in_flight)}};
  const auto there = scheduling::amounts_of(pool_.capacity());
  for (std::size_t i = 0; i < there.size(); ++i)
    if (const auto taken = scheduling::amount_of(of.demand, there[i].name); taken > 0)
      made.emplace_back(i + 1, static_cast<double>(taken) / static_cast<double>(there[i].amount));
  return made;
}

double engine_core::dominant_share(const step& of) const {
  double made = 0;
  for (const auto& [resource, part] : load_of(of))
    made = std::max(made, part);
  return made;
}

engine_core::run_plan& engine_core::plan_of(live_run& run) {
  if (!run.plan) run.plan = std::make_unique<run_plan>();
  run_plan& made = *run.plan;
  if (!made.steps.empty() && made.uses++ % estimates_last != 0) return made;
  made.uses = 1;
  const definition& workflow = *run.state.workflow();
  made.steps.resize(workflow.steps.size());
  for (std::size_t at = 0; at < made.steps.size(); ++at) {
    const step& each = workflow.steps[at];
    made.steps[at] = {expected_seconds(workflow, each), 0, load_of(each)};
  }
  for (const std::size_t at : needed_last(workflow)) {
    step_plan& of = made.steps[at];
    of.rank += of.seconds; // what follows it is in it already
    for (const dependency& need : workflow.steps[at].needs)
      made.steps[need.step].rank = std::max(made.steps[need.step].rank, of.rank);
  }
  return made;
}

/// Where a run stands among those with attempts that wait.
double engine_core::order_of(live_run& run) {
  run_plan& plan = plan_of(run);
  scheduling::workflow_figures known;
  known.arrival_seconds = seconds_between(began_, run.state.started());
  known.attained_seconds = plan.attained_seconds;
  std::vector<double> loads(scheduling::amounts_of(pool_.capacity()).size() + 1);
  for (std::size_t at = 0; at < plan.steps.size(); ++at) {
    const step_state& state = run.state.state_of(at);
    // Of a list that is not known yet one element is expected.
    const double left = state.expanded ? static_cast<double>(state.instances_left) : 1.0;
    const double seconds = left * plan.steps[at].seconds;
    known.remaining_seconds += seconds;
    for (const auto& [resource, part] : plan.steps[at].load)
      loads[resource] += seconds * part;
  }
  known.bottleneck_seconds = *std::max_element(loads.begin(), loads.end());
  plan.stale = false;
  return plan.order = policy_.of_workflow(known);
}

/// Puts an attempt into the line.
void engine_core::line_up(waiting_key key, live_run& run, started_attempt& wanted) {
  const instance_id& instance = wanted.attempt.instance;
  const step& of = run.state.definition_of(instance);
  if (!several_ && wants_several(of)) place_on_several();
  wanted.tenant = shares_.enter(run.state.tenant());
  scheduling::waiting_line::place where;
  where.tenant = wanted.tenant;
  if (policy_.by_rank && !instance.compensation)
    where.rank = plan_of(run).steps[run.state.workflow()->step_index.at(instance.step)].rank;
  if (policy_.of_workflow) {
    where.workflow = run.serial;
    const double before = run.plan ? run.plan->order : 0;
    where.order = !run.plan || run.plan->stale ? order_of(run) : run.plan->order;
    if (where.order != before) line_.reorder(run.serial, where.order);
  }
  if (several_) where.need = need_of(of);
  line_.add(key, of.demand, where);
  line_.set_turn(wanted.tenant, shares_.turn(wanted.tenant));
}

/// Something of a run ended: where it stands may have changed.
void engine_core::note_progress(const std::string& run_id, live_run& run) {
  if (!policy_.of_workflow || !run.plan || run.plan->stale) return;
  run.plan->stale = true;
  moved_.push_back(run_id);
}

void engine_core::reorder_runs() {
  for (const std::string& run_id : std::exchange(moved_, {}))
    if (const auto found = runs_.find(run_id);
        found != runs_.end() && found->second.plan && found->second.plan->stale)
      line_.reorder(found->second.serial, order_of(found->second));
}

/// An attempt is granted its place: its tenant has had what it is expected to take.
void engine_core::charge(started_attempt& granted) {
  if (!shares_.several()) return;
  const auto run = runs_.find(granted.run_id);
  if (run == runs_.end()) return;
  const step& of = run->second.state.definition_of(granted.attempt.instance);
  granted.charged = expected_seconds(*run->second.state.workflow(), of) * dominant_share(of);
  shares_.charge(granted.tenant, granted.charged);
  line_.set_turn(granted.tenant, shares_.turn(granted.tenant));
}

/// It is over: what it did not take is given back, and what it took more is added.
void engine_core::settle_charge(const flight& over) {
  if (over.tenant == 0 || over.share <= 0) return;
  const double held = std::chrono::duration<double>(over.timing.ran).count();
  shares_.charge(over.tenant, held * over.share - over.charged);
  line_.set_turn(over.tenant, shares_.turn(over.tenant));
}

void engine_core::learn(live_run& run, const attempt_id& attempt, const attempt_timing& timing) {
  const step& of = run.state.definition_of(attempt.instance);
  const double seconds = std::chrono::duration<double>(timing.ran).count();
  if (run.plan) run.plan->attained_seconds += seconds;
  // One that goes on where another one gave its place up does less than the whole work.
  const bool whole = run.state.preemptions_of(attempt.instance) == 0;
  if (around_.options.costs && whole && of.kind == step_kind::agent &&
      !attempt.instance.compensation)
    around_.options.costs->observe(cost_key_of(*run.state.workflow(), of, class_of(timing)),
                                   seconds, timing.request_bytes);
}

} // namespace troupe::workflow
