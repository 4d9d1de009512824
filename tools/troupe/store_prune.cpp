#include "actors/workflow/store_prune.hpp"

#include "actors/workflow/durations.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/status_option.hpp"
#include "tools/troupe/store_commands.hpp"
#include "tools/troupe/store_progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct prune_command_options : store_command_options {
  std::string older_than;
  std::vector<v1::RunStatus> statuses;
  std::string archive;
  std::uint64_t keep = 0;
  bool dry_run = false;
};

bool print_pruned(const prune_command_options& options, const workflow::pruned_runs& made) {
  if (options.json)
    return print_line(nlohmann::ordered_json{
        {"dry_run", options.dry_run},
        {"runs", made.runs},
        {"events", made.events},
        {"payloads", made.payloads},
        {"kept_for_parents", made.kept_for_parents},
        {"damaged",
         made.damaged}}.dump());
  return print_line(fmt::format(
      "{} {} runs with {} events{}{}", options.dry_run ? "Would remove" : "Removed", made.runs,
      made.events, options.archive.empty() ? "" : fmt::format(", kept in {}", options.archive),
      made.kept_for_parents ? fmt::format("; {} stay until the runs that started them are closed",
                                          made.kept_for_parents)
                            : ""));
}

exit_code prune(const prune_command_options& options) {
  const auto age = workflow::parse_duration(options.older_than);
  if (!age) return report({cli_errc::bad_option, "--older-than: " + age.error()}, exit_code::usage);
  workflow::prune_options wanted;
  wanted.closed_before = std::chrono::system_clock::now() -
                         std::chrono::duration_cast<std::chrono::system_clock::duration>(*age);
  wanted.statuses.assign(options.statuses.begin(), options.statuses.end());
  wanted.keep = options.keep;
  wanted.dry_run = options.dry_run;
  if (!options.archive.empty()) wanted.archive = options.archive;
  const auto rows = options.store.open_rows(options.dry_run, true);
  if (!rows) return report(rows.error());
  store_progress shown{options.shown};
  const auto made = workflow::prune_store(**rows, wanted, shown.watch());
  shown.end();
  if (!made) return report_store_failure(made.error());
  if (!print_pruned(options, *made)) return report_closed_output();
  if (made->damaged.empty()) return exit_code::ok;
  print_error(fmt::format("{} runs are damaged and stay: {}; use 'troupe store repair'",
                          made->damaged.size(), fmt::join(made->damaged, ", ")));
  return exit_code::failed;
}

constexpr const char* prune_footer =
    R"(Only runs that have ended go, also while others are at work, in batches: first into the archive, where there is one, then out
of the store, so a run is whole in one of them at every moment. A run that a step has started stays as long as the run of
that step is open. 'troupe show RUN --archive FILE' shows an archived run, 'troupe store restore FILE --add' puts all back.

Examples:
  troupe store prune --older-than 30d --dry-run
  troupe store prune --older-than 30d --status completed --archive old.archive
  troupe store prune --older-than 1h --keep 1000)";

} // namespace

void add_store_prune(CLI::App& store, action& chosen) {
  auto options = std::make_shared<prune_command_options>();
  auto* command = store.add_subcommand("prune", "Remove old runs, or move them into an archive");
  options->add_to(*command);
  command
      ->add_option("--older-than", options->older_than,
                   "Runs that ended longer ago, e.g. 30d or 12h")
      ->type_name("DURATION")
      ->required();
  add_status_option(*command, options->statuses, {"completed", "failed", "cancelled"});
  command
      ->add_option("--keep", options->keep, "So many of the runs that ended last stay in any case")
      ->type_name("N")
      ->check(CLI::Range(0, 1'000'000'000));
  command->add_option("--archive", options->archive, "Where they go; made, or added to")
      ->type_name("FILE");
  command->add_flag("--dry-run", options->dry_run, "Only say how many would go");
  command->footer(prune_footer);
  command->callback([options, &chosen] { chosen = [options] { return prune(*options); }; });
}

} // namespace troupe::cli
