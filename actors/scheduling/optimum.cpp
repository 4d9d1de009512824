#include "actors/scheduling/optimum.hpp"

#include "actors/scheduling/slot_assignment.hpp"

#include <algorithm>
#include <numeric>

namespace troupe::scheduling {
namespace {

/// Tasks are placed in the order of their starts. That loses nothing: placed in this order, each at its earliest time, the tasks of
/// any plan start no later than in it. So at the time of a placement usage only falls from then on.
class branch_and_bound {
public:
  branch_and_bound(const problem& of, double known, std::uint64_t most)
      : of_{of}, shortest_{known}, most_{most}, placed_(of.graph.size()), left_(of.graph.size()),
        tail_(of.graph.size()), tasks_on_(of.cluster.nodes().size()) {
    for (std::size_t i = of.graph.size(); i-- > 0;) {
      const std::uint32_t task = of.graph.order()[i];
      left_[task] = static_cast<std::uint32_t>(of.graph.predecessors(task).size());
      for (const neighbour& next : of.graph.successors(task))
        tail_[task] = std::max(tail_[task], tail_[next.task] + of.costs.least_seconds(next.task));
      work_left_ += of.costs.least_seconds(task);
    }
    find_twins();
  }

  void run() { branch(0, 0); }

  /// [tasks]; empty where nothing was shorter than what was known.
  std::vector<pool_placement> best;
  [[nodiscard]] bool complete() const { return looked_ < most_; }
  [[nodiscard]] std::uint64_t looked() const { return looked_; }

private:
  /// Nodes that differ in nothing but their names: of those without any task only the first is tried.
  void find_twins() {
    const auto same = [](const cluster_node& a, const cluster_node& b) {
      return a.cpu_slots == b.cpu_slots && a.gpu_slots == b.gpu_slots &&
             a.cpu_speed == b.cpu_speed && a.gpu_speed == b.gpu_speed &&
             a.memory_bytes == b.memory_bytes &&
             a.bandwidth_bytes_per_second == b.bandwidth_bytes_per_second;
    };
    const auto& nodes = of_.cluster.nodes();
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      std::uint32_t twin = i;
      while (twin > 0 && !same(nodes[twin - 1], nodes[i]))
        --twin;
      twin_.push_back(twin == 0 ? none : twin - 1);
    }
  }

  [[nodiscard]] bool is_copy(std::uint32_t node) const {
    return tasks_on_[node] == 0 && twin_[node] != none && tasks_on_[twin_[node]] == 0;
  }

  struct option {
    std::uint32_t task = 0;
    pool_placement at;
    /// No plan that has it ends earlier.
    double bound = 0;
  };

  void branch(double from, std::uint32_t last_task) {
    if (order_.size() == of_.graph.size()) return keep();
    std::vector<option> options;
    // A task without a good place left ends this branch, whichever task comes next.
    for (std::uint32_t task = 0; task < of_.graph.size(); ++task)
      if (!done(task) && left_[task] == 0 && !add_options(task, from, options)) return;
    if (area_bound(from) >= shortest_) return;
    std::stable_sort(options.begin(), options.end(),
                     [](const option& a, const option& b) { return a.bound < b.bound; });
    for (const option& each : options) {
      if (each.bound >= shortest_ || ++looked_ >= most_) return;
      // The same two tasks in the other order are tried, too.
      if (!order_.empty() && each.at.start == from && each.task < last_task) continue;
      put(each);
      branch(each.at.start, each.task);
      take_back(each);
    }
  }

  /// @returns whether the task has any place that leaves room for a shorter plan.
  bool add_options(std::uint32_t task, double from, std::vector<option>& options) const {
    bool any = false;
    const auto costs = of_.costs.row(task);
    for (std::uint32_t pool = 0; pool < costs.size(); ++pool) {
      if (costs[pool] == never || is_copy(of_.cluster.pools()[pool].node)) continue;
      const double start = earliest(task, pool, from);
      const double finish = start + costs[pool];
      if (finish + tail_[task] >= shortest_) continue;
      any = true;
      options.push_back({task, {pool, start, finish}, finish + tail_[task]});
    }
    return any;
  }

  [[nodiscard]] double earliest(std::uint32_t task, std::uint32_t pool, double from) const {
    const std::uint32_t node = of_.cluster.pools()[pool].node;
    double start = from;
    for (const neighbour& before : of_.graph.predecessors(task)) {
      const pool_placement& made = placed_[before.task];
      start = std::max(start,
                       made.finish + of_.cluster.transfer_seconds(
                                         before.bytes, of_.cluster.pools()[made.pool].node, node));
    }
    while (!fits(task, pool, start))
      start = next_finish(node, start);
    return start;
  }

  [[nodiscard]] bool fits(std::uint32_t task, std::uint32_t pool, double time) const {
    std::uint32_t running = 0;
    std::uint64_t free = of_.cluster.nodes()[of_.cluster.pools()[pool].node].memory_bytes;
    for (const std::uint32_t other : order_) {
      const pool_placement& at = placed_[other];
      if (at.finish <= time) continue;
      if (at.pool == pool) ++running;
      if (of_.cluster.pools()[at.pool].node == of_.cluster.pools()[pool].node)
        free -= of_.costs.memory_bytes(other);
    }
    return running < of_.cluster.pools()[pool].count && free >= of_.costs.memory_bytes(task);
  }

  /// Of the tasks that run on the node at `time`; there is one, or everything would fit.
  [[nodiscard]] double next_finish(std::uint32_t node, double time) const {
    double next = never;
    for (const std::uint32_t other : order_)
      if (of_.cluster.pools()[placed_[other].pool].node == node && placed_[other].finish > time)
        next = std::min(next, placed_[other].finish);
    return next;
  }

  /// What is left at its least cost, spread over all slots from where they are free.
  [[nodiscard]] double area_bound(double from) const {
    double sum = work_left_ + from * of_.cluster.slot_count();
    for (const std::uint32_t task : order_)
      sum += std::max(0.0, placed_[task].finish - from);
    return sum / of_.cluster.slot_count();
  }

  void put(const option& each) {
    placed_[each.task] = each.at;
    order_.push_back(each.task);
    ++tasks_on_[of_.cluster.pools()[each.at.pool].node];
    work_left_ -= of_.costs.least_seconds(each.task);
    for (const neighbour& next : of_.graph.successors(each.task))
      --left_[next.task];
  }

  void take_back(const option& each) {
    order_.pop_back();
    --tasks_on_[of_.cluster.pools()[each.at.pool].node];
    work_left_ += of_.costs.least_seconds(each.task);
    for (const neighbour& next : of_.graph.successors(each.task))
      ++left_[next.task];
  }

  void keep() {
    double makespan = 0;
    for (const pool_placement& each : placed_)
      makespan = std::max(makespan, each.finish);
    if (makespan >= shortest_) return;
    shortest_ = makespan;
    best = placed_;
  }

  [[nodiscard]] bool done(std::uint32_t task) const {
    return std::find(order_.begin(), order_.end(), task) != order_.end();
  }

  static constexpr std::uint32_t none = ~std::uint32_t{0};
  const problem& of_;
  double shortest_;
  std::uint64_t most_;
  std::uint64_t looked_ = 0;
  std::vector<pool_placement> placed_;
  std::vector<std::uint32_t> order_, left_;
  std::vector<double> tail_;
  std::vector<std::uint32_t> tasks_on_, twin_;
  double work_left_ = 0;
};

} // namespace

optimum find_optimum(const problem& of, schedule known, std::uint64_t most_partial_plans) {
  // A hair's breadth below what is known is no improvement, but rounding.
  branch_and_bound search{of, known.makespan() * (1 - 1e-12), most_partial_plans};
  search.run();
  optimum found{std::move(known), search.complete(), search.looked()};
  if (!search.best.empty()) found.plan = assign_slots(of, search.best);
  return found;
}

} // namespace troupe::scheduling
