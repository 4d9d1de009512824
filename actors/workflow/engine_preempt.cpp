#include "actors/workflow/engine_flight.hpp"

#include <algorithm>
#include <set>

// Attempts of steps that are preemptible give their places up for those of a higher priority. They are asked through their
// pulse, and end by themselves: nothing is taken away from an agent that goes on.
namespace troupe::workflow {
namespace {

/// Who was asked so long ago does not look: others are asked in its place.
constexpr std::chrono::seconds deaf_after{10};

} // namespace

/// Where the first of those that wait lacks a place or resources, asks for them. One at a time: who comes next is looked at once
/// this one has started.
void engine_core::ask_for_places() {
  if (preemptible_.empty() || around_.options.max_preemptions == 0) return;
  const auto first = first_in_line();
  if (!first) return;
  const started_attempt& wanted = place_of(*first).at(*first).wanted;
  const live_run& run = runs_.at(wanted.run_id);
  for (flight* each : victims_anywhere(*first, run, wanted.attempt)) {
    each->asked = around_.now();
    each->beats->preempt(run.state.idempotency_key(wanted.attempt.instance));
  }
}

std::optional<engine_core::waiting_key> engine_core::first_in_line() {
  for (;;) {
    const auto first = several_ ? first_that_could_start() : line_.first();
    if (!first) return std::nullopt;
    waiting_attempts& from = place_of(*first);
    const auto found = from.find(*first);
    // Nobody is disturbed for one that is of no use any more, or that its own run holds back.
    if (is_stale(found->second.wanted))
      (void)take(from, found);
    else if (!hold_back(from, found))
      return first;
  }
}

/// Those on one node: where fewest are asked, of these on the node that was added first. That node is kept for whoever waits.
std::vector<engine_core::flight*>
engine_core::victims_anywhere(waiting_key first, const live_run& run, const attempt_id& wanted) {
  const scheduling::resource_vector& demand = run.state.demand_of(wanted.instance);
  if (!several_) return victims_for(-first.first, demand, here_).value_or(std::vector<flight*>{});
  const auto need = need_of(run.state.definition_of(wanted.instance));
  std::set<scheduling::node_number> candidates;
  for (const auto& each : preemptible_)
    candidates.insert(each->node);
  std::optional<std::vector<flight*>> best;
  for (const scheduling::node_number number : candidates) {
    const scheduling::pool_node* on = pool_.find(number);
    if (!on || on->is.state != scheduling::node_state::active || !pool_.meets(*on, need)) continue;
    auto victims = victims_for(-first.first, demand, number);
    if (!victims || (best && best->size() <= victims->size())) continue;
    best = std::move(victims);
    if (!demand.empty()) placing_.keep({first, number});
    if (best->empty()) break; // those that were asked will do
  }
  return best.value_or(std::vector<flight*>{});
}

/// The attempts on a node that have to end so that one of this priority can start there, beyond those that were asked before:
/// of the lowest priority, of these the ones that started last, and no more than it takes. Nothing where all together would
/// not do.
std::optional<std::vector<engine_core::flight*>>
engine_core::victims_for(std::int32_t priority, const scheduling::resource_vector& demand,
                         scheduling::node_number on) {
  const scheduling::pool_node& node = *pool_.find(on);
  auto free = node.books.free();
  // Of those that wait for a commit alone the places come free soon.
  const std::size_t most =
      lazy_ ? node.is.places : std::min(node.is.places, around_.options.max_uncommitted);
  std::size_t places = most - std::min(most, node.in_flight);
  const auto demand_of = [&](const flight& of) -> const scheduling::resource_vector& {
    static const scheduling::resource_vector none;
    return of.grant == 0 ? none : node.books.grants().at(of.grant).demand;
  };
  const auto give = [&](const flight& of) {
    ++places;
    free = scheduling::sum(free, demand_of(of)).value_or(free);
  };
  const auto is_enough = [&] { return places > 0 && scheduling::fits(demand, free); };
  std::vector<flight*> may_end;
  for (const auto& each : preemptible_) {
    if (each->node != on) continue;
    const bool was_asked = each->asked != time_point{};
    if (was_asked && around_.now() - each->asked < deaf_after) give(*each);
    const auto run = runs_.find(each->run_id);
    if (!was_asked && each->priority < priority && run != runs_.end() &&
        run->second.state.may_be_preempted(each->attempt) &&
        run->second.state.preemptions_of(each->attempt.instance) < around_.options.max_preemptions)
      may_end.push_back(each.get());
  }
  if (is_enough()) return std::vector<flight*>{};
  std::ranges::sort(may_end, [](const flight* a, const flight* b) {
    return std::pair{a->priority, b->timing.started} < std::pair{b->priority, a->timing.started};
  });
  std::vector<flight*> chosen;
  for (flight* each : may_end) {
    give(*each);
    chosen.push_back(each);
    if (is_enough()) break;
  }
  if (!is_enough()) return std::nullopt;
  // What an earlier one gives may not be needed with what a later one does.
  std::erase_if(chosen, [&](const flight* each) {
    const auto left = scheduling::difference(free, demand_of(*each));
    if (places < 2 || !left || !scheduling::fits(demand, *left)) return false;
    --places;
    free = *left;
    return true;
  });
  return chosen;
}

/// Whether a failure is the answer of an agent that was asked for its place.
bool engine_core::gives_its_place(const live_run& run, const attempt_id& attempt, const pulse& said,
                                  const failure& why) const {
  return said.preempted() && why.retryable && why.type != "workflow.timeout" &&
         run.state.may_be_preempted(attempt);
}

} // namespace troupe::workflow
