#include "tools/troupe/bench_scheduling_problem.hpp"

#include "actors/scheduling/random_numbers.hpp"

#include <string>

namespace troupe::cli {

namespace {

using namespace scheduling;

constexpr std::size_t layers = 20, most_inputs = 3, programs = 12;

std::vector<task> make_tasks(std::size_t count, random_numbers& random) {
  std::vector<task> out;
  for (std::size_t i = 0; i < count; ++i) {
    // Short ones are many: 0.1 s to about 1,000 s.
    const double seconds = 0.1 * static_cast<double>(1 + random.below(100)) *
                           static_cast<double>(1 + random.below(10)) *
                           static_cast<double>(1 + random.below(10));
    out.push_back({"task-" + std::to_string(i), "program-" + std::to_string(random.below(programs)),
                   seconds, (std::uint64_t{1} + random.below(32)) << 26});
  }
  return out;
}

std::vector<edge> make_edges(std::size_t count, random_numbers& random) {
  const std::size_t width = std::max<std::size_t>(1, count / layers);
  std::vector<edge> out;
  for (std::size_t i = width; i < count; ++i)
    for (std::size_t inputs = 1 + random.below(most_inputs); inputs > 0; --inputs) {
      const std::size_t from = (i / width - 1) * width + random.below(width);
      out.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(i),
                     random.below(std::size_t{200} << 20)});
    }
  return out;
}

cluster_description make_nodes(std::size_t count) {
  cluster_description out{"bench", 1, {0.5, 2, 15}, std::uint64_t{1} << 29, {}};
  for (std::size_t i = 0; i < count; ++i)
    out.nodes.push_back({"node-" + std::to_string(i), static_cast<std::uint32_t>(2 + 2 * (i % 4)),
                         static_cast<std::uint32_t>(i % 3 == 0 ? 1 + i % 2 : 0),
                         0.5 + 0.25 * static_cast<double>(i % 7),
                         0.5 + 0.5 * static_cast<double>(i % 4), std::uint64_t{16} << 30,
                         i % 2 == 0 ? 125e6 : 1250e6});
  return out;
}

} // namespace

result<problem> make_bench_problem(std::size_t tasks, std::size_t nodes, std::uint64_t seed) {
  random_numbers random{seed};
  auto made = make_tasks(tasks, random);
  auto graph = task_graph::make(std::move(made), make_edges(tasks, random));
  if (!graph) return tl::unexpected(std::move(graph.error()));
  auto on = cluster::make(make_nodes(nodes));
  if (!on) return tl::unexpected(std::move(on.error()));
  return problem::make(std::move(*graph), std::move(*on));
}

} // namespace troupe::cli
