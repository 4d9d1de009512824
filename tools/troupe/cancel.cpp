#include "actors/workflow/engine.hpp"
#include "actors/workflow/errors.hpp"
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
#include <thread>

namespace troupe::cli {

namespace {

struct cancel_options {
  std::string run;
  std::string reason;
  store_option store;
  bool json = false;
};

constexpr std::chrono::milliseconds tick{100};
/// The process at whose work it is looks every half second; one that is stopped or stuck may never.
constexpr std::chrono::seconds longest_wait{5};

/// Asks until the run is closed: by the process that has it or, when that one is gone, by this one.
/// @returns `run_cancelled` counts as done.
result<workflow::cancellation> cancel_and_wait(workflow::engine& engine,
                                               const cancel_options& options) {
  const auto last = std::chrono::steady_clock::now() + longest_wait;
  auto done = engine.cancel(options.run, options.reason);
  while (done && *done == workflow::cancellation::requested &&
         std::chrono::steady_clock::now() < last && !interrupt::requested()) {
    std::this_thread::sleep_for(tick);
    done = engine.cancel(options.run, options.reason);
    if (!done && done.error().code == workflow_errc::run_cancelled)
      return workflow::cancellation::done;
  }
  return done;
}

exit_code tell(const cancel_options& options, workflow::cancellation what) {
  const bool done = what == workflow::cancellation::done;
  const bool undone_first = what == workflow::cancellation::compensating;
  const std::string text =
      done ? cancelled_text(options.run, options.reason)
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
                                    {"reason", options.reason}};
  return print_line(options.json ? json.dump() : text) ? exit_code::ok : report_closed_output();
}

exit_code cancel(const cancel_options& options) {
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
  command->add_option("--reason", options->reason, "Why; kept in the run's history");
  options->store.add_to(*command);
  command->add_flag("--json", options->json,
                    "One JSON object: {\"run\",\"status\",\"reason\"}, status cancelled, requested "
                    "or compensating");
  command->footer(
      R"(A run that another process has at work is ended by that process within about a second. What its agents are doing is
abandoned, and what they answer is refused. A cancelled run is not gone on with. Steps with 'compensate' that have
completed are undone first, by the process that has the run, or by whoever takes it over.

Examples:
  troupe cancel 20261123-194512-417-k3f9w2md
  troupe cancel RUN --reason "wrong folder" --json)");
  command->callback([options, &chosen] { chosen = [options] { return cancel(*options); }; });
}

} // namespace troupe::cli
