#include "actors/scheduling/ranks.hpp"

#include <algorithm>

namespace troupe::scheduling {
namespace {

double mean_seconds(std::span<const double> row, const cluster& on) {
  double sum = 0;
  std::uint64_t slots = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == never) continue;
    sum += row[i] * on.pools()[i].count;
    slots += on.pools()[i].count;
  }
  return sum / static_cast<double>(slots);
}

double mean_seconds_per_byte(const cluster& on) {
  const auto count = static_cast<std::uint32_t>(on.nodes().size());
  std::vector<double> weight(count);
  for (std::uint32_t i = 0; i < count; ++i)
    weight[i] = static_cast<double>(on.slots_of_node(i)) / static_cast<double>(on.slot_count());
  double sum = 0;
  for (std::uint32_t a = 0; a < count; ++a)
    for (std::uint32_t b = 0; b < count; ++b)
      if (a != b)
        sum += weight[a] * weight[b] /
               std::min(on.nodes()[a].bandwidth_bytes_per_second,
                        on.nodes()[b].bandwidth_bytes_per_second);
  return sum;
}

} // namespace

mean_costs average(const cost_table& costs, const cluster& on) {
  mean_costs means;
  means.seconds.resize(costs.size());
  for (std::uint32_t i = 0; i < costs.size(); ++i)
    means.seconds[i] = mean_seconds(costs.row(i), on);
  means.seconds_per_byte = mean_seconds_per_byte(on);
  return means;
}

std::vector<double> upward_rank(const task_graph& graph, const mean_costs& means) {
  std::vector<double> rank(graph.size());
  for (std::size_t i = graph.size(); i-- > 0;) {
    const std::uint32_t task = graph.order()[i];
    double longest = 0;
    for (const neighbour& next : graph.successors(task))
      longest = std::max(longest, static_cast<double>(next.bytes) * means.seconds_per_byte +
                                      rank[next.task]);
    rank[task] = means.seconds[task] + longest;
  }
  return rank;
}

} // namespace troupe::scheduling
