#pragma once

#include "actors/agents/report_data.hpp"

#include <string>

namespace troupe::agents {

/// @returns report.html: one page that needs nothing else, no scripts, for light and dark, paper and phones. Everything
///   from outside is escaped, and names and found values are isolated from the direction of the text around them.
/// The page is bounded (`defaults::max_page_*`, `max_gantt_rows`, `max_graph_steps`); where something is left out, it says so.
/// Text that was redacted is on it only with `include_original_text`.
[[nodiscard]] std::string report_html(const report_data& report);

} // namespace troupe::agents
