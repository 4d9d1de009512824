#include "actors/runtime/typed_agent.hpp"
#include "tools/troupe/cluster_connection.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"
#include "troupe/v1/control.pb.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

namespace troupe::cli {

namespace {

struct drain_command {
  cluster_option target;
  std::string node;
  std::uint32_t timeout_seconds = 60;
  bool json = false;
};

constexpr std::chrono::milliseconds look{200};

/// Attempts that the node still has; nothing where it is no member any more.
reply<std::optional<std::uint32_t>> attempts_of(cluster::cluster_client& client,
                                                const std::string& node) {
  const auto told = expect_reply<v1::ClusterNodesReply>(
      client.ask(share(v1::ClusterNodesRequest{}), std::chrono::seconds{10}));
  if (!told) return tl::unexpected(told.error());
  for (const v1::ClusterNode& each : (*told)->nodes())
    if (each.name() == node) return std::optional{each.attempts()};
  return std::optional<std::uint32_t>{};
}

exit_code drain(const drain_command& command) {
  auto client = connect_to_cluster(command.target);
  if (!client) return report_cluster(client.error());
  v1::DrainNodeRequest asked;
  asked.set_node(command.node);
  const auto begun =
      expect_reply<v1::DrainNodeReply>((*client)->ask(share(asked), std::chrono::seconds{10}));
  if (!begun) return report(begun.error());
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds{command.timeout_seconds};
  std::uint32_t left = (*begun)->attempts();
  while (left > 0) {
    if (interrupt::requested())
      return report_interrupted(command.node + " takes no new work; what it has goes on");
    if (std::chrono::steady_clock::now() >= until) break;
    std::this_thread::sleep_for(look);
    const auto now = attempts_of(**client, command.node);
    if (!now) return report(now.error());
    left = now->value_or(0);
  }
  const bool printed =
      print_line(command.json ? nlohmann::json{{"node", command.node}, {"attempts", left}}.dump()
                 : left == 0  ? fmt::format("{} takes no new work and has none", command.node)
                              : fmt::format("{} takes no new work; it still has {} attempts",
                                            command.node, left));
  if (!printed) return report_closed_output();
  return left == 0 ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_drain(CLI::App& app, action& chosen) {
  auto options = std::make_shared<drain_command>();
  auto* command =
      app.add_subcommand("drain", "Give a node of a cluster no new work, and wait for what it has");
  options->target.add_to(*command);
  command->add_option("node", options->node, "Its name, as troupe ps shows it")
      ->type_name("NODE")
      ->required();
  command->add_option("--timeout", options->timeout_seconds, "How long to wait, in seconds")
      ->capture_default_str();
  command->add_flag("--json", options->json, "The result as one JSON object on standard output");
  command->footer(
      R"(A node that is drained stays so until it is started again. Exit status 1: it still has work.

Example:
  troupe drain cluster.yaml workers-2 && kill PID)");
  command->callback([options, &chosen] { chosen = [options] { return drain(*options); }; });
}

} // namespace troupe::cli
