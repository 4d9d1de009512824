#include "actors/scheduling/lower_bound.hpp"
#include "actors/scheduling/policy.hpp"
#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_scheduling_online.hpp"
#include "tools/troupe/bench_scheduling_problem.hpp"
#include "tools/troupe/bench_time.hpp"

#include <cmath>
#include <fmt/format.h>

namespace troupe::cli {

namespace {

using namespace scheduling;

struct scheduling_bench_options {
  bench_options common;
  std::size_t tasks = 2'000, nodes = 32, most_tasks = 100'000, ready_tasks = 10'000;
};

/// What the default may take for 2,000 tasks on 32 nodes.
constexpr double most_plan_ms = 100;
constexpr std::size_t step = 10;

/// Milliseconds of CPU time that one policy takes, a sample per round.
std::vector<double> time_plans(const offline_policy& policy, const problem& of, std::size_t rounds,
                               const figure_sink& out, double& makespan) {
  std::vector<double> samples;
  while (samples.size() < rounds && !out.stopped()) {
    const stopwatch timer;
    makespan = policy.plan(of, {}).makespan();
    samples.push_back(1e3 * timer.elapsed().cpu_seconds);
  }
  return samples;
}

bench_settings settings_of(const problem& of) {
  return {{"tasks", std::uint64_t{of.graph.size()}},
          {"edges", std::uint64_t{of.graph.edge_count()}},
          {"nodes", std::uint64_t{of.cluster.nodes().size()}},
          {"slots", std::uint64_t{of.cluster.slot_count()}},
          {"time", std::string{"cpu"}}};
}

/// Every policy on one problem: its time, and how long its plan is.
result<void> bench_policies(const scheduling_bench_options& options, figure_sink& out) {
  const auto of = make_bench_problem(options.tasks, options.nodes, 1);
  if (!of) return tl::unexpected(of.error());
  const double bound = bound_of(of->graph, of->cluster, of->costs).seconds();
  const bool is_default = options.tasks == 2'000 && options.nodes == 32;
  for (const offline_policy* policy : offline_policies()) {
    double makespan = 0;
    const auto samples = time_plans(*policy, *of, options.common.repetitions, out, makespan);
    if (samples.empty()) return {};
    const bool judged = is_default && policy == offline_policies().front();
    out.put(summarise("scheduling", fmt::format("plan.{}", policy->name()), "ms", samples,
                      settings_of(*of),
                      judged ? std::optional{at_most(most_plan_ms)} : std::nullopt));
    out.put(summarise("scheduling", fmt::format("ratio.{}", policy->name()), "makespan/bound",
                      {makespan / bound}, settings_of(*of)));
  }
  return {};
}

/// Time for more and more tasks, and how it grows from the last size but one to the last beside n log n.
result<void> bench_growth(const scheduling_bench_options& options, figure_sink& out) {
  std::vector<std::vector<double>> before(offline_policies().size());
  for (std::size_t tasks = options.most_tasks / step / step; tasks <= options.most_tasks;
       tasks *= step) {
    const auto of = make_bench_problem(tasks, options.nodes, 1);
    if (!of) return tl::unexpected(of.error());
    for (std::size_t i = 0; i < before.size(); ++i) {
      const offline_policy& policy = *offline_policies()[i];
      double makespan = 0;
      auto samples = time_plans(policy, *of, options.common.repetitions, out, makespan);
      if (samples.size() < options.common.repetitions) return {};
      out.put(summarise("scheduling", fmt::format("growth.{}.{}", policy.name(), tasks), "ms",
                        samples, settings_of(*of)));
      if (tasks * step > options.most_tasks) {
        const auto n = static_cast<double>(tasks), less = n / step;
        const double allowed = n * std::log(n) / (less * std::log(less));
        auto grown = ratios(samples, before[i]);
        for (double& each : grown)
          each /= allowed;
        out.put(summarise("scheduling", fmt::format("growth.{}.by_n_log_n", policy.name()), "ratio",
                          std::move(grown), settings_of(*of),
                          i == 0 ? std::optional{at_most(1)} : std::nullopt));
      }
      before[i] = std::move(samples);
    }
  }
  return {};
}

result<void> bench_scheduling(const scheduling_bench_options& options, figure_sink& out) {
  if (auto done = bench_policies(options, out); !done || out.stopped()) return done;
  if (auto done = bench_growth(options, out); !done || out.stopped()) return done;
  return bench_online(options.common.repetitions, options.ready_tasks, out);
}

constexpr const char* bench_scheduling_footer =
    R"(Plans a made-up workflow (twenty layers, up to three inputs a task) on unlike nodes with every policy, on one core. plan.* is
the CPU time of a plan, ratio.* its makespan by the lower bound. growth.POLICY.N is the time for N tasks, and by_n_log_n how much
faster than n log n it grew in the last step. online.N is the CPU time for one task when N are ready at once, with all that the
simulator does for it.

Examples:
  troupe bench scheduling
  troupe bench scheduling --tasks 500 --growth 10000 --repetitions 3 --json)";

} // namespace

void add_bench_scheduling(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<scheduling_bench_options>();
  auto* command =
      bench.add_subcommand("scheduling", "Time of plans and of online decisions, and how it grows");
  options->common.add_to(*command);
  command->add_option("--tasks", options->tasks, "Tasks of the plan.* and ratio.* figures")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--nodes", options->nodes, "Nodes of the cluster")
      ->check(CLI::Range(1, 10'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--growth", options->most_tasks, "Largest N of the growth.* figures")
      ->check(CLI::Range(100, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--ready", options->ready_tasks, "Ready tasks of the largest online figure")
      ->check(CLI::Range(100, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  command->footer(bench_scheduling_footer);
  run_bench_on_parse(*command, options, chosen, &bench_scheduling);
}

} // namespace troupe::cli
