#include "tools/troupe/bench_scheduling_online.hpp"

#include "actors/scheduling/online/simulator.hpp"
#include "tools/troupe/bench_time.hpp"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <random>

namespace troupe::cli {

namespace {

using namespace scheduling;

constexpr std::uint32_t nodes = 32;
constexpr std::uint32_t tasks_per_workflow = 100;
/// What a task may take while so many are ready.
constexpr double most_us = 20;
constexpr std::size_t judged_tasks = 10'000;

/// Nodes of 2 to 8 CPU slots, some with GPUs, of different speeds.
result<cluster> unlike_nodes() {
  constexpr std::array<std::uint32_t, 4> cpus{2, 4, 4, 8}, gpus{0, 0, 0, 2};
  constexpr std::array<double, 4> speed_of_row{0.5, 1, 1.5, 2};
  cluster_description out{"unlike", 1, {0.5, 2, 15}, std::uint64_t{1} << 29, {}};
  for (std::uint32_t i = 0; i < nodes; ++i)
    out.nodes.push_back({fmt::format("n{}", i), cpus[i % 4], gpus[i % 4], 0.5 + 0.25 * (i * 5 % 7),
                         speed_of_row[i / 8], std::uint64_t{64} << 30, 125e6});
  return cluster::make(std::move(out));
}

/// A workflow of independent tasks of 1 to 100 s.
result<simulated_workflow> independent_tasks(const cluster& on, std::mt19937_64& random) {
  std::vector<task> tasks;
  simulated_workflow out;
  for (std::uint32_t i = 0; i < tasks_per_workflow; ++i) {
    tasks.push_back({std::to_string(i), fmt::format("program{}", random() % 20),
                     1 + static_cast<double>(random() % 9900) / 100, std::nullopt});
    out.factors.push_back(0.5 + static_cast<double>(random() % 1000) / 1000);
  }
  auto graph = task_graph::make(std::move(tasks), {});
  if (!graph) return tl::unexpected(std::move(graph.error()));
  auto known = known_workflow::make(std::move(*graph), on);
  if (!known) return tl::unexpected(std::move(known.error()));
  out.known = std::make_shared<const known_workflow>(std::move(*known));
  return out;
}

/// Workflows that all arrive at once, so that all their tasks are ready.
result<std::vector<simulated_workflow>> burst(const cluster& on, std::size_t tasks) {
  std::mt19937_64 random{1};
  std::vector<simulated_workflow> out;
  while (out.size() * tasks_per_workflow < tasks) {
    auto made = independent_tasks(on, random);
    if (!made) return tl::unexpected(std::move(made.error()));
    out.push_back(std::move(*made));
  }
  return out;
}

/// Microseconds of CPU time a task in each round.
std::vector<double> measure(const cluster& on, const std::vector<simulated_workflow>& stream,
                            std::size_t repetitions, const figure_sink& out) {
  std::vector<double> microseconds;
  while (microseconds.size() < repetitions && !out.stopped()) {
    const auto policy = online_policies().front().make();
    const stopwatch timer;
    static_cast<void>(simulate(on, stream, *policy));
    microseconds.push_back(timer.elapsed().cpu_seconds * 1e6 /
                           static_cast<double>(stream.size() * tasks_per_workflow));
  }
  return microseconds;
}

/// How much faster than n log n the time for all tasks grew from a tenth of them.
std::vector<double> growth(const std::vector<double>& samples, const std::vector<double>& before,
                           std::size_t tasks) {
  const auto n = static_cast<double>(tasks);
  auto grown = ratios(samples, before);
  for (double& each : grown)
    each *= std::log(n / 10) / std::log(n);
  return grown;
}

} // namespace

result<void> bench_online(std::size_t repetitions, std::size_t most_tasks, figure_sink& out) {
  const auto on = unlike_nodes();
  if (!on) return tl::unexpected(on.error());
  const bench_settings settings{{"policy", std::string{online_policies().front().name}},
                                {"nodes", std::uint64_t{nodes}},
                                {"slots", std::uint64_t{on->slot_count()}},
                                {"time", std::string{"cpu"}}};
  std::vector<double> before;
  for (std::size_t tasks = most_tasks / 100; tasks <= most_tasks; tasks *= 10) {
    const auto stream = burst(*on, tasks);
    if (!stream) return tl::unexpected(stream.error());
    auto samples = measure(*on, *stream, repetitions, out);
    if (samples.size() < repetitions) return {};
    out.put(summarise("scheduling", fmt::format("online.{}", tasks), "us/task", samples, settings,
                      tasks == judged_tasks ? std::optional{at_most(most_us)} : std::nullopt));
    if (tasks == most_tasks)
      out.put(summarise("scheduling", "online.by_n_log_n", "ratio", growth(samples, before, tasks),
                        settings, at_most(1)));
    before = std::move(samples);
  }
  return {};
}

} // namespace troupe::cli
