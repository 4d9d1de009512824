#include "actors/scheduling/online/figures.hpp"

#include "actors/scheduling/lower_bound.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace troupe::scheduling {
namespace {

double mean(const std::vector<double>& of) {
  return std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(of.size());
}

/// The value at rank ceil(0.95 n).
double p95(const std::vector<double>& sorted) {
  const auto rank = static_cast<std::size_t>(std::ceil(.95 * static_cast<double>(sorted.size())));
  return sorted[std::min(rank, sorted.size()) - 1];
}

double jain(const std::vector<double>& of) {
  const double sum = std::accumulate(of.begin(), of.end(), 0.0);
  const double squares = std::inner_product(of.begin(), of.end(), of.begin(), 0.0);
  return sum * sum / (static_cast<double>(of.size()) * squares);
}

void add_utilisation(online_figures& to, const simulation& run, const cluster& on) {
  std::array<double, 2> slots{};
  for (const slot_pool& pool : on.pools())
    slots[static_cast<std::size_t>(pool.kind)] += pool.count;
  if (slots[0] > 0) to.cpu_utilisation = run.busy_seconds[0] / (slots[0] * to.span);
  if (slots[1] > 0) to.gpu_utilisation = run.busy_seconds[1] / (slots[1] * to.span);
  to.utilisation = (run.busy_seconds[0] + run.busy_seconds[1]) / ((slots[0] + slots[1]) * to.span);
}

} // namespace

result<std::vector<double>> bounds_of(const cluster& on,
                                      const std::vector<simulated_workflow>& stream) {
  std::vector<double> out;
  for (const simulated_workflow& each : stream) {
    const auto costs = cost_table::make(each.known->graph, on, each.factors);
    if (!costs) return tl::unexpected(costs.error());
    out.push_back(bound_of(each.known->graph, on, *costs).seconds());
  }
  return out;
}

online_figures figures_of(const simulation& run, const cluster& on,
                          const std::vector<simulated_workflow>& stream,
                          const std::vector<double>& bounds) {
  std::vector<double> jct, stretch;
  double first = never;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    jct.push_back(run.ends[i] - stream[i].arrival_seconds);
    stretch.push_back(jct.back() / bounds[i]);
    first = std::min(first, stream[i].arrival_seconds);
  }
  online_figures out;
  out.workflows = stream.size();
  out.jain_stretch = jain(stretch);
  std::sort(jct.begin(), jct.end());
  std::sort(stretch.begin(), stretch.end());
  out.mean_jct = mean(jct);
  out.median_jct = jct[jct.size() / 2];
  out.p95_jct = p95(jct);
  out.mean_stretch = mean(stretch);
  out.p95_stretch = p95(stretch);
  out.max_stretch = stretch.back();
  out.span = *std::max_element(run.ends.begin(), run.ends.end()) - first;
  add_utilisation(out, run, on);
  return out;
}

} // namespace troupe::scheduling
