#pragma once

#include "actors/scheduling/online/simulator.hpp"
#include "tests/support/results.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <fmt/format.h>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Small clusters and streams that a person can follow.
namespace troupe::scheduling::test {

using troupe::test::must;

/// Nodes without GPUs, with memory of 100 bytes and 10 bytes per second.
inline cluster cpu_cluster(const std::vector<std::pair<std::uint32_t, double>>& slots_and_speeds) {
  cluster_description out{"cpus", 1, {0, 1, 1}, 1, {}};
  for (const auto& [slots, speed] : slots_and_speeds)
    out.nodes.push_back({fmt::format("n{}", out.nodes.size()), slots, 0, speed, 1, 100, 10});
  return must(cluster::make(std::move(out)));
}

struct small_task {
  double seconds = 1;
  std::uint64_t memory = 1;
};

inline task_graph graph_of(const std::vector<small_task>& tasks,
                           const std::vector<edge>& edges = {}) {
  std::vector<task> made;
  for (const small_task& each : tasks)
    made.push_back({std::to_string(made.size()), "p", each.seconds, each.memory});
  return must(task_graph::make(std::move(made), edges));
}

inline simulated_workflow workflow_of(const cluster& on, double arrival, task_graph graph,
                                      std::vector<double> factors = {}) {
  factors.resize(graph.size(), 1);
  auto known = must(known_workflow::make(std::move(graph), on));
  return {std::make_shared<const known_workflow>(std::move(known)), arrival, std::move(factors)};
}

/// "4 finish 0.2 s1": workflow 0, task 2, slot 1.
inline std::string line_of(const online_event& event) {
  static constexpr std::array<const char*, 4> names{"arrive", "assign", "start", "finish"};
  const char* name = names[static_cast<std::size_t>(event.kind)];
  if (event.kind == online_event::what::arrive)
    return fmt::format("{} {} {}", event.seconds, name, event.key.workflow);
  return fmt::format("{} {} {}.{} s{}", event.seconds, name, event.key.workflow, event.key.task,
                     event.slot);
}

inline std::vector<online_event> events_of(const cluster& on,
                                           const std::vector<simulated_workflow>& stream,
                                           std::string_view policy) {
  std::vector<online_event> out;
  const auto made = must(find_online_policy(policy))->make();
  const auto run =
      simulate(on, stream, *made, [&out](const online_event& event) { out.push_back(event); });
  if (run.left_over > 0) throw std::runtime_error{"tasks were left over"};
  return out;
}

/// The events, less arrivals and assignments that start at once on the same slot: what a person wants to see.
inline std::vector<std::string>
log_of(const cluster& on, const std::vector<simulated_workflow>& stream, std::string_view policy) {
  std::vector<std::string> out;
  for (const online_event& event : events_of(on, stream, policy))
    out.push_back(line_of(event));
  return out;
}

/// Only the starts.
inline std::vector<std::string> starts_of(const cluster& on,
                                          const std::vector<simulated_workflow>& stream,
                                          std::string_view policy) {
  std::vector<std::string> out;
  for (const online_event& event : events_of(on, stream, policy))
    if (event.kind == online_event::what::start) out.push_back(line_of(event));
  return out;
}

inline void check_equal(const std::vector<std::string>& is,
                        const std::vector<std::string>& wanted) {
  BOOST_TEST(is == wanted, boost::test_tools::per_element());
}

} // namespace troupe::scheduling::test
