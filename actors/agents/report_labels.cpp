#include "actors/agents/report_format.hpp"
#include "actors/agents/report_parts.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::agents {
namespace {

/// What one label's row says.
struct label_row {
  std::string label;
  std::uint32_t count = 0;
  std::uint32_t documents = 0;
  std::uint32_t by_rule = 0;
  /// Values that may be shown, and how often each occurs.
  std::map<std::string, std::uint32_t> values;
};

using label_rows = std::map<std::string, label_row>;

std::vector<label_row> most_first(const label_rows& rows) {
  std::vector<label_row> sorted;
  for (const auto& [label, row] : rows) {
    sorted.push_back(row);
    sorted.back().label = label;
  }
  std::ranges::stable_sort(sorted, std::greater{}, &label_row::count);
  return sorted;
}

void add_value(const report_data& report, const report_document& document,
               const report_entity& entity, label_row& row) {
  // Enough to find the most frequent ones of any real folder, and a bound on memory for all others.
  constexpr std::size_t max_values = 20'000;
  constexpr std::size_t max_value_bytes = 80;
  const auto [start, end] = entity.at.bytes;
  if (!may_show(report, entity) || end - start > max_value_bytes || row.values.size() >= max_values)
    return;
  ++row.values[document.original.substr(start, end - start)];
}

std::vector<label_row> entity_rows(const report_data& report) {
  label_rows rows;
  for (const auto& document : report.documents) {
    std::map<std::string, bool> seen;
    if (!document.entities) continue;
    for (const auto& entity : *document.entities) {
      auto& row = rows[entity.label];
      ++row.count;
      if (seen.emplace(entity.label, true).second) ++row.documents;
      add_value(report, document, entity, row);
    }
  }
  return most_first(rows);
}

std::vector<label_row> redaction_rows(const report_data& report) {
  label_rows rows;
  for (const auto& document : report.documents) {
    std::map<std::string, bool> seen;
    if (!document.redactions) continue;
    for (const auto& one : *document.redactions) {
      auto& row = rows[one.what.span.label];
      ++row.count;
      row.by_rule += one.what.span.source == pii_source::rule ? 1 : 0;
      if (seen.emplace(one.what.span.label, true).second) ++row.documents;
    }
  }
  return most_first(rows);
}

std::string frequent_values(const label_row& row) {
  constexpr std::size_t wanted = 3;
  std::vector<std::pair<std::string, std::uint32_t>> values{row.values.begin(), row.values.end()};
  std::ranges::stable_sort(values, std::greater{}, [](const auto& one) { return one.second; });
  values.resize(std::min(values.size(), wanted));
  std::string out;
  for (const auto& [value, count] : values) {
    if (!out.empty()) out += ", ";
    out += "<bdi>" + escape_html(value) + "</bdi>";
    if (count > 1) out += "\u00a0×" + format_count(count);
  }
  return out.empty() ? "–" : out;
}

std::string bar(std::string_view colour, std::uint32_t count, std::uint32_t most) {
  return fmt::format(R"(<td class="bar {}" aria-hidden="true"><i style="width:{:.1f}%"></i></td>)",
                     colour, 100.0 * count / std::max<std::uint32_t>(most, 1));
}

std::string table(std::string_view caption, std::string_view last_column, const std::string& rows) {
  return fmt::format(
      R"(<div class="card"><div class="scroll"><table><caption>{}</caption><thead><tr><th scope="col">Label</th><td></td><th scope="col" class="n">Count</th><th scope="col" class="n">Documents</th><th scope="col">{}</th></tr></thead><tbody>{}</tbody></table></div></div>)"
      "\n",
      caption, last_column, rows);
}

std::string entity_table(const report_data& report, const label_colours& colours) {
  const auto rows = entity_rows(report);
  if (rows.empty())
    return R"(<div class="card"><p class="note">No entities were found.</p></div>)"
           "\n";
  std::string out;
  for (const auto& row : rows)
    out += fmt::format(
        R"(<tr><th scope="row"><span class="chip {}">{}</span></th>{}<td class="n">{}</td><td class="n">{}</td><td class="values">{}</td></tr>)"
        "\n",
        colours.of(row.label), escape_html(row.label),
        bar(colours.of(row.label), row.count, rows.front().count), format_count(row.count),
        format_count(row.documents), frequent_values(row));
  return table("Entities", "Most frequent", out);
}

std::string redaction_table(const report_data& report) {
  const auto rows = redaction_rows(report);
  if (rows.empty())
    return R"(<div class="card"><p class="note">Nothing was redacted.</p></div>)"
           "\n";
  std::string out;
  for (const auto& row : rows) {
    const auto by_model = row.count - row.by_rule;
    const auto source = row.by_rule == 0 ? "model"
                        : by_model == 0
                            ? "rule"
                            : fmt::format("{} by rule, {} by model", format_count(row.by_rule),
                                          format_count(by_model));
    out += fmt::format(
        R"(<tr><th scope="row"><span class="chip r">{}</span></th>{}<td class="n">{}</td><td class="n">{}</td><td class="values">{}</td></tr>)"
        "\n",
        escape_html(row.label), bar("wait", row.count, rows.front().count), format_count(row.count),
        format_count(row.documents), source);
  }
  return table("Redactions", "Found by", out);
}

} // namespace

std::string report_label_section(const report_data& report, const label_colours& colours) {
  return R"(<section aria-labelledby="labels"><h2 id="labels">What was found</h2><div class="pair">)"
         "\n" +
         entity_table(report, colours) + redaction_table(report) + "</div></section>\n";
}

} // namespace troupe::agents
