#include "actors/workflow/engine_flight.hpp"

#include <algorithm>
#include <utility>

// How many effects a crash may repeat: each attempt counts from its start until the event that ends it is durable. What an
// agent has may have had its effect, and what it answered is lost with the process until then.
namespace troupe::workflow {

/// Of a store in memory nothing outlives the process, so nothing is repeated.
bool engine_core::may_begin() const {
  return lazy_ || uncommitted_ < around_.options.max_uncommitted;
}

/// Whether no attempt of any run may start.
bool engine_core::places_full() const {
  return (several_ ? pool_.free_places() == 0
                   : in_flight_ >= around_.options.max_attempts_in_flight) ||
         !may_begin();
}

std::size_t engine_core::uncommitted_bound(const live_run& run) const {
  const auto& wanted = run.state.workflow()->max_uncommitted;
  return wanted ? std::max<std::size_t>(*wanted, 1) : engine_options::unlimited;
}

/// The same of attempts of one run.
bool engine_core::at_bound(const live_run& run) const {
  return !lazy_ && run.uncommitted >= uncommitted_bound(run);
}

void engine_core::count_begun(live_run& run, flight& here) {
  here.uncommitted = true;
  ++uncommitted_;
  ++run.uncommitted;
}

/// An attempt is over. @param run that it is of, where that is at work here still; @param recorded its end among the run's
///   pending events.
void engine_core::count_ended(flight& here, live_run* run, bool recorded) {
  if (!std::exchange(here.uncommitted, false) || failed_) return;
  if (recorded) {
    ++run->pending.ended;
  } else if (run && !lazy_ && run->committed < run->state.version()) {
    // What made its answer worthless may be lost, too: then it is tried again.
    ++last_unsettled(here.run_id, *run).ended;
  } else {
    unsettled over;
    over.ended = 1;
    count_durable(over, run);
  }
}

/// @param run that the part is of; nullptr where it is gone.
void engine_core::count_durable(const unsettled& part, live_run* run) {
  uncommitted_ -= part.ended;
  ahead_ -= part.started_ahead;
  if (full_since_) note_places(around_.now());
  if (!run) return;
  run->uncommitted -= part.ended;
  run->ahead -= part.started_ahead;
  let_go_on(*run);
}

/// Takes one out of the line whose run has as many uncommitted as it may. @returns whether it is one.
bool engine_core::hold_back(waiting_attempts& from, waiting_attempts::iterator which) {
  const started_attempt& wanted = which->second.wanted;
  if (is_stale(wanted)) return false;
  live_run& run = runs_.at(wanted.run_id);
  if (!at_bound(run)) return false;
  line_.remove(which->first);
  held_by_run_[wanted.run_id].insert(which->first);
  auto waits = from.extract(which);
  shares_.leave(std::exchange(waits.mapped().wanted.tenant, 0));
  held_.insert(std::move(waits));
  return true;
}

/// Puts as many of a run back into the line as may start of it, and some more, since one of them may wait for something else
/// there. Not all: a run may have very many. Called for each commit of the run, so those that are left have their turn.
void engine_core::let_go_on(live_run& run) {
  constexpr std::size_t more = 16;
  const std::size_t bound = uncommitted_bound(run);
  if (held_by_run_.empty() || run.uncommitted >= bound) return;
  const auto its = held_by_run_.find(run.state.run_id());
  if (its == held_by_run_.end()) return;
  auto& held = its->second;
  for (std::size_t room = std::min(bound - run.uncommitted, held.size()) + more;
       room > 0 && !held.empty();) {
    const auto found = held_.find(held.extract(held.begin()).value());
    // Its time to start was over, or others went before it at its keys.
    if (found == held_.end()) continue;
    if (is_stale(found->second.wanted)) {
      (void)take(held_, found);
      continue;
    }
    join_line(run, held_.extract(found));
    --room;
  }
  if (held.empty()) held_by_run_.erase(its);
}

/// Of a run that is let go of.
void engine_core::forget_held(const live_run& run) {
  const auto its = held_by_run_.extract(run.state.run_id());
  if (!its) return;
  for (const waiting_key& key : its.mapped())
    if (const auto found = held_.find(key); found != held_.end()) (void)take(held_, found);
}

void engine_core::describe_uncommitted(const started_attempt& wanted, waiting_reason& into) const {
  into.why = waiting_reason::cause::uncommitted;
  const auto run = runs_.find(wanted.run_id);
  const bool of_run = run != runs_.end() && at_bound(run->second);
  into.held = of_run ? run->second.uncommitted : uncommitted_;
  into.bound = of_run ? uncommitted_bound(run->second) : around_.options.max_uncommitted;
}

} // namespace troupe::workflow
