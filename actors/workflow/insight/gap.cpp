#include "actors/workflow/insight/bound.hpp"

#include <algorithm>
#include <array>

namespace troupe::workflow {
namespace {

using times = std::array<duration, phase_kinds>;

duration& of_kind(times& all, phase_kind kind) {
  return all[static_cast<std::size_t>(kind)];
}

duration sum(const times& all) {
  duration made{};
  for (const duration each : all)
    made += each;
  return made;
}

/// What the run spent its time on, along the chain; all of it adds up to the makespan.
times spent(const run_insight& of, const std::vector<std::size_t>& chain,
            std::optional<duration> turned) {
  times made{};
  duration at{};
  for (const std::size_t link : chain)
    for (const phase& each : of.instances[link].phases) {
      if (each.to <= at) continue;
      of_kind(made, phase_kind::engine) += std::max(each.from - at, duration{});
      of_kind(made, each.kind) += each.to - std::max(each.from, at);
      at = each.to;
    }
  const duration undone = std::max(at, turned.value_or(of.makespan));
  of_kind(made, phase_kind::engine) += undone - at;
  of_kind(made, phase_kind::compensation) += of.makespan - undone;
  return made;
}

/// Takes what the bound has more than the chain off the waits that it explains.
void take(times& from, duration& credit, phase_kind kind) {
  const duration taken = std::min(credit, of_kind(from, kind));
  of_kind(from, kind) -= taken;
  credit -= taken;
}

/// Scales all parts to the sum `to`, exactly.
void scale(times& parts, duration to) {
  const duration all = sum(parts);
  if (all == duration{}) return;
  const long double factor =
      static_cast<long double>(to.count()) / static_cast<long double>(all.count());
  duration left = to;
  for (duration& each : parts) {
    each = std::min(
        left, duration{static_cast<std::int64_t>(static_cast<long double>(each.count()) * factor)});
    left -= each;
  }
  *std::max_element(parts.begin(), parts.end()) += left; // of rounding
}

} // namespace

void explain_gap(run_insight& of, std::optional<std::size_t> last,
                 const std::vector<std::optional<std::size_t>>& after,
                 std::optional<duration> turned) {
  std::vector<std::size_t> chain;
  for (auto at = last; at; at = after[*at])
    chain.push_back(*at);
  std::reverse(chain.begin(), chain.end());
  for (const std::size_t link : chain)
    of.chain.push_back(of.instances[link].id);
  const times on_chain = spent(of, chain, turned);
  times parts = on_chain;
  of_kind(parts, phase_kind::running) = {};
  duration credit = sum(parts) - of.gap_total();
  if (of.bound.binds == run_bound::kind::work)
    for (const auto kind : {phase_kind::resources, phase_kind::places, phase_kind::parallelism})
      take(parts, credit, kind);
  scale(parts, of.gap_total());
  for (std::size_t i = 0; i < phase_kinds; ++i) {
    const auto kind = static_cast<phase_kind>(i);
    if (kind != phase_kind::running && on_chain[i] > duration{})
      of.gap.push_back({kind, on_chain[i], parts[i]});
  }
  std::stable_sort(of.gap.begin(), of.gap.end(), [](const gap_part& a, const gap_part& b) {
    return std::pair{a.gap, a.on_chain} > std::pair{b.gap, b.on_chain};
  });
}

} // namespace troupe::workflow
