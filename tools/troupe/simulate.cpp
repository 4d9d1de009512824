#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/simulate_plan.hpp"

#include <CLI/CLI.hpp>
#include <memory>

namespace troupe::cli {

namespace {

exit_code simulate(const simulate_options& options) {
  if (options.policy == "list") return list_policies(options);
  if (options.trace.empty() || options.cluster.empty())
    return report(
        error{cli_errc::bad_option, "--trace and --cluster are needed; see troupe simulate --help"},
        exit_code::usage);
  return simulate_plan(options);
}

constexpr const char* footer =
    R"(Plans a workflow as a whole, with exact costs, before anything runs. The trace is WfFormat 1.5; docs/scheduling.md has the
format of a cluster, the cost model and how to read what is printed. The same trace, cluster, policy and seed give the same
schedule on every machine. Graphs of up to 12 tasks are compared with their optimum.

'troupe simulate --policy list' prints the policies.

Examples:
  troupe simulate --trace montage.json --cluster cluster.json
  troupe simulate --trace montage.json --cluster cluster.json --policy heft --out schedule.json
  troupe simulate --trace montage.json --cluster cluster.json --json | jq .ratio)";

} // namespace

void add_simulate(CLI::App& app, action& chosen) {
  auto options = std::make_shared<simulate_options>();
  auto* command = app.add_subcommand("simulate", "Try a scheduling policy on a recorded workflow");
  command->add_option("--trace", options->trace, "The workflow (WfFormat 1.5 JSON)")
      ->type_name("FILE");
  command->add_option("--cluster", options->cluster, "The nodes and their slots (JSON)")
      ->type_name("FILE");
  command->add_option("--policy", options->policy, "Who decides, or 'list'")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of what a policy draws at random")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--effort", options->effort, "How much longer than usual a policy may search")
      ->check(CLI::Range(0.0, 1e6))
      ->type_name("X")
      ->capture_default_str();
  command->add_option("--out", options->out, "Write the schedule here (JSON)")->type_name("FILE");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->footer(footer);
  command->callback([options, &chosen] { chosen = [options] { return simulate(*options); }; });
}

} // namespace troupe::cli
