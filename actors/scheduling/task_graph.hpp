#pragma once

#include "kernels/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::scheduling {

/// One vertex of a workflow.
struct task {
  std::string id;
  /// What it runs; tasks of one program have one acceleration.
  std::string program;
  /// On a CPU slot of speed 1.
  double run_seconds = 0;
  /// Nothing where the trace has none: the cluster's default counts.
  std::optional<std::uint64_t> memory_bytes;
};

/// `to` needs what `from` made, `bytes` of it.
struct edge {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint64_t bytes = 0;
};

/// The other end of an edge.
struct neighbour {
  std::uint32_t task = 0;
  std::uint64_t bytes = 0;
};

/// A checked acyclic graph of tasks, numbered from 0 in the order given. Immutable; any thread.
class task_graph {
public:
  /// Edges may come in any order; one given twice is kept once, with the bytes of the first.
  /// @returns `bad_trace` naming the task where there is none at all, two have one id, a number is out of the bounds of
  ///   `defaults.hpp`, an edge leads nowhere, or the tasks form a cycle; `too_large` for too many tasks.
  [[nodiscard]] static result<task_graph> make(std::vector<task> tasks, std::vector<edge> edges);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(tasks_.size()); }
  [[nodiscard]] std::span<const task> tasks() const { return tasks_; }
  [[nodiscard]] std::size_t edge_count() const { return successors_.size(); }
  /// By number.
  [[nodiscard]] std::span<const neighbour> successors(std::uint32_t task) const {
    return part(successors_, first_successor_, task);
  }
  /// By number.
  [[nodiscard]] std::span<const neighbour> predecessors(std::uint32_t task) const {
    return part(predecessors_, first_predecessor_, task);
  }
  /// Every task after its predecessors: first those without any, then as they become free.
  [[nodiscard]] std::span<const std::uint32_t> order() const { return order_; }

private:
  task_graph() = default;
  static std::span<const neighbour> part(const std::vector<neighbour>& all,
                                         const std::vector<std::uint32_t>& first,
                                         std::uint32_t task) {
    return {all.data() + first[task], all.data() + first[task + 1]};
  }
  void connect(const std::vector<edge>& edges);
  void sort_topologically();

  std::vector<task> tasks_;
  std::vector<neighbour> successors_, predecessors_;
  std::vector<std::uint32_t> first_successor_, first_predecessor_;
  std::vector<std::uint32_t> order_;
};

} // namespace troupe::scheduling
