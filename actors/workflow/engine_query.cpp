#include "actors/workflow/engine_flight.hpp"
#include "actors/workflow/query.hpp"

namespace troupe::workflow {

result<query_answer> engine_core::query(const std::string& run_id, std::string_view path) {
  // What is in memory may be ahead of what the store took.
  if (failed_) return tl::unexpected(*failed_);
  if (const auto run = runs_.find(run_id); run != runs_.end()) {
    const auto pulses = pulses_of(run->second);
    return workflow::query(run->second.state, path, &pulses);
  }
  const auto state = load(run_id);
  if (!state) return tl::unexpected(state.error());
  return workflow::query(*state, path);
}

/// Of the attempts that agents have.
std::vector<attempt_pulse> engine_core::pulses_of(const live_run& run) {
  std::vector<attempt_pulse> made;
  for (const attempt_id& attempt : run.state.in_flight())
    if (const auto said = run.pulses.find(attempt.token); said != run.pulses.end())
      made.push_back({attempt, said->second->last(), said->second->details()});
  return made;
}

} // namespace troupe::workflow
