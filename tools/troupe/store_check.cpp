#include "actors/workflow/store_check.hpp"

#include "tools/troupe/console.hpp"
#include "tools/troupe/store_check_view.hpp"
#include "tools/troupe/store_commands.hpp"
#include "tools/troupe/store_progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

nlohmann::ordered_json report_json(const workflow::raw_store& of,
                                   const workflow::check_report& found) {
  nlohmann::ordered_json out{{"store", of.name()},
                             {"kind", of.kind()},
                             {"format", of.format()},
                             {"good", found.is_good()},
                             {"runs", found.runs},
                             {"events", found.events},
                             {"payloads", found.blobs},
                             {"cancel_requests", found.cancel_requests},
                             {"signals", found.signal_requests},
                             {"dead_letters", found.dead_letters},
                             {"quarantined", found.quarantined}};
  auto& damages = out["damages"] = nlohmann::ordered_json::array();
  for (const auto& each : found.damages)
    damages.push_back(damage_json(each));
  auto& unreadable = out["unreadable"] = nlohmann::ordered_json::array();
  for (const auto& each : found.unreadable)
    unreadable.push_back(damage_json(each));
  return out;
}

bool print_report(const workflow::raw_store& of, const workflow::check_report& found) {
  for (const auto& each : found.damages)
    if (!print_line(damage_text(each))) return false;
  for (const auto& each : found.unreadable)
    print_warning(damage_text(each) + " (this program lacks what reads it; it may be good)");
  return print_line(fmt::format(
      "{}: {}; {} runs, {} events, {} payloads, {} signals, {} dead letters, {} rows in quarantine",
      of.name(), found.is_good() ? "good" : fmt::format("{} damages", found.damages.size()),
      found.runs, found.events, found.blobs, found.signal_requests, found.dead_letters,
      found.quarantined));
}

exit_code check(const store_command_options& options) {
  const auto rows = options.store.open_rows(true, true);
  if (!rows) return report(rows.error());
  const auto histories = options.store.open_to_read();
  if (!histories) return report(histories.error());
  store_progress shown{options.shown};
  auto begun = (*rows)->begin_snapshot();
  auto found = begun ? workflow::check_store(**rows, **histories, shown.watch())
                     : tl::unexpected(begun.error());
  shown.end();
  if (!found) return report_store_failure(found.error());
  const bool printed =
      options.json ? print_line(report_json(**rows, *found).dump()) : print_report(**rows, *found);
  if (!printed) return report_closed_output();
  if (found->is_good()) return exit_code::ok;
  print_error(
      fmt::format("{} is damaged; 'troupe store repair' makes it usable again and says what "
                  "is lost, a backup has what it had",
                  (*rows)->name()));
  return exit_code::failed;
}

constexpr const char* check_footer =
    R"(Every row is looked at, also while runs are at work: its checksum, that numbers have no gaps, that each history can be
applied and fits its run, and, of a file, its pages and indexes. Exit status 1 where anything is damaged.

Examples:
  troupe store check
  troupe store check --store sqlite:runs.db --json | jq .damages)";

} // namespace

void add_store_check(CLI::App& store, action& chosen) {
  auto options = std::make_shared<store_command_options>();
  auto* command = store.add_subcommand("check", "Look whether all is what was written");
  options->add_to(*command);
  command->footer(check_footer);
  command->callback([options, &chosen] { chosen = [options] { return check(*options); }; });
}

} // namespace troupe::cli
