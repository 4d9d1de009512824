#include "actors/workflow/run_id.hpp"
#include "tools/troupe/cluster_nodes.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/run_view.hpp"
#include "tools/troupe/status_option.hpp"
#include "tools/troupe/store_option.hpp"
#include "tools/troupe/tag_option.hpp"
#include "tools/troupe/time_option.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct ps_options {
  cluster_option target;
  store_option store;
  std::vector<v1::RunStatus> statuses;
  std::string workflow;
  tag_option tags;
  std::string since, before;
  std::size_t limit = 50;
  bool json = false;
};

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

result<workflow::run_filter> filter_of(const ps_options& options) {
  workflow::run_filter filter;
  filter.statuses.assign(options.statuses.begin(), options.statuses.end());
  filter.workflow = options.workflow;
  filter.limit = options.limit;
  auto tags = options.tags.value();
  if (!tags) return tl::unexpected(std::move(tags.error()));
  filter.tags = std::move(*tags);
  const auto now = std::chrono::system_clock::now();
  const auto take = [&](const std::string& text, const char* option, auto& into) -> result<void> {
    if (text.empty()) return {};
    const auto moment = parse_moment(text, option, now);
    if (!moment) return tl::unexpected(moment.error());
    into = *moment;
    return {};
  };
  if (auto good = take(options.since, "--since", filter.started_since); !good)
    return tl::unexpected(std::move(good.error()));
  if (auto good = take(options.before, "--before", filter.started_before); !good)
    return tl::unexpected(std::move(good.error()));
  return filter;
}

exit_code list_runs(const ps_options& options) {
  const auto filter = filter_of(options);
  if (!filter) return report(filter.error(), exit_code::usage);
  const auto store = options.store.open_to_read();
  if (!store) return report(store.error());
  const auto runs = (*store)->list(*filter);
  if (!runs) return report(runs.error());
  if (!options.json) return print_table(*runs) ? exit_code::ok : report_closed_output();
  for (const auto& run : *runs)
    if (!print_line(entry_json(run).dump())) return report_closed_output();
  return exit_code::ok;
}

} // namespace

void add_ps(CLI::App& app, action& chosen) {
  auto options = std::make_shared<ps_options>();
  auto* command =
      app.add_subcommand("ps", "List the runs of a store, newest first, or the nodes of a cluster");
  options->target.add_to(*command, false);
  options->store.add_to(*command);
  add_status_option(*command, options->statuses,
                    {"running", "compensating", "completed", "failed", "cancelled"});
  command->add_option("--workflow", options->workflow, "Only runs of the workflow of this name");
  options->tags.add_to(*command,
                       "Only runs that were submitted with this tag; of several all must fit");
  command
      ->add_option(
          "--since", options->since,
          "Only runs that started then or later: 2026-11-23, 2026-11-23T19:45:12Z, or how\n"
          "long ago, such as 2h")
      ->type_name("TIME");
  command->add_option("--before", options->before, "Only runs that started before")
      ->type_name("TIME");
  command->add_option("--limit", options->limit, "At most so many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command->add_flag("--json", options->json, "One JSON object per line");
  command->footer(
      "With a cluster file, its nodes are listed; then only --data and --json count.\n\n"
      "Examples:\n  troupe ps --status running\n  troupe ps examples/cluster/local.yaml\n  troupe "
      "ps --tag tenant=acme --since 1d\n  "
      "troupe ps --store sqlite:runs.db --json");
  command->callback([options, &chosen] {
    chosen = [options] {
      return options->target.given() ? list_nodes(options->target, options->json)
                                     : list_runs(*options);
    };
  });
}

} // namespace troupe::cli
