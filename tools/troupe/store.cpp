#include "actors/workflow/errors.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/store_commands.hpp"

#include <CLI/CLI.hpp>

namespace troupe::cli {

namespace {

constexpr const char* store_footer =
    R"(Examples:
  troupe store check --store sqlite:runs.db
  troupe store backup runs.backup
  troupe store restore runs.backup --store postgresql://troupe@db/runs
  troupe store prune --older-than 30d --archive old.archive
  troupe store repair --store sqlite:runs.db)";

} // namespace

void store_command_options::add_to(CLI::App& command) {
  store.add_to(command);
  command
      .add_option("--progress", shown,
                  "How progress is shown on standard error: auto, bar, lines or none")
      ->transform(CLI::CheckedTransformer(progress_modes()).description(""))
      ->type_name("auto|bar|lines|none")
      ->default_str("auto");
  command.add_flag("--json", json, "The result as one JSON object on standard output");
}

exit_code report_store_failure(const error& why) {
  if (why.code == workflow_errc::interrupted) return report_interrupted(why.context);
  return report(why);
}

void add_store(CLI::App& app, action& chosen) {
  auto* store =
      app.add_subcommand("store", "Look after a store: check, repair, back up, restore, prune");
  store->require_subcommand(1);
  store->footer(store_footer);
  for (auto* add :
       {add_store_check, add_store_repair, add_store_backup, add_store_restore, add_store_prune})
    add(*store, chosen);
}

} // namespace troupe::cli
