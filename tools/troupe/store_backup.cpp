#include "actors/workflow/store_backup.hpp"

#include "actors/workflow/errors.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/store_commands.hpp"
#include "tools/troupe/store_progress.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct backup_options : store_command_options {
  std::string file;
  bool force = false;
  bool add = false;
};

nlohmann::ordered_json copied_json(const backup_options& options,
                                   const workflow::copied_rows& made) {
  return {{"file", options.file},
          {"rows", made.rows},
          {"damaged", made.damaged},
          {"damages", made.damaged_shown}};
}

std::string copied_text(const workflow::copied_rows& made) {
  std::string text;
  for (const auto& [table, rows] : made.rows)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", rows, table);
  return text.empty() ? "nothing" : text;
}

/// What was copied as it is, and is not what was written.
exit_code report_damages(const workflow::copied_rows& made, std::string_view remedy) {
  if (made.damaged == 0) return exit_code::ok;
  for (const auto& each : made.damaged_shown)
    print_warning(each);
  print_error(
      fmt::format("{} rows are damaged, and were copied as they are; {}", made.damaged, remedy));
  return exit_code::failed;
}

exit_code back_up(const backup_options& options) {
  std::error_code ignored;
  if (!options.force && std::filesystem::exists(options.file, ignored))
    return report({cli_errc::bad_option, fmt::format("'{}' is there; name another file, or take "
                                                     "--force to replace it",
                                                     options.file)},
                  exit_code::usage);
  const auto rows = options.store.open_rows(true, true);
  if (!rows) return report(rows.error());
  store_progress shown{options.shown};
  const auto made = workflow::back_up(**rows, options.file, shown.watch());
  shown.end();
  if (!made) return report_store_failure(made.error());
  auto out = copied_json(options, *made);
  out["bytes"] = made->size_bytes;
  const bool printed = options.json
                           ? print_line(out.dump())
                           : print_line(fmt::format("Backed up {} ({} bytes): {}", options.file,
                                                    made->size_bytes, copied_text(*made)));
  return printed ? report_damages(*made, "look with 'troupe store check'") : report_closed_output();
}

exit_code restore(const backup_options& options) {
  const auto rows = options.store.open_rows(false, false);
  if (!rows) return report(rows.error());
  store_progress shown{options.shown};
  const auto mode = options.add     ? workflow::restore_mode::add
                    : options.force ? workflow::restore_mode::replace
                                    : workflow::restore_mode::into_empty;
  const auto made = workflow::restore(**rows, options.file, mode, shown.watch());
  shown.end();
  if (!made) return report_store_failure(made.error());
  auto out = copied_json(options, *made);
  out["store"] = (*rows)->name();
  out["skipped"] = made->skipped;
  const bool printed =
      options.json
          ? print_line(out.dump())
          : print_line(fmt::format(
                "Restored into {}: {}{}", (*rows)->name(), copied_text(*made),
                made->skipped ? fmt::format("; {} runs were there already", made->skipped) : ""));
  return printed ? report_damages(*made, "use 'troupe store repair'") : report_closed_output();
}

constexpr const char* backup_footer =
    R"(All that the store has at one moment, also while runs are at work. The file has its name once it is whole and on the disk.
It can be restored into a store of either kind, so this moves runs from SQLite to PostgreSQL too. It holds what the runs
hold, personal data included. Exit status 1 where a row is damaged; it is copied as it is.

Examples:
  troupe store backup runs.backup
  troupe store backup nightly.backup --store postgresql://troupe@db/runs --force --json)";

constexpr const char* restore_footer =
    R"(The backup is read to its end and checked before anything is written; then all of it is there, or nothing.

Examples:
  troupe store restore runs.backup --store sqlite:new.db
  troupe store restore runs.backup --store postgresql://troupe@db/runs
  troupe store restore old.archive --add)";

} // namespace

void add_store_backup(CLI::App& store, action& chosen) {
  auto options = std::make_shared<backup_options>();
  auto* command = store.add_subcommand("backup", "Copy a store into one file, while it is in use");
  command->add_option("FILE", options->file, "The file to write")->required();
  options->add_to(*command);
  command->add_flag("--force", options->force, "Replace the file where it is there");
  command->footer(backup_footer);
  command->callback([options, &chosen] { chosen = [options] { return back_up(*options); }; });
}

void add_store_restore(CLI::App& store, action& chosen) {
  auto options = std::make_shared<backup_options>();
  auto* command = store.add_subcommand("restore", "Put a backup or an archive into an empty store");
  command->add_option("FILE", options->file, "The backup")->required();
  options->add_to(*command);
  auto* force = command->add_flag("--force", options->force, "Replace all that the store has");
  command
      ->add_flag("--add", options->add,
                 "Add the runs that the store has not, and leave all that it has as it is")
      ->excludes(force);
  command->footer(restore_footer);
  command->callback([options, &chosen] { chosen = [options] { return restore(*options); }; });
}

} // namespace troupe::cli
