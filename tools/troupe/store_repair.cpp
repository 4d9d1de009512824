#include "actors/workflow/store_repair.hpp"

#include "actors/workflow/sqlite_rebuild.hpp"
#include "actors/workflow/store_backup.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/store_check_view.hpp"
#include "tools/troupe/store_commands.hpp"
#include "tools/troupe/store_progress.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace troupe::cli {

namespace {

struct repair_options : store_command_options {
  std::string backup;
};

/// What was done, in the order in which it was.
struct repair_outcome {
  std::string backup;
  std::optional<workflow::rebuilt_file> rebuilt;
  workflow::repair_report rows;
};

std::string how_text(workflow::repaired::how done) {
  switch (done) {
  case workflow::repaired::how::rebuilt:
    return "rebuilt";
  case workflow::repaired::how::cut:
    return "cut";
  case workflow::repaired::how::set_aside:
    return "set aside";
  case workflow::repaired::how::removed:
    return "removed";
  case workflow::repaired::how::left:
    return "not repaired";
  }
  return "";
}

/// Whether nobody has the store open; its lock is not kept.
result<void> check_alone(const store_option& store) {
  const auto rows = store.open_rows(false, true);
  if (!rows) return tl::unexpected(rows.error());
  auto begun = (*rows)->begin_alone();
  (*rows)->roll_back();
  return begun;
}

result<std::string> back_up_first(const repair_options& options,
                                  const workflow::store_watch& watch) {
  const auto file = options.store.file();
  if (!file) return tl::unexpected(file.error());
  if (*file && options.backup.empty()) {
    auto copied = workflow::copy_sqlite_file(**file);
    if (!copied) return tl::unexpected(std::move(copied.error()));
    return copied->string();
  }
  if (options.backup.empty())
    return fail(cli_errc::bad_option,
                "name a file for the copy that is made first, with --backup FILE");
  const auto rows = options.store.open_rows(true, true);
  if (!rows) return tl::unexpected(rows.error());
  if (auto made = workflow::back_up(**rows, options.backup, watch); !made)
    return tl::unexpected(std::move(made.error()));
  return options.backup;
}

/// Makes the file again where SQLite itself finds it damaged.
result<std::optional<workflow::rebuilt_file>> mend_file(const store_option& store,
                                                        const workflow::store_watch& watch) {
  const auto file = store.file();
  if (!file) return tl::unexpected(file.error());
  if (!*file) return std::nullopt;
  {
    const auto rows = store.open_rows(false, true);
    if (!rows) return tl::unexpected(rows.error());
    const auto faults = (*rows)->faults();
    if (faults && faults->empty()) return std::nullopt;
  }
  auto made = workflow::rebuild_sqlite_file(**file, watch);
  if (!made) return tl::unexpected(std::move(made.error()));
  return std::move(*made);
}

result<repair_outcome> repair_all(const repair_options& options,
                                  const workflow::store_watch& watch) {
  if (auto alone = check_alone(options.store); !alone)
    return tl::unexpected(std::move(alone.error()));
  repair_outcome made;
  auto copy = back_up_first(options, watch);
  if (!copy) return tl::unexpected(std::move(copy.error()));
  made.backup = std::move(*copy);
  auto mended = mend_file(options.store, watch);
  if (!mended) return tl::unexpected(std::move(mended.error()));
  made.rebuilt = std::move(*mended);
  const auto rows = options.store.open_rows(false, true);
  if (!rows) return tl::unexpected(rows.error());
  const auto histories = options.store.open_to_read();
  if (!histories) return tl::unexpected(histories.error());
  auto done = workflow::repair_store(**rows, **histories, std::chrono::system_clock::now(), watch);
  if (!done) return tl::unexpected(std::move(done.error()));
  made.rows = std::move(*done);
  return made;
}

bool print_text(const repair_outcome& made) {
  if (!print_line("Copy as it was before: " + made.backup)) return false;
  if (made.rebuilt && !print_line(fmt::format(
                          "File made again from what can be read ({}); {} places cannot be read",
                          fmt::join(made.rebuilt->copied, ", "), made.rebuilt->unreadable)))
    return false;
  for (const auto& each : made.rows.done)
    if (!print_line(fmt::format("{} {}: {}", how_text(each.done),
                                each.id.empty() ? workflow::name_of(each.where) : each.id,
                                each.what)))
      return false;
  return !made.rows.done.empty() || made.rebuilt || print_line("Nothing is damaged");
}

bool print_as_json(const repair_outcome& made) {
  nlohmann::ordered_json out{{"backup", made.backup}};
  if (made.rebuilt)
    out["file"] = {{"copied", made.rebuilt->copied}, {"unreadable", made.rebuilt->unreadable}};
  auto& done = out["done"] = nlohmann::ordered_json::array();
  for (const auto& each : made.rows.done)
    done.push_back({{"how", how_text(each.done)},
                    {"table", workflow::name_of(each.where)},
                    {"id", each.id},
                    {"what", each.what}});
  return print_line(out.dump());
}

exit_code repair(const repair_options& options) {
  store_progress shown{options.shown};
  const auto made = repair_all(options, shown.watch());
  shown.end();
  if (!made) return report_store_failure(made.error());
  if (!(options.json ? print_as_json(*made) : print_text(*made))) return report_closed_output();
  const auto& done = made->rows.done;
  const bool left = std::any_of(done.begin(), done.end(), [](const workflow::repaired& each) {
    return each.done == workflow::repaired::how::left;
  });
  return left ? exit_code::failed : exit_code::ok;
}

constexpr const char* repair_footer =
    R"(First a copy is made. Then, while nobody has the store open: a file with damaged pages or indexes is made again from every
row that can be read; a history whose last events are damaged ends before them; a run whose history is damaged in the
middle, and every other damaged row, is taken out and kept in the store's quarantine, which backups have too. All that is
lost is printed. Exit status 1 where something could not be repaired.

Examples:
  troupe store repair --store sqlite:runs.db
  troupe store repair --store postgresql://troupe@db/runs --backup before.backup --json)";

} // namespace

void add_store_repair(CLI::App& store, action& chosen) {
  auto options = std::make_shared<repair_options>();
  auto* command =
      store.add_subcommand("repair", "Make a damaged store usable again, and say what is lost");
  options->add_to(*command);
  command
      ->add_option("--backup", options->backup,
                   "Where the copy goes that is made first (a file: FILE.before-repair beside it)")
      ->type_name("FILE");
  command->footer(repair_footer);
  command->callback([options, &chosen] { chosen = [options] { return repair(*options); }; });
}

} // namespace troupe::cli
