#include "actors/scheduling/plan_report.hpp"

#include <algorithm>
#include <optional>

namespace troupe::scheduling {
namespace {

utilisation used_of(const problem& of, const schedule& plan, double makespan) {
  double busy[2]{}, slots[2]{};
  for (const placement& each : plan.placements)
    busy[static_cast<int>(of.cluster.pool_at(each.slot).kind)] += each.finish - each.start;
  for (const slot_pool& pool : of.cluster.pools())
    slots[static_cast<int>(pool.kind)] += pool.count;
  const auto share = [&](double time, double count) {
    return count > 0 ? time / (count * makespan) : 0;
  };
  return {share(busy[0], slots[0]), share(busy[1], slots[1]),
          share(busy[0] + busy[1], slots[0] + slots[1])};
}

class way_finder {
public:
  way_finder(const problem& of, const schedule& plan) : of_{of}, plan_{plan} {
    for (const placement& each : plan.placements)
      ends_.emplace_back(of.cluster.pool_of(each.slot), each.finish);
    std::sort(ends_.begin(), ends_.end());
  }

  last_way run() {
    std::optional<std::uint32_t> at = last_task();
    while (at) {
      way_.tasks.push_back(*at);
      at = go_back(*at);
    }
    std::reverse(way_.tasks.begin(), way_.tasks.end());
    return std::move(way_);
  }

private:
  struct arrival {
    std::uint32_t task = 0;
    double time = 0;
  };

  [[nodiscard]] std::uint32_t last_task() const {
    const auto& all = plan_.placements;
    const auto last =
        std::max_element(all.begin(), all.end(), [](const placement& a, const placement& b) {
          return a.finish < b.finish;
        });
    return static_cast<std::uint32_t>(last - all.begin());
  }

  [[nodiscard]] std::optional<arrival> last_input(std::uint32_t task) const {
    std::optional<arrival> last;
    const std::uint32_t node = of_.cluster.pool_at(plan_.placements[task].slot).node;
    for (const neighbour& input : of_.graph.predecessors(task)) {
      const placement& made = plan_.placements[input.task];
      const double time = made.finish + of_.cluster.transfer_seconds(
                                            input.bytes, of_.cluster.pool_at(made.slot).node, node);
      if (!last || time > last->time) last = {input.task, time};
    }
    return last;
  }

  /// Adds what a task contributes. @returns the task before it.
  std::optional<std::uint32_t> go_back(std::uint32_t task) {
    const placement& at = plan_.placements[task];
    const double least = of_.costs.least_seconds(task);
    way_.least_run_seconds += least;
    way_.slower_slot_seconds += at.finish - at.start - least;
    const auto input = last_input(task);
    const double waited = at.start - (input ? input->time : 0);
    // A slot that somebody left when the task started is what it waited for; else it was the memory.
    const bool left = std::binary_search(ends_.begin(), ends_.end(),
                                         std::pair{of_.cluster.pool_of(at.slot), at.start});
    (left ? way_.slot_wait_seconds : way_.memory_wait_seconds) += waited;
    if (!input) return std::nullopt;
    way_.transfer_seconds += input->time - plan_.placements[input->task].finish;
    return input->task;
  }

  const problem& of_;
  const schedule& plan_;
  /// Pool and time of every end.
  std::vector<std::pair<std::uint32_t, double>> ends_;
  last_way way_;
};

} // namespace

plan_report report_of(const problem& of, const schedule& plan) {
  plan_report out;
  out.makespan_seconds = plan.makespan();
  out.bound = bound_of(of.graph, of.cluster, of.costs);
  out.used = used_of(of, plan, out.makespan_seconds);
  out.way = way_finder{of, plan}.run();
  return out;
}

} // namespace troupe::scheduling
