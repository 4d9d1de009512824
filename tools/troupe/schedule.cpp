#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/definition_file.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/node_setup.hpp"
#include "tools/troupe/schedule_view.hpp"
#include "tools/troupe/scheduled_runs.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <thread>

namespace troupe::cli {

namespace {

struct schedule_options {
  std::string file;
  node_setup node;
  bool dry_run = false;
  std::size_t next = 5;
  bool json = false;
};

/// How often Ctrl-C is looked for.
constexpr std::chrono::milliseconds signal_tick{200};
/// How often runs of processes that are gone are looked for.
constexpr std::chrono::seconds resume_interval{10};

/// Starts what is due, until a signal asks to stop.
exit_code keep(node& node, scheduled_runs& runs, const schedule_options& options) {
  using clock = std::chrono::system_clock;
  workflow::cron::schedule_runner runner{runs.schedules(), runs.world(), clock::now()};
  event_lines ended{runs.schedules()};
  node.workflows().subscribe(
      [&ended](const std::string& run_id, const v1::Event& event) { ended.take(run_id, event); });
  exit_code code = exit_code::ok;
  auto recover_at = clock::now();
  auto wake = recover_at;
  while (!interrupt::requested() && code == exit_code::ok) {
    const auto now = clock::now();
    if (now >= recover_at) {
      runs.resume_open();
      recover_at = now + resume_interval;
    }
    if (now >= wake) {
      for (const auto& event : runner.tick(now))
        if (!print_line(describe(event, now, options.json))) code = report_closed_output();
      // The clock may be set meanwhile.
      wake = std::min(runner.next_wake(now), now + resume_interval);
    }
    for (const std::string& line : ended.take_lines(options.json))
      if (!print_line(line)) code = report_closed_output();
    std::cout.flush(); // whoever reads a pipe sees it now
    std::this_thread::sleep_for(signal_tick);
  }
  node.stop(); // which tells `ended` no more
  return code == exit_code::ok
             ? report_interrupted("what was started goes on where the schedules are kept again")
             : code;
}

exit_code run_schedules(std::vector<workflow::cron::schedule> schedules,
                        const schedule_options& options) {
  auto node = options.node.start(false);
  if (!node) return report(node.error());
  const auto folder = std::filesystem::path{options.file}.parent_path();
  auto runs =
      scheduled_runs::load(std::move(schedules), folder, (*node)->workflows(), (*node)->agents());
  if (!runs && interrupt::requested()) return report_interrupted(); // reading a definition
  if (!runs) return report(runs.error().why, runs.error().code);
  const auto retention = options.node.start_retention();
  const auto publisher = options.node.start_publisher(**node);
  return keep(**node, *runs, options);
}

exit_code keep_schedules(const schedule_options& options) {
  const auto text = read_text_file(options.file);
  if (interrupt::requested()) return report_interrupted(); // which ends the reading
  if (!text) return report(text.error(), exit_code::usage);
  auto schedules = workflow::cron::load_schedules(*text, options.file);
  if (!schedules)
    return report({cli_errc::bad_input, "\n" + workflow::to_string(schedules.error())},
                  exit_code::usage);
  if (options.dry_run)
    return print_next(*schedules, options.next, options.json) ? exit_code::ok
                                                              : report_closed_output();
  return run_schedules(std::move(*schedules), options);
}

constexpr const char* schedule_footer =
    R"(The file names schedules:

  schedules:
    nightly:
      workflow: redact-folder.yaml      # from the folder of this file
      input: { folder: in, output: out }
      cron: "30 2 * * mon-fri"          # MINUTE HOUR DAY MONTH WEEKDAY, or @hourly, @daily, ...
      time_zone: Europe/Berlin          # UTC
      jitter: 5m                        # started up to so much later, by the run's id
      catch_up: latest                  # what was missed: none, latest or all
      catch_up_window: 2d               # 1d
      overlap: skip                     # while the last one is open: skip, allow or cancel
      priority: 10
      deadline: 1h
      tenant: acme                      # for whom its runs are (--tenant-weight)

A run's id is the schedule's name and the time at which it is due, NAME.20261127T0130Z: so it is started once, however
often this command is, and in however many processes on one store. Nothing else is kept: what was missed follows from the
runs in the store. Ends at Ctrl-C; what is at work then goes on where the command is started again.

Examples:
  troupe schedule schedules.yaml --store sqlite:runs.db
  troupe schedule schedules.yaml --dry-run --next 10
  troupe schedule schedules.yaml --json --store postgresql://troupe@db/runs)";

} // namespace

void add_schedule(CLI::App& app, action& chosen) {
  auto options = std::make_shared<schedule_options>();
  auto* command = app.add_subcommand("schedule", "Start runs at the times that a file says");
  command->add_option("FILE", options->file, "Schedules in YAML")->required();
  options->node.add_to(*command);
  auto* dry = command->add_flag("--dry-run", options->dry_run,
                                "Print when runs are due next, and start nothing");
  command->add_option("--next", options->next, "So many times of each schedule with --dry-run")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str()
      ->needs(dry);
  command->add_flag(
      "--json", options->json,
      "One JSON object a line: {\"time\",\"schedule\",\"run\",\"event\",\"due\",...}");
  command->footer(schedule_footer);
  command->callback(
      [options, &chosen] { chosen = [options] { return keep_schedules(*options); }; });
}

} // namespace troupe::cli
