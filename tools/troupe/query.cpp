#include "actors/workflow/query.hpp"
#include "actors/workflow/errors.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/store_option.hpp"
#include "tools/troupe/stored_run.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct query_options {
  std::string run;
  std::string path;
  store_option store;
  bool json = false;
};

/// A text as it is, everything else as JSON that people can read.
std::string readable(const nlohmann::ordered_json& value) {
  constexpr int indent = 2;
  return value.is_string() ? value.get<std::string>() : value.dump(indent);
}

exit_code ask(const query_options& options) {
  const auto store = options.store.open_to_read();
  if (!store) return report(store.error());
  const auto run = replay_run(**store, options.run);
  if (!run) return report(run.error());
  const auto answer = workflow::query(*run, options.path);
  if (!answer)
    return report(answer.error(), answer.error().code == workflow_errc::bad_query
                                      ? exit_code::usage
                                      : exit_code::failed);
  auto value = nlohmann::ordered_json::parse(answer->json);
  const nlohmann::ordered_json whole{
      {"run", options.run}, {"path", options.path}, {"type", answer->type}, {"value", value}};
  return print_line(options.json ? whole.dump() : readable(value)) ? exit_code::ok
                                                                   : report_closed_output();
}

} // namespace

void add_query(CLI::App& app, action& chosen) {
  auto options = std::make_shared<query_options>();
  auto* command = app.add_subcommand("query", "Read a value of a run: replies, inputs, progress");
  command->add_option("RUN", options->run, "Id of the run, as 'troupe ps' prints it")->required();
  command
      ->add_option("PATH", options->path,
                   "steps.ID, steps.ID[INDEX], inputs.NAME or run, each with .FIELD behind it; "
                   "status; progress, progress.ID")
      ->required();
  options->store.add_to(*command);
  command->add_flag("--json", options->json,
                    "One JSON object: {\"run\",\"path\",\"type\",\"value\"}");
  command->footer(
      R"(The value is that of one moment, from what is committed; the run may be at work in any process. Names of fields are those
that definitions use in ${...}. Of a step with for_each 'steps.ID' is the list of the replies so far.

Exit status: 1 where there is no value yet, 2 where the path does not fit.

Examples:
  troupe query 20261123-194512-417-k3f9w2md status
  troupe query RUN 'steps.list.files.path'
  troupe query RUN 'steps.read[3].text'
  troupe query RUN progress --json)");
  command->callback([options, &chosen] { chosen = [options] { return ask(*options); }; });
}

} // namespace troupe::cli
