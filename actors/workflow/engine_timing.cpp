#include "actors/workflow/engine_core.hpp"

#include <algorithm>
#include <limits>
#include <utility>

// What histories say of who has a run at work, and of what attempts waited for.
namespace troupe::workflow {
namespace {

constexpr std::size_t most_node_class_bytes = 200;
/// Of resources that were missing: enough to say where to look.
constexpr std::size_t most_missing_named = 4;

} // namespace

run_host engine_core::host() const {
  const std::size_t slots = around_.options.max_attempts_in_flight;
  return {around_.options.node_class.substr(0, most_node_class_bytes), resources().capacity(),
          static_cast<std::uint32_t>(
              std::min<std::size_t>(slots, std::numeric_limits<std::uint32_t>::max())),
          around_.history.owner()};
}

/// For how long all places have been taken so far: of the wait of an attempt that part was for a place, whoever left one.
duration engine_core::full_time(time_point now) const {
  return full_time_ + (full_since_ ? std::max(now - *full_since_, duration{}) : duration{});
}

/// A place was taken or left.
void engine_core::note_places(time_point now) {
  const bool full = places_full();
  if (full == full_since_.has_value()) return;
  full_time_ = full_time(now);
  full_since_ = full ? std::optional{now} : std::nullopt;
}

/// Says of those that could not start at once what there is not enough of.
void engine_core::note_missing() {
  for (const waiting_key& key : std::exchange(fresh_, {})) {
    const auto found = demanding_.find(key);
    if (found == demanding_.end()) continue;
    std::vector<std::string>& missing = found->second.wanted.missing;
    const scheduling::resource_vector& demand = *line_.demand_of(key);
    const auto run = several_ ? runs_.find(found->second.wanted.run_id) : runs_.end();
    const scheduling::pool_node* nearest =
        run == runs_.end()
            ? pool_.find(here_)
            : pool_.nearest(
                  need_of(run->second.state.definition_of(found->second.wanted.attempt.instance)),
                  demand);
    if (!nearest) continue;
    for (const auto& [name, amount] : scheduling::amounts_of(demand))
      if (amount > scheduling::amount_of(nearest->books.free(), name) &&
          missing.size() < most_missing_named)
        missing.push_back(name);
  }
}

void engine_core::add_waits(attempt_timing& made, const started_attempt& waited,
                            time_point now) const {
  const duration all = std::max(now - waited.scheduled, duration{});
  made.slot_wait = std::clamp(full_time(now) - waited.full_before, duration{}, all);
  made.resource_wait = all - made.slot_wait;
  made.missing = waited.missing;
}

} // namespace troupe::workflow
