#include "actors/workflow/engine_flight.hpp"
#include "actors/workflow/engine_policy.hpp"
#include "actors/workflow/errors.hpp"

#include <fmt/format.h>
#include <set>
#include <utility>

// Which nodes attempts run on: they come, are emptied, and go. What a node had in flight when it went is lost, as what a process
// had when it ended: its instances are tried again at once, and its late answers are refused by their tokens.
namespace troupe::workflow {
namespace {

tl::unexpected<error> no_such_node(const std::string& name) {
  return fail(workflow_errc::node_unknown,
              fmt::format("there is no node '{}'; add it first", name.substr(0, 140)));
}

tl::unexpected<error> other_life(const scheduling::node_description& there,
                                 std::uint64_t incarnation) {
  return fail(
      workflow_errc::node_unknown,
      fmt::format("node '{}' is there with incarnation {}, not {}; go by what the later one "
                  "says",
                  there.name, there.incarnation, incarnation));
}

} // namespace

result<void> engine_core::add_node(scheduling::node_description added) {
  if (failed_) return tl::unexpected(*failed_);
  if (added.name.empty() || added.name == around_.options.node_name)
    return fail(workflow_errc::bad_input,
                fmt::format("'{}' is {}; give the node a name of its own", added.name,
                            added.name.empty() ? "no name" : "this process"));
  if (const scheduling::pool_node* there = pool_.find(added.name)) {
    if (there->is.incarnation > added.incarnation) return other_life(there->is, added.incarnation);
    if (there->is.incarnation == added.incarnation) {
      pool_.update(there->number, std::move(added));
      nodes_changed();
      return {};
    }
    remove_life(there->number);
  }
  (void)pool_.add(std::move(added));
  nodes_changed();
  return {};
}

result<void> engine_core::set_nodes(std::vector<scheduling::node_description> all) {
  if (failed_) return tl::unexpected(*failed_);
  std::set<std::string> names;
  for (const auto& each : all)
    names.insert(each.name);
  std::vector<scheduling::node_number> gone;
  for (const auto& [number, each] : pool_.nodes())
    if (number != here_ && !names.contains(each->is.name)) gone.push_back(number);
  for (const scheduling::node_number each : gone)
    remove_life(each);
  for (auto& each : all)
    if (auto added = add_node(std::move(each)); !added) return added;
  nodes_changed();
  return {};
}

result<void> engine_core::set_node_state(const std::string& name, std::uint64_t incarnation,
                                         scheduling::node_state state) {
  if (failed_) return tl::unexpected(*failed_);
  const scheduling::pool_node* there = pool_.find(name);
  if (!there) return no_such_node(name);
  if (there->is.incarnation != incarnation) return other_life(there->is, incarnation);
  pool_.set_state(there->number, state);
  nodes_changed();
  return {};
}

result<void> engine_core::drain_node(const std::string& name) {
  const scheduling::pool_node* there = pool_.find(name);
  if (!there) return no_such_node(name);
  return set_node_state(name, there->is.incarnation, scheduling::node_state::draining);
}

result<std::size_t> engine_core::remove_node(const std::string& name, std::uint64_t incarnation) {
  if (failed_) return tl::unexpected(*failed_);
  const scheduling::pool_node* there = pool_.find(name);
  if (!there) return no_such_node(name);
  if (there->number == here_)
    return fail(workflow_errc::bad_input, "this process is not gone; drain it");
  if (there->is.incarnation > incarnation) return other_life(there->is, incarnation);
  const auto its = elsewhere_.find(there->number);
  const std::size_t lost = its == elsewhere_.end() ? 0 : its->second.size();
  remove_life(there->number);
  nodes_changed();
  return lost;
}

/// The node is let go of first, so that nothing that follows from the losses starts there.
void engine_core::remove_life(scheduling::node_number gone) {
  const scheduling::node_description was = pool_.find(gone)->is;
  pool_.remove(gone);
  auto its = elsewhere_.extract(gone);
  if (its.empty()) return;
  for (const auto& [number, each] : its.mapped())
    lose(each, was);
}

void engine_core::lose(const std::shared_ptr<flight>& gone,
                       const scheduling::node_description& with) {
  leave_place(*gone);
  gone->timing.ran = std::max(around_.now() - gone->timing.started, duration{});
  settle_charge(*gone);
  gone->tenant = 0; // what it still answers costs nothing
  const auto found = runs_.find(gone->run_id);
  live_run* run =
      found != runs_.end() && found->second.epoch == gone->epoch ? &found->second : nullptr;
  const bool recorded = !failed_ && run && run->state.is_current(gone->attempt);
  if (recorded) {
    run->pulses.erase(gone->attempt.token);
    record(gone->run_id, *run,
           step_lost{gone->attempt, with.name, with.incarnation, gone->beats->details(),
                     std::move(gone->timing)});
    note_progress(gone->run_id, *run);
    if (!run->state.close_time(gone->attempt.instance))
      disarm_close_timer(*run, gone->attempt.instance);
  }
  count_ended(*gone, run, recorded);
}

/// What was reckoned by the nodes that were there is reckoned anew.
void engine_core::nodes_changed() {
  if (pool_.nodes().size() > 1 || pool_.find(here_)->is.state != scheduling::node_state::active)
    place_on_several();
  note_places(around_.now());
  for (auto& [run_id, run] : runs_) {
    if (!run.plan) continue;
    run.plan->steps.clear();
    if (!std::exchange(run.plan->stale, true)) moved_.push_back(run_id);
  }
}

std::vector<node_at_work> engine_core::nodes() const {
  std::vector<node_at_work> made;
  for (const auto& [number, each] : pool_.nodes())
    made.push_back({each->is, each->in_flight, each->books.free(), each->work_seconds});
  return made;
}

} // namespace troupe::workflow
