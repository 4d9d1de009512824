#include "tools/troupe/commands.hpp"
#include "tools/troupe/simulate_stream.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

namespace troupe::cli {

namespace {

struct simulate_options {
  std::string cluster;
  std::string policy;
  std::optional<std::uint64_t> seed;
  bool json = false;
  stream_options stream;
};

constexpr const char* footer =
    R"(Policies for streams: aged-srpt (the default), srpt, las, rank, eft, eft-late, fifo, round-robin.

Examples:
  troupe simulate --cluster cluster.json --arrivals stream.json --instances traces
  troupe simulate --cluster cluster.json --arrivals stream.json --truth truth.json --policy srpt --events srpt.jsonl --json)";

exit_code simulate_what(const simulate_options& options) {
  return simulate_stream(options.stream, options.cluster, options.policy, options.seed,
                         options.json);
}

} // namespace

void add_simulate(CLI::App& app, action& chosen) {
  auto options = std::make_shared<simulate_options>();
  auto* command =
      app.add_subcommand("simulate", "Run workflows on a described cluster under virtual time");
  command->add_option("--cluster", options->cluster, "Description of the cluster (JSON)")
      ->type_name("FILE")
      ->required();
  options->stream.add_to(*command);
  command->get_option("--arrivals")->required();
  command->add_option("--policy", options->policy, "Which task goes where")->type_name("NAME");
  command->add_option("--seed", options->seed, "Of what is drawn at random")->type_name("N");
  command->add_flag("--json", options->json, "The figures as one JSON object");
  command->footer(footer);
  command->callback([options, &chosen] { chosen = [options] { return simulate_what(*options); }; });
}

} // namespace troupe::cli
