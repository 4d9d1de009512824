#include "actors/scheduling/learning/cost_learner.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/engine_flight.hpp"
#include "actors/workflow/engine_policy.hpp"
#include "actors/workflow/errors.hpp"

#include <algorithm>
#include <fmt/format.h>

// On which node an attempt runs. An engine that has only its own process asks none of this until a step wants a certain node.
namespace troupe::workflow {
namespace {

using scheduling::node_state;
using scheduling::placement_strategy;
using scheduling::pool_node;

/// Estimates are looked up anew after so many uses.
constexpr std::size_t costs_last = 256;
/// Steps whose costs are remembered, and sets of conditions on nodes.
constexpr std::size_t most_costs = 4'096, most_needs = 10'000;

} // namespace

/// From now on nodes are picked; who waits is asked which would do.
void engine_core::place_on_several() {
  if (std::exchange(several_, true)) return;
  for (waiting_attempts* all : {&waiting_, &demanding_})
    for (auto each = all->begin(); each != all->end();) {
      const auto waits = each++;
      started_attempt& wanted = waits->second.wanted;
      if (is_stale(wanted)) {
        (void)take(*all, waits);
        continue;
      }
      line_.remove(waits->first);
      shares_.leave(wanted.tenant);
      line_up(waits->first, runs_.at(wanted.run_id), wanted);
    }
}

/// Whether this process alone may not be what the step wants.
bool engine_core::wants_several(const step& of) const {
  return !of.placement.node.empty() || !of.placement.node_class.empty() ||
         (around_.options.may_grow && !scheduling::fits(of.demand, resources().capacity()));
}

scheduling::need_number engine_core::need_of(const step& of) {
  if (pool_.needs() > most_needs && line_.empty()) pool_.forget_needs();
  return pool_.need_of(of.agent.type, of.agent.key, of.placement.node, of.placement.node_class);
}

const engine_core::step_costs& engine_core::costs_of(const live_run& run, const step& of) {
  if (costs_.size() > most_costs) costs_.clear();
  step_costs& made = costs_[&of];
  if (made.workflow && made.version == pool_.version() && made.uses++ % costs_last != 0)
    return made;
  made.workflow = run.state.workflow();
  made.version = pool_.version();
  made.uses = 1;
  made.seconds.clear();
  made.known = false;
  const auto declared = declared_seconds(of);
  for (std::string& each : pool_.classes()) {
    scheduling::run_time_estimate expected;
    if (around_.options.costs)
      expected = around_.options.costs->estimate(cost_key_of(*run.state.workflow(), of, each), {},
                                                 declared);
    else if (declared)
      expected = {*declared, *declared, *declared, 0, scheduling::estimate_source::declared};
    made.known = made.known || expected.source != scheduling::estimate_source::assumed;
    made.seconds.emplace(std::move(each), expected.mean_seconds);
  }
  return made;
}

double engine_core::expected_on(const live_run& run, const step& of,
                                const std::string& node_class) {
  const step_costs& known = costs_of(run, of);
  const auto found = known.seconds.find(node_class);
  return found == known.seconds.end() ? 0 : found->second;
}

scheduling::placement_request engine_core::request_for(const live_run& run,
                                                       const instance_id& instance) {
  const step& of = run.state.definition_of(instance);
  scheduling::placement_request made;
  made.need = need_of(of);
  made.demand = &of.demand;
  made.strategy = of.placement.strategy;
  made.local = here_;
  made.begun = run.spread.get();
  if (made.strategy == placement_strategy::automatic ||
      made.strategy == placement_strategy::by_cost) {
    const step_costs& known = costs_of(run, of);
    if (known.known || made.strategy == placement_strategy::by_cost) made.seconds = &known.seconds;
  }
  if (around_.options.transfer) made.transfer = &around_.options.transfer;
  return made;
}

/// For an attempt that nobody else waits in front of; in one process the caller has seen that there is room.
std::optional<scheduling::node_number> engine_core::node_for(const live_run& run,
                                                             const instance_id& instance) {
  if (!several_) {
    if (!wants_several(run.state.definition_of(instance))) return here_;
    place_on_several();
  }
  return scheduling::pick_node(pool_, request_for(run, instance));
}

/// Lets go of those for whom a node is kept and who are not wanted any more.
std::optional<scheduling::placed> engine_core::next_placed() {
  const auto wanted_by = [this](waiting_key key) -> started_attempt& {
    return place_of(key).at(key).wanted;
  };
  const auto describe = [&](waiting_key key) {
    const started_attempt& wanted = wanted_by(key);
    const auto run = runs_.find(wanted.run_id);
    // Where it would run is of no interest then.
    if (run == runs_.end()) return scheduling::placement_request{};
    return request_for(run->second, wanted.attempt.instance);
  };
  for (;;) {
    const auto next = placing_.next(line_, pool_, describe);
    const auto& kept = placing_.kept();
    if (!kept || !line_.demand_of(kept->who) || !is_stale(wanted_by(kept->who))) return next;
    waiting_attempts& from = place_of(kept->who);
    (void)take(from, from.find(kept->who));
    placing_.clear();
  }
}

/// The first of those that wait which some node could hold, were nothing at work there.
std::optional<engine_core::waiting_key> engine_core::first_that_could_start() const {
  std::optional<waiting_key> found;
  line_.visit([&](waiting_key who, const scheduling::resource_vector& demand, std::uint32_t need) {
    if (pool_.could_hold(need, demand)) found = who;
    return !found;
  });
  return found;
}

/// Notes on its node what an attempt takes there.
void engine_core::board(live_run& run, const std::shared_ptr<flight>& made, const step& of,
                        time_point now) {
  double end = 0;
  if (several_) {
    made->expected = expected_on(run, of, pool_.find(made->node)->is.node_class);
    end = std::chrono::duration<double>(now - began_).count() + made->expected;
  }
  // Whoever lets an attempt start has seen that its demand is free.
  made->grant = pool_.start(made->node, of.demand,
                            of.demand.empty() ? std::string{}
                                              : run.state.idempotency_key(made->attempt.instance),
                            made->expected, end);
  if (made->node != here_) {
    made->remote = ++last_remote_;
    elsewhere_[made->node].emplace(made->remote, made);
  }
  if (of.placement.strategy == placement_strategy::spread) {
    if (!run.spread)
      run.spread = std::make_unique<std::map<scheduling::node_number, std::uint32_t>>();
    ++(*run.spread)[made->node];
  }
}

const std::string& engine_core::class_of(const attempt_timing& timing) const {
  return timing.node_class.empty() ? around_.options.node_class : timing.node_class;
}

/// Why one that waits has no node, and which is nearest to having room for it.
void engine_core::describe_nodes(waiting_key key, const started_attempt& wanted,
                                 waiting_reason& into) const {
  const auto* demand = line_.demand_of(key);
  const auto run = runs_.find(wanted.run_id);
  if (!demand || run == runs_.end()) return;
  const auto need = line_.need_of(key);
  const pool_node* nearest = pool_.nearest(need, *demand);
  if (!nearest)
    return describe_wanted(need, run->second.state.definition_of(wanted.attempt.instance), into);
  into.node = nearest->is.name;
  into.slots_taken = nearest->in_flight;
  into.slots = nearest->is.places;
  if (auto never = scheduling::never_enough(nearest->books, *demand); !never.empty()) {
    into.why = waiting_reason::cause::too_large;
    into.missing = std::move(never);
    into.wanted_node =
        fmt::format("with agent {}",
                    run->second.state.definition_of(wanted.attempt.instance).agent.to_string());
    return;
  }
  into.missing = scheduling::shortages(nearest->books, *demand);
  if (!into.missing.empty()) {
    into.why = waiting_reason::cause::resources;
    return;
  }
  const auto& kept = placing_.kept();
  if (nearest->in_flight >= nearest->is.places || demand->empty() || !kept || kept->who == key ||
      kept->on != nearest->number || !demanding_.contains(kept->who))
    return;
  const started_attempt& ahead = demanding_.at(kept->who).wanted;
  if (const auto front = runs_.find(ahead.run_id); front != runs_.end())
    into.kept_for = front->second.state.idempotency_key(ahead.attempt.instance);
  into.why = waiting_reason::cause::reserved;
}

/// No node that is given attempts would do.
void engine_core::describe_wanted(scheduling::need_number need, const step& of,
                                  waiting_reason& into) const {
  into.why = waiting_reason::cause::no_node;
  into.wanted_node = fmt::format("with agent {}", of.agent.to_string());
  if (!of.placement.node.empty()) into.wanted_node += fmt::format(" named '{}'", of.placement.node);
  if (!of.placement.node_class.empty())
    into.wanted_node += fmt::format(" of class '{}'", of.placement.node_class);
  std::size_t named = 0;
  for (const auto& [number, each] : pool_.nodes()) {
    if (!pool_.meets(*each, need)) continue;
    into.why = waiting_reason::cause::nodes_away;
    if (++named > waiting_reason::most_named_nodes) continue;
    into.away += fmt::format("{}{} ({})", into.away.empty() ? "" : ", ",
                             each->is.name.empty() ? "this process" : each->is.name,
                             scheduling::name_of(each->is.state));
  }
  if (named > waiting_reason::most_named_nodes)
    into.away += fmt::format(" and {} more", named - waiting_reason::most_named_nodes);
}

/// Whether one of the nodes with the step's agent could hold its demand, whatever their states; where none has it, one may come.
result<void> engine_core::check_demand_on_several(const step& of) const {
  const pool_node* largest = nullptr;
  std::vector<scheduling::shortage> least;
  for (const auto& [number, each] : pool_.nodes()) {
    if (!scheduling::node_pool::is_as(*each, of.agent.type, of.agent.key, of.placement.node,
                                      of.placement.node_class))
      continue;
    auto missing = scheduling::never_enough(each->books, of.demand);
    if (missing.empty()) return {};
    if (largest && least.size() <= missing.size()) continue;
    largest = each.get();
    least = std::move(missing);
  }
  if (!largest) return {};
  return fail(workflow_errc::demand_too_large,
              fmt::format("step '{}' demands {} {}, and no node with agent {} has as much; node "
                          "'{}' has {}, of all: {}; lower the step's resources, or add a node that "
                          "has more",
                          of.id, least.front().name,
                          scheduling::format_amount(least.front().name, least.front().demand),
                          of.agent.to_string(), largest->is.name,
                          scheduling::format_amount(least.front().name, least.front().capacity),
                          scheduling::format_resources(largest->books.capacity())));
}

} // namespace troupe::workflow
