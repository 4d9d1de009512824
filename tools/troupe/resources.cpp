#include "actors/scheduling/resources/discovery.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/resources_option.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using scheduling::format_amount;
using scheduling::node_resource;
using scheduling::node_resources;

struct resources_options {
  resources_option given;
  bool json = false;
};

/// What was found besides the number that counts.
std::string other_bounds(const node_resource& shown) {
  std::string made;
  for (const auto& [from, amount] : shown.bounds)
    if (from != shown.from)
      made +=
          fmt::format("{}{} {}", made.empty() ? "" : ", ", from, format_amount(shown.name, amount));
  return made;
}

exit_code print_table(const node_resources& found) {
  table rows{{"RESOURCE", "AMOUNT", "FROM", "BESIDES"}, {1}};
  for (const node_resource& each : found.entries)
    rows.add({each.name, format_amount(each.name, each.amount), each.from, other_bounds(each)});
  return rows.print() ? exit_code::ok : report_closed_output();
}

/// Cores as a number; bytes and counts as they are.
nlohmann::ordered_json amount_json(const std::string& name, std::uint64_t amount) {
  constexpr double thousandths = 1'000;
  if (name == "cpu") return static_cast<double>(amount) / thousandths;
  return amount;
}

nlohmann::ordered_json entry_json(const node_resource& shown) {
  nlohmann::ordered_json made{{"name", shown.name},
                              {"amount", amount_json(shown.name, shown.amount)},
                              {"from", shown.from},
                              {"bounds", nlohmann::ordered_json::array()}};
  for (const auto& [from, amount] : shown.bounds)
    made["bounds"].push_back({{"from", from}, {"amount", amount_json(shown.name, amount)}});
  return made;
}

exit_code print_json(const node_resources& found) {
  nlohmann::ordered_json made{{"resources", nlohmann::ordered_json::array()},
                              {"numa_nodes", nlohmann::ordered_json::array()},
                              {"gpus", nlohmann::ordered_json::array()}};
  for (const node_resource& each : found.entries)
    made["resources"].push_back(entry_json(each));
  for (const auto& each : found.numa_nodes)
    made["numa_nodes"].push_back({{"index", each.index},
                                  {"processors", each.processors},
                                  {"memory_bytes", each.memory_bytes}});
  for (const auto& each : found.gpus)
    made["gpus"].push_back({{"name", each.name}, {"memory_bytes", each.memory_bytes}});
  return print_line(made.dump()) ? exit_code::ok : report_closed_output();
}

exit_code show(const resources_options& options) {
  const auto found = scheduling::discover_resources(options.given.value());
  return options.json ? print_json(found) : print_table(found);
}

} // namespace

void add_resources(CLI::App& app, action& chosen) {
  auto options = std::make_shared<resources_options>();
  auto* command = app.add_subcommand(
      "resources", "What steps on this node may hold together, and where each number comes from");
  options->given.add_to(*command);
  command->add_flag("--json", options->json,
                    "One JSON object: cpu in cores, memory in bytes, the bounds that were found");
  command->footer(
      "Found are the machine's processors and memory, the processors that this process is bound "
      "to, the limits of\n"
      "its control groups, and GPUs that hwloc sees. The least counts; --resources counts more "
      "than all of them.\n\n"
      "Examples:\n  troupe resources\n  troupe resources --resources cpu=2,license=3 --json");
  command->callback([options, &chosen] { chosen = [options] { return show(*options); }; });
}

} // namespace troupe::cli
