#include "actors/workflow/definition.hpp"
#include "actors/workflow/engine.hpp"
#include "actors/workflow/errors.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/no_agents.hpp"
#include "tools/troupe/store_option.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct signal_options {
  std::string run;
  workflow::run_signal sent;
  store_option store;
  bool json = false;
};

/// Reads no more than one byte too many.
std::string read_input() {
  std::string made(workflow::definition_limits::payload_bytes + 1, '\0');
  std::cin.read(made.data(), static_cast<std::streamsize>(made.size()));
  made.resize(static_cast<std::size_t>(std::cin.gcount()));
  return made;
}

exit_code tell(const signal_options& options, workflow::signal_outcome what) {
  const bool recorded = what == workflow::signal_outcome::recorded;
  const std::string text = fmt::format("signal {} is kept for run {}: the process that has it "
                                       "takes it up, or whoever resumes the run",
                                       options.sent.name, options.run);
  const nlohmann::ordered_json json{{"run", options.run},
                                    {"signal", options.sent.name},
                                    {"status", recorded ? "recorded" : "kept"}};
  return print_line(options.json ? json.dump() : text) ? exit_code::ok : report_closed_output();
}

exit_code send_signal(const signal_options& options) {
  auto store = options.store.open(true);
  if (!store) return report(store.error());
  const no_agents agents;
  const auto engine = workflow::engine::start(
      agents, [](const workflow::attempt_request&, const responder&) {}, std::move(*store));
  if (!engine) return report(engine.error());
  workflow::run_signal sent = options.sent;
  if (sent.json == "-") sent.json = read_input();
  const auto done = (*engine)->signal(options.run, sent);
  return done ? tell(options, *done) : report(done.error());
}

} // namespace

void add_signal(CLI::App& app, action& chosen) {
  auto options = std::make_shared<signal_options>();
  auto* command = app.add_subcommand("signal", "Tell a run something that a step of it awaits");
  command->add_option("RUN", options->run, "Id of the run, as 'troupe ps' prints it")->required();
  command->add_option("NAME", options->sent.name, "The signal, as the definition names it")
      ->required();
  command
      ->add_option(
          "--data", options->sent.json,
          "Its payload, a JSON object of the type that the step declares; '-' reads it from "
          "standard input")
      ->type_name("JSON")
      ->capture_default_str();
  command->add_option("--id", options->sent.id,
                      "Makes repeating safe: of several with one id the first counts");
  options->store.add_to(*command);
  command->add_flag("--json", options->json, "One JSON object: {\"run\",\"signal\",\"status\"}");
  command->footer(
      R"(A signal that no step awaits yet is kept for the one that will. Where another process has the run at work, that one
takes the signal up within about a second.

Examples:
  troupe signal 20261123-194512-417-k3f9w2md approve --data '{"approved": true, "by": "Ada"}'
  troupe signal RUN approve --data - --id mail-4711 < decision.json)");
  command->callback([options, &chosen] { chosen = [options] { return send_signal(*options); }; });
}

} // namespace troupe::cli
