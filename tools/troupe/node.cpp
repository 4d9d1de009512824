#include "cluster/launch/node_config.hpp"
#include "cluster/launch/node_status.hpp"
#include "cluster/node/cluster_node.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/models.hpp"
#include "tools/troupe/service_manager.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <spdlog/spdlog.h>
#include <thread>
#include <unistd.h>

namespace troupe::cli {

namespace {

using namespace troupe::cluster;

struct node_command {
  std::string config_file;
  bool check = false;
};

constexpr std::chrono::milliseconds look{50};
/// One line each this often, while it waits for coordinators.
constexpr std::chrono::seconds patience{5};

void set_up_log(const node_config& config) {
  spdlog::set_level(spdlog::level::from_str(config.log_level));
  spdlog::flush_on(spdlog::level::info);
  // One object per line, for `troupe logs` and for collectors.
  if (config.log == log_format::json)
    spdlog::set_formatter(make_json_lines(config.name));
  else
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
}

result<cluster_node_options> options_of(node_config config) {
  cluster_node_options made;
  made.build = TROUPE_VERSION;
  // Whoever names none gets those that come with troupe, where they are.
  if (const auto folder = models_folder()) made.default_models = built_in_models(*folder);
  made.config = std::move(config);
  return made;
}

result<bool> join(cluster_node& node, const node_config& config) {
  while (!interrupt::requested()) {
    auto member = node.wait_until_member(patience);
    if (member) return true;
    spdlog::warn("node {}: {}", config.name, member.error().message());
  }
  return false;
}

node_status status_of(const cluster_node& node, const node_config& config) {
  return {config.name,
          getpid(),
          node.address(),
          config.roles,
          node.incarnation(),
          std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())};
}

/// Serves until it is told to end. What it says of itself is kept up to date when it had to join anew.
result<void> serve(cluster_node& node, const node_config& config) {
  auto status = status_of(node, config);
  if (auto written = write_node_status(config.data, status); !written) return written;
  static_cast<void>(print_line(fmt::format("ready: {} at {}", config.name, node.address())));
  std::fflush(stdout);
  tell_service_manager("READY=1");
  while (!interrupt::requested()) {
    std::this_thread::sleep_for(look);
    const std::uint64_t now = node.incarnation();
    if (now == 0 || now == status.incarnation) continue;
    status.incarnation = now;
    if (auto written = write_node_status(config.data, status); !written)
      spdlog::warn("node {}: {}", config.name, written.error().message());
  }
  tell_service_manager("STOPPING=1");
  spdlog::info("node {}: takes no new work; what it has may take {} ms more (a second signal ends "
               "it at once)",
               config.name, config.drain.count());
  if (!node.drain(config.drain))
    spdlog::warn("node {}: not everything was over in time; it is tried again elsewhere",
                 config.name);
  return {};
}

exit_code run_node(const node_command& command) {
  auto config = read_node_config(command.config_file);
  if (!config) return report(config.error(), exit_code::usage);
  if (command.check) return print_line("ok") ? exit_code::ok : report_closed_output();
  set_up_log(*config);
  remove_node_status(config->data);
  auto options = options_of(*config);
  if (!options) return report(options.error());
  auto node = cluster_node::start(std::move(*options));
  if (!node) return report(node.error());
  const auto joined = join(**node, *config);
  result<void> served;
  if (joined && *joined) served = serve(**node, *config);
  (*node)->stop();
  remove_node_status(config->data);
  if (!served) return report(served.error());
  return exit_code::ok;
}

constexpr const char* node_footer =
    R"(The node joins its cluster, says "ready: NAME at HOST:PORT" on standard output and READY=1 to systemd, and serves.
SIGTERM or Ctrl-C: it takes no new work, waits for what it has (`drain` in its file), leaves, and ends with status 0; a
second signal ends it at once. 'troupe up' writes such files and starts such nodes.

A node's file, the least of one:
  cluster: demo
  name: worker-1
  roles: [worker]
  listen: 127.0.0.1:0
  certificates: pki/worker-1
  seeds: [127.0.0.1:7000]
  data: data/worker-1)";

} // namespace

void add_node(CLI::App& app, action& chosen) {
  auto options = std::make_shared<node_command>();
  auto* command = app.add_subcommand("node", "Run one node of a cluster in the foreground");
  command->add_option("--config", options->config_file, "What the node is, as YAML")
      ->type_name("FILE")
      ->required();
  command->add_flag("--check", options->check, "Only say whether the file is right");
  command->footer(node_footer);
  command->callback([options, &chosen] { chosen = [options] { return run_node(*options); }; });
}

} // namespace troupe::cli
