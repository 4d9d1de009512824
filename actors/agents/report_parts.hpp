#pragma once

#include "actors/agents/report_data.hpp"

#include <map>
#include <string>
#include <string_view>

/// The parts that report.html is put together from. All of them return HTML.
namespace troupe::agents {

/// The page's style sheet.
[[nodiscard]] std::string_view report_style();

/// Everything before the body. @param title escaped.
[[nodiscard]] std::string page_head(std::string_view title);

/// One entry of a list of facts. @param value HTML.
[[nodiscard]] std::string fact(std::string_view term, std::string_view value, bool wide = false);

/// A status with its icon and colour.
[[nodiscard]] std::string status_pill(report_status status);

/// Gives every entity label one of the page's colours, CSS classes k0 to k9: the four of CoNLL-2003 always the same ones,
/// the others the rest in alphabetical order; the label is always written beside the colour.
class label_colours {
public:
  explicit label_colours(const label_counts& labels);
  [[nodiscard]] std::string_view of(const std::string& label) const;

private:
  std::map<std::string, std::size_t> colours_;
};

/// "ok", "bad", "busy", "wait": the CSS class of a status.
[[nodiscard]] std::string_view status_class(report_status status);

/// A small drawing of a status around the origin, 16 units wide, for SVG.
[[nodiscard]] std::string status_icon(report_status status);

/// The statuses that occur, with their icons, as list items.
[[nodiscard]] std::string status_items(const report_run& run);

/// The graph of the run's steps, left to right, as SVG in a box of its own.
[[nodiscard]] std::string report_graph(const report_run& run);

/// The time chart of the step instances as SVG in a box of its own.
[[nodiscard]] std::string report_timeline(const report_run& run);

/// The header's facts, the graph, the time chart, the table of steps and the failures.
[[nodiscard]] std::string report_run_section(const report_run& run);

/// The tables of labels.
[[nodiscard]] std::string report_label_section(const report_data& report,
                                               const label_colours& colours);

/// The list of documents and the text of each, with what was found in it.
[[nodiscard]] std::string report_document_section(const report_data& report,
                                                  const label_colours& colours);

} // namespace troupe::agents
