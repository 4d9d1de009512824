#include "actors/scheduling/lower_bound.hpp"

namespace troupe::scheduling {
namespace {

/// When each task ends at the earliest, were there slots without end.
std::vector<double> earliest_ends(const task_graph& graph, const cost_table& costs) {
  std::vector<double> end(graph.size());
  for (const std::uint32_t task : graph.order()) {
    double ready = 0;
    for (const neighbour& before : graph.predecessors(task))
      ready = std::max(ready, end[before.task]);
    end[task] = costs.least_seconds(task) + ready;
  }
  return end;
}

/// Those with a GPU version, the most accelerated first, equals by number.
std::vector<std::uint32_t> by_acceleration(const cost_table& costs) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < costs.size(); ++i)
    if (costs.acceleration_of(i) > 0) out.push_back(i);
  std::stable_sort(out.begin(), out.end(), [&](std::uint32_t a, std::uint32_t b) {
    return costs.acceleration_of(a) > costs.acceleration_of(b);
  });
  return out;
}

/// Sums exactly but for the last rounding in all but contrived cases: work adds up over very unlike tasks.
/// Source: Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen (1974).
double total_work(const cost_table& costs) {
  double sum = 0, lost = 0;
  for (std::uint32_t i = 0; i < costs.size(); ++i) {
    const double next = costs.base_seconds(i), both = sum + next;
    lost += sum >= next ? (sum - both) + next : (next - both) + sum;
    sum = both;
  }
  return sum + lost;
}

struct pooled_speed {
  double cpu = 0, gpu = 0;
};

pooled_speed pooled(const cluster& on) {
  pooled_speed sum;
  for (const slot_pool& pool : on.pools())
    (pool.kind == slot_kind::cpu ? sum.cpu : sum.gpu) += pool.speed * pool.count;
  return sum;
}

/// Moves work from the CPUs to the GPUs, what gains most first, until both end at one time.
double area(const cluster& on, const cost_table& costs) {
  const auto [cpu, gpu] = pooled(on);
  double on_cpu = total_work(costs), on_gpu = 0;
  if (gpu > 0)
    for (const std::uint32_t i : by_acceleration(costs)) {
      const double c = costs.base_seconds(i), g = c / costs.acceleration_of(i);
      if (cpu == 0 || (on_gpu + g) / gpu <= (on_cpu - c) / cpu) {
        on_gpu += g;
        on_cpu -= c;
        continue;
      }
      const double share = (on_cpu * gpu - on_gpu * cpu) / (g * cpu + c * gpu);
      const double moved = std::clamp(share, 0.0, 1.0);
      on_gpu += moved * g;
      on_cpu -= moved * c;
      break;
    }
  return std::max(cpu > 0 ? on_cpu / cpu : 0.0, gpu > 0 ? on_gpu / gpu : 0.0);
}

} // namespace

lower_bound bound_of(const task_graph& graph, const cluster& on, const cost_table& costs) {
  const auto ends = earliest_ends(graph, costs);
  return {*std::max_element(ends.begin(), ends.end()), area(on, costs)};
}

std::vector<std::uint32_t> critical_path(const task_graph& graph, const cost_table& costs) {
  const auto ends = earliest_ends(graph, costs);
  auto at = static_cast<std::uint32_t>(std::max_element(ends.begin(), ends.end()) - ends.begin());
  std::vector<std::uint32_t> way{at};
  while (!graph.predecessors(at).empty()) {
    std::uint32_t last = graph.predecessors(at).front().task;
    for (const neighbour& before : graph.predecessors(at))
      if (ends[before.task] > ends[last]) last = before.task;
    way.push_back(at = last);
  }
  std::reverse(way.begin(), way.end());
  return way;
}

} // namespace troupe::scheduling
