#include "tools/troupe/simulate_plan.hpp"

#include "actors/scheduling/cluster_reader.hpp"
#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/errc.hpp"
#include "actors/scheduling/optimum.hpp"
#include "actors/scheduling/plan_report.hpp"
#include "actors/scheduling/policy.hpp"
#include "actors/scheduling/schedule_json.hpp"
#include "actors/scheduling/trace_reader.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/console.hpp"

#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

namespace troupe::cli {

namespace {

using namespace scheduling;
using nlohmann::ordered_json;

/// A plan with all that is said about it.
struct planned {
  problem of;
  schedule plan;
  plan_report report;
  /// Looked for where the graph is small.
  std::optional<optimum> best;
};

result<problem> read_problem(const simulate_options& options) {
  auto read = load_trace(options.trace);
  if (!read) return tl::unexpected(std::move(read.error()));
  for (const std::string& warning : read->warnings)
    print_warning(warning);
  auto on = load_cluster(options.cluster);
  if (!on) return tl::unexpected(std::move(on.error()));
  return problem::make(std::move(read->graph), std::move(*on));
}

planned make_plan(problem of, const offline_policy& policy, const simulate_options& options) {
  schedule plan = policy.plan(of, {options.seed, options.effort});
  plan_report report = report_of(of, plan);
  std::optional<optimum> best;
  if (of.graph.size() <= defaults::most_proven_tasks)
    best = find_optimum(of, plan, defaults::most_partial_plans);
  return {std::move(of), std::move(plan), std::move(report), std::move(best)};
}

result<void> write_schedule(const std::string& path, const planned& made) {
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  out << to_json(made.of, made.plan) << std::flush;
  if (!out) return fail(cli_errc::output_failed, path + "; is there such a folder, and space?");
  return {};
}

ordered_json way_json(const planned& made) {
  const last_way& way = made.report.way;
  ordered_json tasks = ordered_json::array();
  for (const auto task : way.tasks)
    tasks.push_back(made.of.graph.tasks()[task].id);
  return {{"least_run_seconds", way.least_run_seconds},
          {"slower_slot_seconds", way.slower_slot_seconds},
          {"transfer_seconds", way.transfer_seconds},
          {"slot_wait_seconds", way.slot_wait_seconds},
          {"memory_wait_seconds", way.memory_wait_seconds},
          {"tasks", std::move(tasks)}};
}

ordered_json optimum_json(const planned& made) {
  if (!made.best) return nullptr;
  const double least = made.best->plan.makespan();
  return {{"makespan_seconds", least},
          {"proven", made.best->proven},
          {"gap", made.report.makespan_seconds / least - 1}};
}

ordered_json to_json_object(const simulate_options& options, const planned& made) {
  const plan_report& report = made.report;
  return {{"trace", options.trace},
          {"cluster", made.of.cluster.description().name},
          {"policy", options.policy},
          {"seed", options.seed},
          {"tasks", made.of.graph.size()},
          {"edges", made.of.graph.edge_count()},
          {"makespan_seconds", report.makespan_seconds},
          {"lower_bound_seconds", report.bound.seconds()},
          {"ratio", report.ratio()},
          {"critical_path_seconds", report.bound.critical_path_seconds},
          {"area_seconds", report.bound.area_seconds},
          {"utilisation",
           {{"cpu", report.used.cpu}, {"gpu", report.used.gpu}, {"all", report.used.all}}},
          {"last_way", way_json(made)},
          {"optimum", optimum_json(made)}};
}

/// The first and the last tasks of a way.
std::string shown_way(const planned& made) {
  constexpr std::size_t most_shown = 8;
  const auto& tasks = made.report.way.tasks;
  std::string text;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (tasks.size() > most_shown && i == most_shown / 2) {
      i = tasks.size() - most_shown / 2;
      text += " -> ...";
    }
    text += (i == 0 ? "" : " -> ") + made.of.graph.tasks()[tasks[i]].id;
  }
  return text;
}

std::string optimum_text(const planned& made) {
  if (!made.best) return {};
  const double least = made.best->plan.makespan();
  const double longer = 100 * (made.report.makespan_seconds / least - 1);
  return made.best->proven
             ? fmt::format("optimum        {:12.3f} s, proven; this plan is {:.2f} % longer\n",
                           least, longer)
             : fmt::format("best known     {:12.3f} s, not proven to be the optimum; this plan is "
                           "{:.2f} % longer\n",
                           least, longer);
}

std::string to_text(const simulate_options& options, const planned& made) {
  const plan_report& report = made.report;
  const last_way& way = report.way;
  const auto part = [&](const char* what, double seconds) {
    return fmt::format("  {:26}{:12.3f} s  {:5.1f} %\n", what, seconds,
                       100 * seconds / report.makespan_seconds);
  };
  return fmt::format("{} ({} tasks, {} edges) on {} ({} slots), policy {}\n", options.trace,
                     made.of.graph.size(), made.of.graph.edge_count(),
                     made.of.cluster.description().name, made.of.cluster.slot_count(),
                     options.policy) +
         fmt::format("makespan       {:12.3f} s\n", report.makespan_seconds) +
         fmt::format("lower bound    {:12.3f} s (critical path {:.3f} s, area {:.3f} s)\n",
                     report.bound.seconds(), report.bound.critical_path_seconds,
                     report.bound.area_seconds) +
         fmt::format("ratio          {:12.4f}\n", report.ratio()) + optimum_text(made) +
         fmt::format("utilisation    CPU {:.1f} %, GPU {:.1f} %, all {:.1f} %\n",
                     100 * report.used.cpu, 100 * report.used.gpu, 100 * report.used.all) +
         fmt::format("the way to the last task has {}: {}\n", way.tasks.size(), shown_way(made)) +
         part("running, at the least", way.least_run_seconds) +
         part("slower slots", way.slower_slot_seconds) + part("transfers", way.transfer_seconds) +
         part("waiting for slots", way.slot_wait_seconds) +
         fmt::format("  {:26}{:12.3f} s  {:5.1f} %", "waiting for memory", way.memory_wait_seconds,
                     100 * way.memory_wait_seconds / report.makespan_seconds);
}

} // namespace

exit_code simulate_plan(const simulate_options& options) {
  const auto policy = find_offline_policy(options.policy);
  if (!policy) return report(policy.error(), exit_code::usage);
  auto of = read_problem(options);
  if (!of) return report(of.error());
  const planned made = make_plan(std::move(*of), **policy, options);
  if (!options.out.empty())
    if (const auto written = write_schedule(options.out, made); !written)
      return report(written.error());
  const std::string text =
      options.json ? to_json_object(options, made).dump() : to_text(options, made);
  return print_line(text) ? exit_code::ok : report_closed_output();
}

exit_code list_policies(const simulate_options& options) {
  for (const offline_policy* each : offline_policies()) {
    const ordered_json json{{"policy", each->name()}, {"summary", each->summary()}};
    const std::string line =
        options.json ? json.dump() : fmt::format("{:12} {}", each->name(), each->summary());
    if (!print_line(line)) return report_closed_output();
  }
  return exit_code::ok;
}

} // namespace troupe::cli
