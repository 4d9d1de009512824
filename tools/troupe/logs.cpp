#include "cluster/launch/log_stream.hpp"
#include "tools/troupe/cluster_option.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/time_option.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iostream>
#include <memory>
#include <thread>
#include <unistd.h>

namespace troupe::cli {

namespace {

using moment = std::chrono::sys_time<std::chrono::microseconds>;

struct logs_options {
  cluster_option target;
  std::vector<std::string> nodes;
  std::string since;
  bool follow = false;
};

/// Lines as they are printed: the node's name before each, as wide as the longest.
class line_printer {
public:
  line_printer(const cluster::log_stream& of, const std::vector<cluster::log_stream::source>& all)
      : of_{of}, colours_{::isatty(STDOUT_FILENO) == 1} {
    for (const auto& each : all)
      width_ = std::max(width_, each.name.size());
  }
  [[nodiscard]] bool print(const cluster::log_stream::line& line) const {
    static constexpr std::array<int, 6> colours{36, 32, 33, 35, 34, 31};
    const auto name = fmt::format("{:<{}}", of_.source_of(line).name, width_);
    if (!colours_) return print_line(fmt::format("{} | {}", name, line.text));
    return print_line(fmt::format("\x1b[{}m{} |\x1b[0m {}", colours[line.source % colours.size()],
                                  name, line.text));
  }

private:
  const cluster::log_stream& of_;
  std::size_t width_ = 0;
  bool colours_;
};

exit_code print_logs(cluster::log_stream& logs, const line_printer& printer, moment since,
                     bool follow) {
  while (!interrupt::requested()) {
    const auto line = logs.next(follow);
    if (!line) return report_cluster(line.error());
    if (*line) {
      if ((*line)->time >= since && !printer.print(**line)) return report_closed_output();
      continue;
    }
    if (!follow) return exit_code::ok;
    std::cout.flush();
    if (!std::cout) return report_closed_output();
    std::this_thread::sleep_for(cluster::launch_defaults::log_look);
  }
  return follow ? exit_code::ok : report_interrupted();
}

exit_code show_logs(const logs_options& options) {
  moment since{};
  if (!options.since.empty()) {
    const auto given = parse_moment(options.since, "--since", std::chrono::system_clock::now());
    if (!given) return report(given.error(), exit_code::usage);
    since = std::chrono::floor<std::chrono::microseconds>(*given);
  }
  auto spec = options.target.read();
  if (!spec) return report_cluster(spec.error());
  auto opened = cluster::open_logs(*spec, options.nodes);
  if (!opened) return report_cluster(opened.error());
  cluster::log_stream logs{opened->sources};
  return print_logs(logs, {logs, opened->sources}, since, options.follow);
}

} // namespace

void add_logs(CLI::App& app, action& chosen) {
  auto options = std::make_shared<logs_options>();
  auto* command =
      app.add_subcommand("logs", "The logs of a cluster's nodes as one stream, by time");
  options->target.add_to(*command);
  command->add_flag("--follow,-f", options->follow, "Go on with what is written from now on");
  command
      ->add_option("--node", options->nodes,
                   "Only of this node ('store': the cluster's own); repeatable")
      ->type_name("NODE");
  command
      ->add_option(
          "--since", options->since,
          "Only from then on: 2026-11-23, 2026-11-23T19:45:12Z, or how long ago, such as 2h")
      ->type_name("TIME");
  command->footer("Examples:\n  troupe logs examples/cluster/local.yaml --since 10m\n"
                  "  troupe logs examples/cluster/local.yaml --node worker-1 --follow");
  command->callback([options, &chosen] { chosen = [options] { return show_logs(*options); }; });
}

} // namespace troupe::cli
