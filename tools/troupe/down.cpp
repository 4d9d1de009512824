#include "tools/troupe/cluster_option.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct down_command {
  cluster_option target;
  cluster::down_options how;
  bool json = false;
};

exit_code take_down(const down_command& options) {
  auto spec = options.target.read();
  if (!spec) return report_cluster(spec.error());
  const auto name = spec->name;
  cluster::launcher launcher{std::move(*spec), console_watcher()};
  const auto done = launcher.down(options.how);
  if (!done) return report_cluster(done.error());
  const nlohmann::ordered_json shown{{"cluster", name},
                                     {"stopped", done->stopped},
                                     {"killed", done->killed},
                                     {"seconds", done->took.count()}};
  const auto line =
      options.json
          ? shown.dump()
          : fmt::format("Cluster {}: {} nodes stopped in {:.2f} s{}", name, done->stopped,
                        done->took.count(),
                        done->killed ? fmt::format(", {} of them killed", done->killed) : "");
  return print_line(line) ? exit_code::ok : report_closed_output();
}

} // namespace

void add_down(CLI::App& app, action& chosen) {
  auto options = std::make_shared<down_command>();
  auto* command = app.add_subcommand("down", "Stop all nodes of a cluster, and its own store");
  options->target.add_to(*command);
  command->add_flag("--now", options->how.now, "Kill the nodes instead of letting them finish");
  command->add_flag("--purge", options->how.purge,
                    "Remove certificates, runs and logs afterwards: the cluster's own data folder");
  command->add_flag("--json", options->json, "The result as one JSON object");
  command->footer("Nodes finish what they have at work for as long as the file's timeouts.drain "
                  "says; runs that are not done\n"
                  "go on when the cluster is up again.\n\n"
                  "Examples:\n  troupe down examples/cluster/local.yaml\n"
                  "  troupe down examples/cluster/local.yaml --purge");
  command->callback([options, &chosen] { chosen = [options] { return take_down(*options); }; });
}

} // namespace troupe::cli
