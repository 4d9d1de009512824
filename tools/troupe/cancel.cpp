#include "actors/workflow/durations.hpp"
#include "actors/workflow/engine.hpp"
#include "actors/workflow/errors.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/no_agents.hpp"
#include "tools/troupe/run_view.hpp"
#include "tools/troupe/store_option.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

namespace troupe::cli {

namespace {

struct cancel_options {
  std::string run;
  workflow::cancel_options how;
  std::string grace;
  store_option store;
  bool json = false;
};

constexpr std::chrono::milliseconds tick{100};
/// The process at whose work it is looks every half second; one that is stopped or stuck may never. Beyond the grace.
constexpr std::chrono::seconds longest_wait{5};

/// Asks until the run is closed: by the process that has it or, when that one is gone, by this one.
/// @returns `run_cancelled` counts as done.
result<workflow::cancellation> cancel_and_wait(workflow::engine& engine,
                                               const cancel_options& options) {
  const auto last = std::chrono::steady_clock::now() + longest_wait + options.how.grace;
  auto done = engine.cancel(options.run, options.how);
  while (done && *done == workflow::cancellation::requested &&
         std::chrono::steady_clock::now() < last && !interrupt::requested()) {
    std::this_thread::sleep_for(tick);
    done = engine.cancel(options.run, options.how);
    if (!done && done.error().code == workflow_errc::run_cancelled)
      return workflow::cancellation::done;
  }
  return done;
}

exit_code tell(const cancel_options& options, workflow::cancellation what) {
  const bool done = what == workflow::cancellation::done;
  const bool undone_first = what == workflow::cancellation::compensating;
  const std::string text =
      done ? cancelled_text(options.run, options.how.reason)
      : undone_first
          ? fmt::format(
                "run {} is to be cancelled, and undoes first what it has done: the process that "
                "has it does so, or whoever takes the run over (troupe run --resume)",
                options.run)
          : fmt::format("run {} is to be cancelled: the process that has it does so, or whoever "
                        "takes the run over",
                        options.run);
  const nlohmann::ordered_json json{{"run", options.run},
                                    {"status", done           ? "cancelled"
                                               : undone_first ? "compensating"
                                                              : "requested"},
                                    {"reason", options.how.reason}};
  return print_line(options.json ? json.dump() : text) ? exit_code::ok : report_closed_output();
}

/// @returns what is wrong with the grace.
std::optional<std::string> read_grace(cancel_options& options) {
  if (options.how.force) options.how.grace = {};
  if (options.grace.empty()) return std::nullopt;
  const auto length = workflow::parse_duration(options.grace);
  if (!length) return length.error();
  options.how.grace = std::chrono::ceil<std::chrono::milliseconds>(*length);
  return std::nullopt;
}

exit_code cancel(cancel_options options) {
  if (const auto wrong = read_grace(options))
    return report({cli_errc::bad_option, "--grace: " + *wrong}, exit_code::usage);
  auto store = options.store.open(true);
  if (!store) return report(store.error());
  const no_agents agents;
  const auto engine = workflow::engine::start(
      agents, [](const workflow::attempt_request&, const responder&) {}, std::move(*store));
  if (!engine) return report(engine.error());
  const auto done = cancel_and_wait(**engine, options);
  return done ? tell(options, *done) : report(done.error());
}

} // namespace

void add_cancel(CLI::App& app, action& chosen) {
  auto options = std::make_shared<cancel_options>();
  auto* command = app.add_subcommand("cancel", "End a run, wherever it is at work");
  command->add_option("RUN", options->run, "Id of the run, as 'troupe ps' prints it")->required();
  command->add_option("--reason", options->how.reason, "Why; kept in the run's history");
  auto* grace = command
                    ->add_option("--grace", options->grace,
                                 "How long the attempts that agents have are waited for, at most "
                                 "24h [30s]")
                    ->type_name("DURATION");
  command
      ->add_flag("--force", options->how.force,
                 "Wait for nothing, and undo nothing, also of a run that undoes what it has done")
      ->excludes(grace);
  options->store.add_to(*command);
  command->add_flag("--json", options->json,
                    "One JSON object: {\"run\",\"status\",\"reason\"}, status cancelled, requested "
                    "or compensating");
  command->footer(
      R"(Nothing of the run is begun any more. What its agents are doing is told to end (a program is sent SIGTERM) and waited for, as
long as --grace says; then it is abandoned (a program is killed, with all that it started), and what is answered later is
refused. Steps with 'compensate' that have completed are undone then, by the process that has the run, or by whoever takes it
over. A run that another process has at work is taken up by that process within about a second. A cancelled run is not gone
on with. Cancelling again with a shorter --grace, or with --force, makes the end come sooner.

Examples:
  troupe cancel 20261123-194512-417-k3f9w2md
  troupe cancel RUN --reason "wrong folder" --grace 5m --json
  troupe cancel RUN --force)");
  command->callback([options, &chosen] { chosen = [options] { return cancel(*options); }; });
}

} // namespace troupe::cli
