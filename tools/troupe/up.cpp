#include "cluster/launch/kubernetes_manifests.hpp"
#include "tools/troupe/cluster_option.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct up_options {
  cluster_option target;
  std::string write;
  bool json = false;
};

struct add_options {
  cluster_option target;
  std::string group;
  int count = 1;
  bool json = false;
};

exit_code print_up(const cluster::launcher& of, const result<cluster::up_report>& done, bool json) {
  if (!done) return report_cluster(done.error());
  const auto& name = of.spec().name;
  const nlohmann::ordered_json shown{{"cluster", name},
                                     {"nodes", done->running},
                                     {"started", done->started},
                                     {"seconds", done->took.count()}};
  const auto line =
      json ? shown.dump()
           : fmt::format("Cluster {}: {} nodes ready, {} of them started now, in {:.2f} s", name,
                         done->running, done->started, done->took.count());
  return print_line(line) ? exit_code::ok : report_closed_output();
}

exit_code print_manifests(const cluster::cluster_spec& spec, const std::string& folder) {
  const auto files = cluster::write_manifests(spec, folder);
  if (!files) return report_cluster(files.error());
  for (const auto& each : *files)
    if (!print_line(each.string())) return report_closed_output();
  return exit_code::ok;
}

exit_code bring_up(const up_options& options) {
  auto spec = options.target.read();
  if (!spec) return report_cluster(spec.error());
  if (!options.write.empty()) return print_manifests(*spec, options.write);
  cluster::launcher launcher{std::move(*spec), console_watcher()};
  return print_up(launcher, launcher.up(), options.json);
}

exit_code add_nodes(const add_options& options) {
  auto spec = options.target.read();
  if (!spec) return report_cluster(spec.error());
  cluster::launcher launcher{std::move(*spec), console_watcher()};
  return print_up(launcher, launcher.add(options.group, options.count), options.json);
}

} // namespace

void add_up(CLI::App& app, action& chosen) {
  auto options = std::make_shared<up_options>();
  auto* command = app.add_subcommand("up", "Start the nodes of a cluster that are not at work");
  options->target.add_to(*command);
  command
      ->add_option("--write", options->write,
                   "Write manifests for Kubernetes into a folder, and start nothing")
      ->type_name("DIR");
  command->add_flag("--json", options->json, "The result as one JSON object");
  command->footer("Waits until every node is ready. Where one cannot be started, what was started "
                  "is stopped again.\n\n"
                  "Examples:\n  troupe up examples/cluster/local.yaml\n  troupe ps "
                  "examples/cluster/local.yaml\n"
                  "  troupe down examples/cluster/local.yaml");
  command->callback([options, &chosen] { chosen = [options] { return bring_up(*options); }; });
}

void add_add(CLI::App& app, action& chosen) {
  auto options = std::make_shared<add_options>();
  auto* command = app.add_subcommand("add", "Start more nodes of a group of a cluster that is up");
  options->target.add_to(*command);
  command->add_option("GROUP", options->group, "Group of the cluster file")->required();
  constexpr int most = 1'000;
  command->add_option("--count", options->count, "So many")
      ->capture_default_str()
      ->check(CLI::Range(1, most));
  command->add_flag("--json", options->json, "The result as one JSON object");
  command->footer("They belong to the cluster until it is taken down.\n\n"
                  "Example:\n  troupe add examples/cluster/local.yaml worker --count 2");
  command->callback([options, &chosen] { chosen = [options] { return add_nodes(*options); }; });
}

} // namespace troupe::cli
