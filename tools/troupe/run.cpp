#include "actors/workflow/errors.hpp"
#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/inputs.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/insight_view.hpp"
#include "tools/troupe/interrupt.hpp"
#include "tools/troupe/node_setup.hpp"
#include "tools/troupe/progress.hpp"
#include "tools/troupe/run_target.hpp"
#include "tools/troupe/run_view.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct run_options {
  run_target target;
  node_setup node;
  progress_mode shown = progress_mode::automatic;
  bool json = false;
};

/// How often Ctrl-C is looked for and the bar redrawn.
constexpr std::chrono::milliseconds tick{100};

/// Waits for the run's end. @returns nothing when a signal asked to stop.
result<std::optional<v1::RunSummary>> await(workflow::engine& engine, const std::string& run_id,
                                            progress& shown) {
  for (;;) {
    if (interrupt::requested()) return std::nullopt;
    auto closed = engine.wait(run_id, tick);
    if (closed) return std::move(*closed);
    if (closed.error().code != workflow_errc::timed_out) return tl::unexpected(closed.error());
    if (!shown.wants_ticks()) continue;
    if (const auto now = engine.summary(run_id)) shown.on_tick(*now);
  }
}

/// How long it took, and why not less; nothing where its history cannot say that.
std::optional<workflow::run_insight> insight_of(const std::vector<v1::Event>& history) {
  std::vector<workflow::event> events;
  for (const auto& each : history) {
    auto event = workflow::decode(each);
    if (!event) return std::nullopt;
    events.push_back(std::move(*event));
  }
  auto found = workflow::analyse(events);
  return found ? std::optional{std::move(*found)} : std::nullopt;
}

bool print_result(const v1::RunSummary& run, const std::vector<v1::Event>& history, bool json) {
  const auto insight = insight_of(history);
  if (!json) {
    if (!print_outcome(run, history)) return false;
    for (const auto& line : insight ? insight_lines(*insight) : std::vector<std::string>{})
      if (!print_line(line)) return false;
    return true;
  }
  auto out = run_json(run);
  if (insight) out["insight"] = insight_json(*insight);
  out["replies"] = final_replies(run, history);
  return print_line(out.dump());
}

exit_code finish(workflow::engine& engine, const v1::RunSummary& run, const run_options& options) {
  const auto history = engine.history(run.run_id());
  if (!history) return report(history.error());
  if (!print_result(run, *history, options.json)) return report_closed_output();
  if (run.status() == v1::RUN_STATUS_COMPLETED) return exit_code::ok;
  if (run.status() == v1::RUN_STATUS_CANCELLED) {
    print_error(cancelled_text(run.run_id(), run.cancel_reason()));
    return exit_code::failed;
  }
  print_error(fmt::format("run {} failed: {} [{}]", run.run_id(), run.failure().message(),
                          run.failure().type()));
  return exit_code::failed;
}

exit_code drive(node& node, const run_options& options, progress& shown) {
  auto& engine = node.workflows();
  engine.subscribe([&shown](const std::string& run_id, const v1::Event& event) {
    shown.on_event(run_id, event);
  });
  const auto started = options.target.start(engine, node.agents());
  if (!started && interrupt::requested()) return report_interrupted(); // reading the definition
  if (!started) return report(started.error().why, started.error().code);
  const auto run = await(engine, *started, shown);
  if (run && *run) shown.on_tick(**run);
  shown.end();
  if (!run) return report(run.error());
  if (!*run)
    return report_interrupted(fmt::format("go on with: troupe run --resume {}{}", *started,
                                          options.node.store().as_argument()));
  return finish(engine, **run, options);
}

exit_code run(const run_options& options) {
  progress shown{options.shown}; // outlives the node, which tells it of events until it has stopped
  auto node = options.node.start(!options.target.may_make_store());
  if (!node) return report(node.error());
  const auto retention = options.node.start_retention();
  const auto publisher = options.node.start_publisher(**node);
  const auto code = drive(**node, options, shown);
  // However short the run was.
  while (retention && !interrupt::requested() && !retention->wait_for_look(tick)) {
  }
  (*node)->stop();
  return code;
}

constexpr const char* run_footer =
    R"(The history of the run is committed to the store step by step: after a crash, a kill or Ctrl-C,
--resume RUN (or --continue) goes on with what was not done yet.

Examples:
  troupe run examples/redact-folder.yaml --input folder=examples/documents --input output=out
  troupe run examples/redact-folder.yaml --input folder=docs --input output=out --store sqlite:runs.db --continue
  troupe run --resume 20261123-194512-417-k3f9w2md)";

} // namespace

void add_run(CLI::App& app, action& chosen) {
  auto options = std::make_shared<run_options>();
  auto* command = app.add_subcommand("run", "Run a workflow to its end, durably");
  options->target.add_to(*command);
  options->node.add_to(*command);
  command
      ->add_option("--progress", options->shown,
                   "How progress is shown on standard error: auto, bar, lines or none")
      ->transform(CLI::CheckedTransformer(progress_modes()).description(""))
      ->type_name("auto|bar|lines|none")
      ->default_str("auto");
  command->add_flag("--json", options->json, "The result as one JSON object on standard output");
  command->footer(run_footer);
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace troupe::cli
