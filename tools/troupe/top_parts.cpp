#include "tools/troupe/top_parts.hpp"

#include "actors/scheduling/resources/resource_text.hpp"
#include "tools/troupe/run_view.hpp"
#include "tools/troupe/terminal_text.hpp"
#include "tools/troupe/top_view.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace troupe::cli {

namespace {

using workflow::node_snapshot;

std::string count_text(std::size_t count, bool cut) {
  return fmt::format("{}{}", count, cut ? "+" : "");
}

std::string rate_text(const std::optional<double>& rate) {
  return rate ? fmt::format("{:.1f}/s", *rate) : "-";
}

/// `slot 2, resources 5`; what is 0 is left out.
std::string counts_text(const std::map<std::string, std::size_t>& of) {
  std::string made;
  for (const auto& [name, count] : of)
    if (count > 0) made += fmt::format("{}{} {}", made.empty() ? "" : ", ", name, count);
  return made.empty() ? "none" : made;
}

std::string resource_text(const node_snapshot::resource& of) {
  return fmt::format("{} {}/{}", of.name, scheduling::format_amount(of.name, of.used),
                     scheduling::format_amount(of.name, of.capacity));
}

std::string resources_text(const node_snapshot& of) {
  std::string made;
  for (const auto& each : of.resources)
    made += (made.empty() ? "" : "  ") + resource_text(each);
  return made;
}

/// As `explain` names an instance; whether its step fans out is not known here.
std::string step_text(const top_wait& of) {
  return of.index == 0 ? of.step : fmt::format("{}[{}]", of.step, of.index);
}

std::string wait_line(const top_run& of, std::chrono::system_clock::time_point now) {
  if (!of.looked_at) return "(history not read)";
  if (!of.wait) return "";
  std::string made = fmt::format("{}: {}", step_text(*of.wait), of.wait->reason);
  if (of.wait->due && *of.wait->due > now)
    made += fmt::format(", {} more", short_span(*of.wait->due - now));
  if (!of.wait->detail.empty()) made += fmt::format(" ({})", of.wait->detail);
  return made;
}

line_style style_of(const top_run& of) {
  return of.wait && of.wait->alarm ? line_style::alarm : line_style::plain;
}

} // namespace

void top_table::add(std::vector<std::string> cells, line_style style) {
  for (std::string& each : cells)
    each = printable(each);
  cells.resize(columns_.size());
  rows_.push_back({std::move(cells), style});
}

std::string top_table::join(const std::vector<std::string>& cells,
                            const std::vector<std::size_t>& widths) const {
  std::string made;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool last = i + 1 == cells.size() && !columns_[i].flush_right;
    made += i > 0 ? "  " : "";
    made += last ? cells[i] : fit(cells[i], widths[i], columns_[i].flush_right);
  }
  made.erase(made.find_last_not_of(' ') + 1);
  return made;
}

std::vector<styled_line> top_table::lines() const {
  std::vector<std::string> heads;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = columns_of(std::string_view{columns_[i].head});
    for (const row& each : rows_)
      widest = std::max(widest, columns_of(std::string_view{each.cells[i]}));
    heads.push_back(columns_[i].head);
    widths.push_back(columns_[i].widest > 0 ? std::min(widest, columns_[i].widest) : widest);
  }
  std::vector<styled_line> made{{join(heads, widths), line_style::header}};
  for (const row& each : rows_)
    made.push_back({join(each.cells, widths), each.style});
  return made;
}

std::vector<styled_line> summary_part(const top_state& of) {
  const top_totals& all = of.totals;
  std::vector<styled_line> made;
  made.push_back({fmt::format("troupe top  {}  {}", iso_time(of.time), printable(of.store)),
                  line_style::title});
  made.push_back(
      {fmt::format("Runs:  {} running, {} compensating; in {}: {} completed, {} failed, {} "
                   "cancelled; {} closed",
                   count_text(all.running, all.open_cut), all.compensating, short_span(of.window),
                   count_text(all.completed, all.closed_cut), all.failed, all.cancelled,
                   rate_text(all.runs_per_second))});
  made.push_back(
      {fmt::format("Steps: {} at work, {} completed; waiting in processes: {}", all.at_work,
                   rate_text(all.steps_per_second), printable(counts_text(all.queued)))});
  if (all.running + all.compensating > 0)
    made.push_back({fmt::format("       of {} of {} runs: {}", all.looked_at,
                                count_text(all.running + all.compensating, all.open_cut),
                                counts_text(all.waiting))});
  if (all.runs_unseen > 0)
    made.push_back({fmt::format("       {} runs have no process that says something (ended, just "
                                "begun, or of another version)",
                                all.runs_unseen),
                    line_style::faint});
  return made;
}

std::vector<styled_line> node_part(const top_state& of) {
  std::vector<styled_line> made;
  if (!of.nodes.empty()) {
    top_table table{{{"PROCESS", 40},
                     {"RUNS", 0, true},
                     {"AT WORK", 0, true},
                     {"STEPS", 0, true},
                     {"SEEN", 0, true},
                     {"RESOURCES"}}};
    for (const top_node& each : of.nodes)
      table.add(
          {fmt::format("{}:{}", each.what.host, each.what.process), std::to_string(each.what.runs),
           fmt::format("{}/{}", each.what.in_flight, each.what.places),
           rate_text(each.steps_per_second), short_span(each.age), resources_text(each.what)});
    made = table.lines();
  }
  for (const std::string& why : of.unreadable)
    made.push_back({"cannot see a process: " + printable(why), line_style::alarm});
  return made;
}

std::vector<styled_line> tenant_part(const top_state& of) {
  struct use {
    double weight = 1;
    std::size_t in_flight = 0, waiting = 0;
  };
  std::map<std::string, use> all;
  for (const top_node& node : of.nodes)
    for (const auto& each : node.what.tenants) {
      use& into = all[each.name];
      into.weight = each.weight;
      into.in_flight += each.in_flight;
      into.waiting += each.waiting;
    }
  if (all.empty() || (all.size() == 1 && all.begin()->first.empty())) return {};
  std::vector<std::pair<std::string, use>> sorted{all.begin(), all.end()};
  std::ranges::stable_sort(sorted, [](const auto& a, const auto& b) {
    return a.second.waiting + a.second.in_flight > b.second.waiting + b.second.in_flight;
  });
  top_table table{
      {{"TENANT", 30}, {"WEIGHT", 0, true}, {"AT WORK", 0, true}, {"WAITING", 0, true}}};
  for (const auto& [name, each] : sorted)
    table.add({name.empty() ? "(none)" : name, fmt::format("{:g}", each.weight),
               std::to_string(each.in_flight), std::to_string(each.waiting)});
  return table.lines();
}

std::vector<styled_line> key_part(const top_state& of) {
  // Each process keeps its own limits: what two have of one key is two rows.
  std::vector<const node_snapshot::key*> all;
  for (const top_node& node : of.nodes)
    for (const auto& each : node.what.keys)
      all.push_back(&each);
  std::ranges::stable_sort(all, [](const auto* a, const auto* b) {
    return a->held + a->waiting > b->held + b->waiting;
  });
  top_table table{
      {{"LIMIT", 40}, {"HELD", 0, true}, {"WAITING", 0, true}, {"RATE FULL IN", 0, true}}};
  for (const auto* each : all)
    table.add({each->name, std::to_string(each->held), std::to_string(each->waiting),
               each->full && *each->full > of.time ? short_span(*each->full - of.time) : "-"});
  return table.empty() ? std::vector<styled_line>{} : table.lines();
}

std::vector<styled_line> run_part(const top_state& of) {
  if (of.runs.empty()) return {{"No runs are at work", line_style::faint}};
  top_table table{{{"RUN", 40},
                   {"WORKFLOW", 20},
                   {"STATUS"},
                   {"AGE", 0, true},
                   {"PRIO", 0, true},
                   {"TENANT", 14},
                   {"STEPS", 0, true},
                   {"SINCE", 0, true},
                   {"OLDEST WAIT"}}};
  for (const top_run& run : of.runs) {
    const bool known = run.looked_at;
    table.add({run.entry.run_id, run.entry.workflow,
               status_name(static_cast<v1::RunStatus>(run.entry.status)),
               short_span(of.time - run.entry.started), known ? std::to_string(run.priority) : "-",
               run.tenant,
               known
                   ? fmt::format("{}/{}{}", run.steps_done, run.steps,
                                 run.steps_failed > 0 ? fmt::format(" {}!", run.steps_failed) : "")
                   : "-",
               run.wait ? short_span(of.time - run.wait->since) + (run.wait->alarm ? "!" : "") : "",
               wait_line(run, of.time)},
              style_of(run));
  }
  return table.lines();
}

std::vector<styled_line> failure_part(const top_state& of) {
  if (of.failures.empty()) return {};
  top_table table{{{"FAILED RUN", 40}, {"WORKFLOW", 20}, {"AGO", 0, true}, {"WHY"}}};
  for (const top_failure& each : of.failures)
    table.add({each.run.run_id, each.run.workflow, short_span(of.time - each.run.closed),
               each.type.empty() ? "" : fmt::format("[{}] {}", each.type, each.message)});
  return table.lines();
}

} // namespace troupe::cli
