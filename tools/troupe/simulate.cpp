#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/simulate_plan.hpp"
#include "tools/troupe/simulate_run.hpp"
#include "tools/troupe/simulate_stream.hpp"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace troupe::cli {

namespace {

/// One of the three: a workflow as a whole, a stream of them, or a run of a store.
struct any_options {
  simulate_options plan;
  stream_options stream;
  simulate_run_options run;
  /// Absent: that of a plan, or of a stream.
  std::optional<std::string> policy;
  std::optional<std::uint64_t> seed;
};

exit_code simulate(any_options options) {
  const auto misused = [](const char* why) {
    return report(error{cli_errc::bad_option, why}, exit_code::usage);
  };
  if (options.policy == "list") return list_policies(options.plan);
  const bool streams = !options.stream.arrivals.empty();
  if (!options.run.run.empty()) {
    if (streams || !options.plan.trace.empty() || !options.plan.out.empty())
      return misused("--run goes without --trace, --arrivals and --out");
    return simulate_run(options.run, options.plan.cluster, options.policy.value_or(""),
                        options.plan.json);
  }
  if (options.plan.cluster.empty() || options.plan.trace.empty() != streams)
    return misused(
        "--run, or --cluster and one of --trace and --arrivals are needed; see troupe simulate "
        "--help");
  if (streams && !options.plan.out.empty())
    return misused("--out is for --trace; a stream's events go to --events");
  if (streams)
    return simulate_stream(options.stream, options.plan.cluster, options.policy.value_or(""),
                           options.seed, options.plan.json);
  options.plan.policy = options.policy.value_or(options.plan.policy);
  options.plan.seed = options.seed.value_or(options.plan.seed);
  return simulate_plan(options.plan);
}

constexpr const char* simulate_footer =
    R"(With --trace: plans a workflow as a whole, with exact costs, before anything runs. The trace is WfFormat 1.5; docs/scheduling.md has the
format of a cluster, the cost model and how to read what is printed. The same trace, cluster, policy and seed give the same
schedule on every machine. Graphs of up to 12 tasks are compared with their optimum.

With --arrivals: workflows arrive one after another, and their run times turn out otherwise than estimated. Policies then are
aged-srpt (the default), srpt, las, rank, eft, eft-late, fifo and round-robin.

With --run: what a recorded run has done once more, with the run times that were measured, by the same rules as 'troupe run': on the node
that it had, with --resources and --slots on another one, with --cluster on a described one. The policies are those of streams.

'troupe simulate --policy list' prints the policies for whole plans.

Examples:
  troupe simulate --trace montage.json --cluster cluster.json
  troupe simulate --trace montage.json --cluster cluster.json --policy heft --out schedule.json
  troupe simulate --trace montage.json --cluster cluster.json --json | jq .ratio
  troupe simulate --run RUN --resources cpu=16
  troupe simulate --arrivals stream.json --cluster cluster.json --instances traces --events log.jsonl)";

} // namespace

void add_simulate(CLI::App& app, action& chosen) {
  auto options = std::make_shared<any_options>();
  auto* command = app.add_subcommand("simulate", "Try a scheduling policy on recorded workflows");
  command->add_option("--trace", options->plan.trace, "The workflow (WfFormat 1.5 JSON)")
      ->type_name("FILE");
  command->add_option("--cluster", options->plan.cluster, "The nodes and their slots (JSON)")
      ->type_name("FILE");
  options->stream.add_to(*command);
  options->run.add_to(*command);
  command
      ->add_option("--policy", options->policy,
                   "Who decides, or 'list' (default: portfolio; of streams aged-srpt)")
      ->type_name("NAME");
  command
      ->add_option("--seed", options->seed,
                   "Of what is drawn at random (default: 1; of streams their own)")
      ->type_name("N");
  command
      ->add_option("--effort", options->plan.effort,
                   "How much longer than usual a policy may search")
      ->check(CLI::Range(0.0, 1e6))
      ->type_name("X")
      ->capture_default_str();
  command->add_option("--out", options->plan.out, "Write the schedule here (JSON)")
      ->type_name("FILE");
  command->add_flag("--json", options->plan.json, "One JSON object instead of text");
  command->footer(simulate_footer);
  command->callback([options, &chosen] { chosen = [options] { return simulate(*options); }; });
}

} // namespace troupe::cli
