#include "tests/actors/scheduling/schedule_checker.hpp"

#include <cmath>
#include <fmt/format.h>

namespace troupe::scheduling::test {
namespace {

/// Times may be off by this many seconds.
constexpr double tolerance = 1e-5;

std::string wrong_duration(const problem& of, std::uint32_t task, const placement& at) {
  const auto& pool = of.cluster.pool_at(at.slot);
  const auto& node = of.cluster.nodes()[pool.node];
  const double run = of.graph.tasks()[task].run_seconds;
  const double faster = of.costs.acceleration_of(task);
  if (pool.kind == slot_kind::gpu && faster == 0) return "has no GPU version";
  const double cost =
      pool.kind == slot_kind::cpu ? run / node.cpu_speed : run / (faster * node.gpu_speed);
  if (std::abs(at.finish - at.start - cost) > tolerance)
    return fmt::format("takes {} s, not {}", at.finish - at.start, cost);
  return {};
}

std::string placement_violation(const problem& of, std::uint32_t task, const placement& at) {
  if (at.slot >= of.cluster.slot_count()) return "is on no slot";
  if (!std::isfinite(at.start) || !std::isfinite(at.finish)) return "has no time";
  if (at.start < 0) return "starts before time 0";
  if (std::string wrong = wrong_duration(of, task, at); !wrong.empty()) return wrong;
  return {};
}

double arrival(const problem& of, const schedule& plan, const neighbour& input,
               std::uint32_t at_node) {
  const placement& made = plan.placements[input.task];
  const std::uint32_t node = of.cluster.pool_at(made.slot).node;
  if (node == at_node || input.bytes == 0) return made.finish;
  const double slowest = std::min(of.cluster.nodes()[node].bandwidth_bytes_per_second,
                                  of.cluster.nodes()[at_node].bandwidth_bytes_per_second);
  return made.finish + static_cast<double>(input.bytes) / slowest;
}

std::string input_violation(const problem& of, const schedule& plan, std::uint32_t task) {
  const placement& at = plan.placements[task];
  for (const neighbour& input : of.graph.predecessors(task)) {
    const double there = arrival(of, plan, input, of.cluster.pool_at(at.slot).node);
    if (at.start < there - tolerance)
      return fmt::format("starts at {}, but data of task {} arrive at {}", at.start, input.task,
                         there);
  }
  return {};
}

/// Of two tasks on one slot.
std::string overlap_violation(const schedule& plan) {
  for (std::uint32_t a = 0; a < plan.placements.size(); ++a)
    for (std::uint32_t b = a + 1; b < plan.placements.size(); ++b) {
      const placement &x = plan.placements[a], &y = plan.placements[b];
      if (x.slot == y.slot && x.start < y.finish - tolerance && y.start < x.finish - tolerance)
        return fmt::format("tasks {} and {} overlap on slot {}", a, b, x.slot);
    }
  return {};
}

/// Usage changes only where tasks start, so it is enough to look there.
std::string memory_violation(const problem& of, const schedule& plan) {
  for (std::uint32_t at = 0; at < plan.placements.size(); ++at) {
    const std::uint32_t node = of.cluster.pool_at(plan.placements[at].slot).node;
    const double time = plan.placements[at].start + tolerance;
    double used = 0;
    for (std::uint32_t i = 0; i < plan.placements.size(); ++i) {
      const placement& each = plan.placements[i];
      if (of.cluster.pool_at(each.slot).node != node) continue;
      if (each.start + tolerance <= time && time < each.finish - tolerance)
        used += static_cast<double>(of.costs.memory_bytes(i));
    }
    if (used > static_cast<double>(of.cluster.nodes()[node].memory_bytes))
      return fmt::format("{} bytes in use on node {} at {}", used, node, time);
  }
  return {};
}

} // namespace

std::string violation_of(const problem& of, const schedule& plan) {
  if (plan.placements.size() != of.graph.size()) return "not every task has a placement";
  for (std::uint32_t task = 0; task < of.graph.size(); ++task) {
    std::string wrong = placement_violation(of, task, plan.placements[task]);
    if (wrong.empty()) wrong = input_violation(of, plan, task);
    if (!wrong.empty()) return fmt::format("task {} {}", task, wrong);
  }
  if (std::string wrong = overlap_violation(plan); !wrong.empty()) return wrong;
  return memory_violation(of, plan);
}

} // namespace troupe::scheduling::test
