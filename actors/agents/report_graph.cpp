#include "actors/agents/defaults.hpp"
#include "actors/agents/graph_layout.hpp"
#include "actors/agents/report_format.hpp"
#include "actors/agents/report_parts.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::agents {
namespace {

constexpr double margin = 12; // room for the badges, which stick out

std::string edge_path(const std::vector<layout_point>& points) {
  if (points.empty()) return {};
  auto path = fmt::format("M{:.1f} {:.1f}", points[0].x + margin, points[0].y + margin);
  for (std::size_t i = 1; i < points.size(); ++i) {
    const auto [from_x, from_y] = points[i - 1];
    auto [x, y] = points[i];
    // Odd points end a gap between columns, even ones the straight way past a column. The last leaves room for the head.
    if (i + 1 == points.size()) x -= 6;
    const auto middle = (from_x + x) / 2 + margin;
    path += i % 2 == 1 ? fmt::format("C{0:.1f} {1:.1f} {0:.1f} {2:.1f} {3:.1f} {2:.1f}", middle,
                                     from_y + margin, y + margin, x + margin)
                       : fmt::format("H{:.1f}", x + margin);
  }
  return fmt::format(R"svg(<path class="edge" d="{}" marker-end="url(#head)"/>)svg"
                     "\n",
                     path);
}

std::string count_badge(std::size_t count, double right) {
  const auto text = "×" + format_count(count);
  // The sign takes two bytes; a thin space does no harm.
  const auto width = 14 + 7.2 * static_cast<double>(text.size() - 1);
  return fmt::format(
      R"(<rect class="count" x="{:.1f}" y="-10" width="{:.1f}" height="19" rx="9.5"/><text x="{:.1f}" y="3.5" font-size="11.5" text-anchor="middle">{}</text>)",
      right - width, width, right - width / 2, text);
}

std::string node(const report_step& step, layout_point at, const layout_options& options) {
  constexpr std::size_t columns = 15;
  constexpr std::size_t agent_columns = 19;
  const bool many = step.instances.size() > 1;
  return fmt::format(
      R"svg(<g transform="translate({:.1f} {:.1f})"><title>{}{}: {}{}</title><rect class="box" width="{}" height="{}" rx="10"/>)svg"
      R"svg(<g transform="translate(21 {:.1f})">{}</g><text x="39" y="25" font-size="14" font-weight="600">{}</text>)svg"
      R"svg(<text class="soft" x="39" y="43" font-size="12">{}</text>{}</g>)svg"
      "\n",
      at.x + margin, at.y + margin, escape_html(step.id),
      step.agent.empty() ? "" : " (" + escape_html(step.agent) + ")", status_name(step.status()),
      many ? ", " + format_count(step.instances.size()) + " instances" : "", options.node_width,
      options.node_height, options.node_height / 2, status_icon(step.status()),
      escape_html(ellipsis(step.id, columns)),
      escape_html(ellipsis(step.agent.empty() ? "not started" : step.agent, agent_columns)),
      many ? count_badge(step.instances.size(), options.node_width - 10) : "");
}

} // namespace

std::string status_items(const report_run& run) {
  std::string items;
  for (const auto status :
       {report_status::completed, report_status::running, report_status::backing_off,
        report_status::failed, report_status::skipped, report_status::cancelled,
        report_status::pending})
    if (std::ranges::any_of(run.steps,
                            [&](const report_step& step) { return step.status() == status; }))
      items += fmt::format(R"(<li><svg viewBox="-9 -9 18 18" aria-hidden="true">{}</svg>{}</li>)",
                           status_icon(status), status_name(status));
  return items;
}

std::string report_graph(const report_run& run) {
  // Lanes of long edges make the drawing quadratic; a graph with more edges than this is not readable anyway.
  constexpr std::size_t max_edges = 4 * defaults::max_graph_steps;
  if (run.steps.empty()) return {};
  if (run.steps.size() > defaults::max_graph_steps || run.edges.size() > max_edges)
    return fmt::format(
        R"(<p class="cut">The graph of {} steps and {} edges is too large to draw here (bounds: {} and {}).</p>)"
        "\n",
        format_count(run.steps.size()), format_count(run.edges.size()),
        format_count(defaults::max_graph_steps), format_count(max_edges));
  constexpr double smallest = 0.8; // below this scale the text is too small, and the box scrolls
  const layout_options options;
  const auto layout = lay_out(run.steps.size(), run.edges, options);
  auto svg = fmt::format(
      R"(<div class="scroll" tabindex="0" role="region" aria-label="Graph of the steps"><svg class="graph" role="img" aria-label="{} with {}" width="{:.0f}" height="{:.0f}" style="min-width:{:.0f}px" viewBox="0 0 {:.0f} {:.0f}">)"
      R"(<defs><marker id="head" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0l8 4-8 4z"/></marker></defs>)"
      "\n",
      plural(run.steps.size(), "step"), plural(run.edges.size(), "edge"), layout.width + 2 * margin,
      layout.height + 2 * margin, smallest * (layout.width + 2 * margin), layout.width + 2 * margin,
      layout.height + 2 * margin);
  for (const auto& edge : layout.edges)
    svg += edge_path(edge);
  for (std::size_t i = 0; i < run.steps.size(); ++i)
    svg += node(run.steps[i], layout.nodes[i], options);
  return svg + "</svg></div>\n" + R"(<ul class="legend" aria-label="Legend">)" + status_items(run) +
         R"(<li class="soft">×n: instances, one per item</li></ul>)"
         "\n";
}

} // namespace troupe::agents
