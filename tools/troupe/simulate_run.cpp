#include "tools/troupe/simulate_run.hpp"

#include "actors/scheduling/cluster_reader.hpp"
#include "actors/scheduling/online/online_policy.hpp"
#include "actors/scheduling/online/simulator.hpp"
#include "actors/scheduling/resources/discovery.hpp"
#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/insight/what_if.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/insight_view.hpp"
#include "tools/troupe/run_view.hpp"
#include "tools/troupe/stored_run.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using scheduling::online_policy_entry;
using workflow::duration;
using workflow::run_insight;

double as_seconds(duration of) {
  return std::chrono::duration<double>(of).count();
}

/// The node that the run had last, where its history says so, with what is asked for otherwise.
workflow::what_if_node node_of(const simulate_run_options& options,
                               const std::vector<workflow::event>& history) {
  workflow::what_if_node made;
  bool known = false;
  for (const auto& each : history) {
    const auto* started = std::get_if<workflow::run_started>(&each.what);
    const auto* recovered = std::get_if<workflow::run_recovered>(&each.what);
    const auto& host = started ? started->host : recovered ? recovered->host : std::nullopt;
    if (!host) continue;
    made.resources = host->resources;
    made.slots = std::max<std::size_t>(host->slots, 1);
    known = true;
  }
  if (!known) made.resources = scheduling::discover_resources({}).capacity;
  for (const auto& [name, amount] : options.resources.value())
    scheduling::set_amount(made.resources, name, amount);
  made.slots = options.slots.value_or(made.slots);
  return made;
}

/// On a cluster, under the policy as the simulator runs it.
result<duration> on_cluster(const run_insight& of, const std::string& file,
                            const online_policy_entry& policy) {
  const auto on = scheduling::load_cluster(file);
  if (!on) return tl::unexpected(on.error());
  auto graph = workflow::task_graph_of(of);
  if (!graph) return tl::unexpected(graph.error());
  const std::size_t tasks = graph->size();
  auto known = scheduling::known_workflow::make(std::move(*graph), *on);
  if (!known) return tl::unexpected(known.error());
  scheduling::simulated_workflow once;
  once.known = std::make_shared<const scheduling::known_workflow>(std::move(*known));
  once.factors.assign(tasks, 1.0);
  const auto made = policy.make();
  const auto run = scheduling::simulate(*on, {once}, *made);
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>{run.ends.front()});
}

struct rerun_comparison {
  std::string policy;
  /// What it was simulated on, for people.
  std::string on;
  duration simulated{};
};

bool print_json(const run_insight& of, const rerun_comparison& made) {
  const nlohmann::ordered_json out{{"run", of.run_id},
                                   {"policy", made.policy},
                                   {"on", made.on},
                                   {"real_seconds", as_seconds(of.makespan)},
                                   {"bound_seconds", as_seconds(of.bound.value())},
                                   {"critical_path_seconds", as_seconds(of.bound.critical_path)},
                                   {"simulated_seconds", as_seconds(made.simulated)},
                                   {"measured", of.measured}};
  return print_line(out.dump());
}

bool print_text(const run_insight& of, const rerun_comparison& made) {
  table rows{{"RUN " + of.run_id, ""}, {1}};
  rows.add({"real", span_text(of.makespan)});
  rows.add({"  bound on its node", span_text(of.bound.value())});
  rows.add({"  critical path", span_text(of.bound.critical_path)});
  rows.add({fmt::format("simulated: {} on {}", made.policy, made.on), span_text(made.simulated)});
  return rows.print();
}

} // namespace

void simulate_run_options::add_to(CLI::App& command) {
  command.add_option("--run", run, "Simulate what this run of the store has done once more")
      ->type_name("RUN");
  store.add_to(command);
  resources.add_to(command);
  command.add_option("--slots", slots, "Of a run: attempts that may be in flight at once")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N")
      ->needs("--run");
}

exit_code simulate_run(const simulate_run_options& options, const std::string& cluster,
                       const std::string& policy, bool json) {
  const auto chosen =
      policy.empty() ? result<const online_policy_entry*>{&scheduling::online_policies().front()}
                     : scheduling::find_online_policy(policy);
  if (!chosen) return report(chosen.error(), exit_code::usage);
  const auto store = options.store.open_to_read();
  if (!store) return report(store.error());
  const auto run = read_run(**store, options.run);
  if (!run) return report(run.error());
  const auto of = workflow::analyse(run->events);
  if (!of) return report(of.error());
  rerun_comparison made{std::string{(*chosen)->name}, cluster, {}};
  if (!cluster.empty()) {
    const auto took = on_cluster(*of, cluster, **chosen);
    if (!took) return report(took.error());
    made.simulated = *took;
  } else {
    auto node = node_of(options, run->events);
    node.order = (*chosen)->order();
    made.on =
        fmt::format("{}, {} places", scheduling::format_resources(node.resources), node.slots);
    const auto took = workflow::what_if(*of, node);
    if (!took) return report(took.error());
    made.simulated = took->makespan;
  }
  return (json ? print_json(*of, made) : print_text(*of, made)) ? exit_code::ok
                                                                : report_closed_output();
}

} // namespace troupe::cli
