#pragma once

#include "tests/actors/scheduling/support.hpp"

#include <rapidcheck.h>

namespace troupe::scheduling::test {

/// Any acyclic graph on any cluster where every task has a place: unlike nodes, with and without GPUs, short of memory or not.
inline problem any_problem(std::size_t most_tasks, std::size_t most_nodes = 4) {
  const auto draw = [](int low, int high) { return *rc::gen::inRange(low, high + 1); };
  std::vector<cluster_node> nodes;
  const int node_count = draw(1, static_cast<int>(most_nodes));
  nodes.reserve(most_nodes);
  for (int i = 0; i < node_count; ++i)
    nodes.push_back({"n" + std::to_string(i), static_cast<std::uint32_t>(draw(1, 3)),
                     static_cast<std::uint32_t>(draw(0, 1)), 0.5 * draw(1, 4), 0.5 * draw(1, 4),
                     static_cast<std::uint64_t>(draw(4, 10)) * mebibyte, 50.0 * draw(1, 3)});
  std::vector<task> tasks;
  std::vector<edge> edges;
  const int count = draw(1, static_cast<int>(most_tasks));
  for (int i = 0; i < count; ++i) {
    task each{"t" + std::to_string(i), "p" + std::to_string(draw(0, 3)), 0.5 * draw(1, 20), {}};
    if (draw(0, 2) > 0) each.memory_bytes = static_cast<std::uint64_t>(draw(0, 4)) * mebibyte;
    tasks.push_back(std::move(each));
    for (int inputs = draw(0, 2); i > 0 && inputs > 0; --inputs)
      edges.push_back({static_cast<std::uint32_t>(draw(0, i - 1)), static_cast<std::uint32_t>(i),
                       static_cast<std::uint64_t>(draw(0, 3)) * 100});
  }
  return problem_of(must(task_graph::make(std::move(tasks), std::move(edges))),
                    must(cluster::make({"any",
                                        static_cast<std::uint64_t>(draw(0, 99)),
                                        {0.5, 2, 8},
                                        mebibyte,
                                        std::move(nodes)})));
}

} // namespace troupe::scheduling::test
