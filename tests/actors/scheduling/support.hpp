#pragma once

#include "actors/scheduling/problem.hpp"
#include "tests/support/results.hpp"

#include <string>
#include <vector>

namespace troupe::scheduling::test {

using troupe::test::must;

inline constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

/// Tasks "0", "1", ... with these run times.
inline std::vector<task> tasks_of(const std::vector<double>& seconds) {
  std::vector<task> out;
  out.reserve(seconds.size());
  for (const double each : seconds)
    out.push_back({std::to_string(out.size()), "p", each, std::nullopt});
  return out;
}

inline task_graph graph_of(const std::vector<double>& seconds, std::vector<edge> edges = {}) {
  return must(task_graph::make(tasks_of(seconds), std::move(edges)));
}

inline cluster_node node_of(std::string name, std::uint32_t cpus, double speed = 1,
                            std::uint32_t gpus = 0) {
  return {std::move(name), cpus, gpus, speed, 1, 1024 * mebibyte, 100};
}

/// Every program is `faster` times faster on a GPU; tasks take 1 MiB where they do not say.
inline cluster cluster_of(std::vector<cluster_node> nodes, double faster = 4) {
  return must(cluster::make({"test", 1, {1, faster, faster}, mebibyte, std::move(nodes)}));
}

inline problem problem_of(task_graph graph, cluster on) {
  return must(problem::make(std::move(graph), std::move(on)));
}

} // namespace troupe::scheduling::test
