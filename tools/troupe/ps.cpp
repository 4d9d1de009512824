#include "actors/workflow/run_id.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/run_view.hpp"
#include "tools/troupe/store_option.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct ps_options {
  store_option store;
  std::vector<v1::RunStatus> statuses;
  std::string workflow;
  std::size_t limit = 50;
  bool json = false;
};

const std::map<std::string, v1::RunStatus> statuses_by_name{
    {"running", v1::RUN_STATUS_RUNNING},
    {"compensating", v1::RUN_STATUS_COMPENSATING},
    {"completed", v1::RUN_STATUS_COMPLETED},
    {"failed", v1::RUN_STATUS_FAILED},
    {"cancelled", v1::RUN_STATUS_CANCELLED}};

bool open_run(const workflow::run_entry& run) {
  return run.closed.time_since_epoch().count() == 0;
}

std::string seconds_taken(const workflow::run_entry& run) {
  return open_run(run) ? "" : duration_text(run.closed - run.started);
}

nlohmann::ordered_json entry_json(const workflow::run_entry& run) {
  nlohmann::ordered_json out{{"run", run.run_id},
                             {"workflow", run.workflow},
                             {"version", run.workflow_version},
                             {"status", status_name(static_cast<v1::RunStatus>(run.status))},
                             {"started", iso_time(run.started)},
                             {"events", run.version}};
  if (const auto parent = workflow::parent_run_id(run.run_id); !parent.empty())
    out["parent"] = parent;
  if (!open_run(run)) out["closed"] = iso_time(run.closed);
  return out;
}

bool print_table(const std::vector<workflow::run_entry>& runs) {
  table rows{{"RUN", "WORKFLOW", "STATUS", "STARTED", "TOOK", "EVENTS"}, {4, 5}};
  for (const auto& run : runs)
    rows.add({run.run_id, run.workflow, status_name(static_cast<v1::RunStatus>(run.status)),
              iso_time(run.started), seconds_taken(run), std::to_string(run.version)});
  return rows.print();
}

exit_code list_runs(const ps_options& options) {
  const auto store = options.store.open_to_read();
  if (!store) return report(store.error());
  workflow::run_filter filter;
  filter.statuses.assign(options.statuses.begin(), options.statuses.end());
  filter.workflow = options.workflow;
  filter.limit = options.limit;
  const auto runs = (*store)->list(filter);
  if (!runs) return report(runs.error());
  if (!options.json) return print_table(*runs) ? exit_code::ok : report_closed_output();
  for (const auto& run : *runs)
    if (!print_line(entry_json(run).dump())) return report_closed_output();
  return exit_code::ok;
}

} // namespace

void add_ps(CLI::App& app, action& chosen) {
  auto options = std::make_shared<ps_options>();
  auto* command = app.add_subcommand("ps", "List the runs of a store, newest first");
  options->store.add_to(*command);
  command
      ->add_option("--status", options->statuses,
                   "Only runs of this status: running, completed, failed or cancelled; repeatable")
      ->transform(CLI::CheckedTransformer(statuses_by_name).description(""))
      ->type_name("running|completed|failed|cancelled");
  command->add_option("--workflow", options->workflow, "Only runs of the workflow of this name");
  command->add_option("--limit", options->limit, "At most so many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command->add_flag("--json", options->json, "One JSON object per line");
  command->footer(
      "Examples:\n  troupe ps --status running\n  troupe ps --store sqlite:runs.db --json");
  command->callback([options, &chosen] { chosen = [options] { return list_runs(*options); }; });
}

} // namespace troupe::cli
