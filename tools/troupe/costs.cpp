#include "actors/scheduling/learning/cost_file.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/insight_view.hpp"
#include "tools/troupe/store_option.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using scheduling::cost_book;
using scheduling::cost_key;

struct costs_options {
  store_option store;
  bool json = false;
};

/// The size that was usual; sizes are learnt as logarithms.
double usual_bytes(const scheduling::run_time_model& of) {
  return std::expm1(of.known().mean_size);
}

nlohmann::ordered_json entry_json(const cost_key& key, const cost_book::entry& of) {
  return {{"agent", key.agent_type},
          {"node_class", key.node_class},
          {"step", key.step},
          {"count", of.model.known().count},
          {"mean_seconds", of.model.mean()},
          {"p50_seconds", of.model.quantile(0.5)},
          {"p95_seconds", of.model.quantile(0.95)},
          {"usual_bytes", std::round(usual_bytes(of.model))},
          {"exponent", of.model.exponent()}};
}

std::string seconds_text(double seconds) {
  return span_text(std::chrono::duration_cast<workflow::duration>(
      std::chrono::duration<double>{std::min(seconds, 1e9)}));
}

bool print_table(const cost_book& book) {
  table rows{{"AGENT", "NODE", "STEP", "COUNT", "MEAN", "P50", "P95", "USUAL BYTES", "GROWS WITH"},
             {3, 4, 5, 6, 7}};
  for (const auto& [key, of] : book.entries())
    rows.add({key.agent_type, key.node_class.empty() ? "any" : key.node_class,
              key.step.empty() ? "any" : key.step, std::to_string(of.model.known().count),
              seconds_text(of.model.mean()), seconds_text(of.model.quantile(0.5)),
              seconds_text(of.model.quantile(0.95)), fmt::format("{:.0f}", usual_bytes(of.model)),
              fmt::format("size^{:.2f}", of.model.exponent())});
  return rows.print();
}

exit_code list_costs(const costs_options& options) {
  const auto file = options.store.costs_file();
  if (!file) return report(file.error());
  const auto book = scheduling::load_costs(*file);
  if (!book) return report(book.error());
  if (!options.json) return print_table(*book) ? exit_code::ok : report_closed_output();
  for (const auto& [key, of] : book->entries())
    if (!print_line(entry_json(key, of).dump())) return report_closed_output();
  return exit_code::ok;
}

constexpr const char* costs_footer =
    R"(Run times are learnt from the attempts of 'troupe run', by agent type, kind of node and size of the request, for each step and
for all together. They are kept beside the store (FILE-costs.json; of PostgreSQL in the user's state folder), may be deleted at any time,
and decide in which order attempts start (troupe run --policy). p95 is wide where few attempts are known.

Examples:
  troupe costs
  troupe costs --store sqlite:runs.db --json | jq 'select(.count > 10)')";

} // namespace

void add_costs(CLI::App& app, action& chosen) {
  auto options = std::make_shared<costs_options>();
  auto* command = app.add_subcommand("costs", "List what was learnt of how long agents take");
  options->store.add_to(*command);
  command->add_flag("--json", options->json, "One JSON object per line");
  command->footer(costs_footer);
  command->callback([options, &chosen] { chosen = [options] { return list_costs(*options); }; });
}

} // namespace troupe::cli
