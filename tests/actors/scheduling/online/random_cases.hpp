#pragma once

#include "tests/actors/scheduling/online/online_cases.hpp"

#include <random>

/// Clusters and streams made up from a seed.
namespace troupe::scheduling::test {

class random_case {
public:
  explicit random_case(std::uint64_t seed) : bits_{seed} {}

  std::uint64_t below(std::uint64_t end) { return bits_() % end; }
  /// From 0 to below 1.
  double part() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }

  cluster make_cluster() {
    cluster_description out{"random", bits_(), {0.5, 1.5, 9}, 20, {}};
    const std::uint64_t nodes = 1 + below(5);
    for (std::uint64_t i = 0; i < nodes; ++i)
      out.nodes.push_back({fmt::format("n{}", i), static_cast<std::uint32_t>(1 + below(10)),
                           static_cast<std::uint32_t>(below(3)), 0.5 + part(), 0.5 + part(),
                           100 + below(100), 1 + part() * 100});
    return must(cluster::make(std::move(out)));
  }

  /// Edges lead from a task to later ones.
  task_graph make_graph(std::uint64_t most_tasks) {
    std::vector<task> tasks;
    std::vector<edge> edges;
    const auto count = static_cast<std::uint32_t>(1 + below(most_tasks));
    for (std::uint32_t i = 0; i < count; ++i) {
      std::optional<std::uint64_t> memory;
      if (below(2) == 0) memory = 1 + below(100);
      tasks.push_back(
          {std::to_string(i), fmt::format("p{}", below(6)), 0.001 + part() * 30, memory});
      for (std::uint64_t k = below(3); i > 0 && k > 0; --k)
        edges.push_back({static_cast<std::uint32_t>(below(i)), i, below(3) * below(200)});
    }
    return must(task_graph::make(std::move(tasks), std::move(edges)));
  }

  std::vector<simulated_workflow> make_stream(const cluster& on, std::size_t workflows,
                                              std::uint64_t most_tasks) {
    std::vector<simulated_workflow> out;
    double arrival = 0;
    for (std::size_t i = 0; i < workflows; ++i) {
      // Some arrive at one time.
      if (below(4) > 0) arrival += part() * 20;
      auto graph = make_graph(most_tasks);
      std::vector<double> factors(graph.size());
      for (double& factor : factors)
        factor = below(3) == 0 ? 1 : 0.2 + part() * 3;
      out.push_back(workflow_of(on, arrival, std::move(graph), std::move(factors)));
    }
    return out;
  }

private:
  std::mt19937_64 bits_;
};

} // namespace troupe::scheduling::test
