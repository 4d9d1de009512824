#include "actors/agents/defaults.hpp"
#include "actors/agents/report_format.hpp"
#include "actors/agents/run_page_parts.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <set>

namespace troupe::agents {
namespace {

using workflow::duration;
using workflow::instance_insight;
using workflow::phase_kind;
using workflow::run_insight;

// The drawing, in SVG units.
constexpr double chart_width = 1060;
constexpr double name_width = 190;
constexpr double bars_width = chart_width - name_width - 16;
constexpr double head_height = 26;
constexpr double line_height = 20;
constexpr double phase_height = 12;
constexpr double thin_height = 3;

std::int64_t micros(duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

/// Where a moment is drawn.
class scale_of_run {
public:
  explicit scale_of_run(const run_insight& of)
      : length_{std::max<double>(static_cast<double>(of.makespan.count()), 1)} {}
  [[nodiscard]] double x(duration time) const {
    return name_width + bars_width * static_cast<double>(time.count()) / length_;
  }

private:
  double length_;
};

std::string time_axis(const run_insight& of, const scale_of_run& at, double height) {
  constexpr std::size_t ticks = 8;
  std::string out;
  for (const auto tick : time_ticks(std::max<std::int64_t>(micros(of.makespan), 1), ticks)) {
    const double x = at.x(std::chrono::microseconds{tick});
    out += fmt::format(
        R"(<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2:.0f}"/><text class="soft" x="{0:.1f}" y="16" font-size="12" text-anchor="{3}">{4}</text>)"
        "\n",
        x, head_height - 4, height,
        tick == 0              ? "start"
        : x > chart_width - 50 ? "end"
                               : "middle",
        tick == 0 ? "0" : format_duration(tick));
  }
  return out;
}

std::string bar(const run_insight& of, const instance_insight& row, const workflow::phase& each,
                const scale_of_run& at, double y) {
  const double from = at.x(each.from);
  return fmt::format(
      R"(<g class="{}"><title>{}: {}, {} from {}{}</title><rect class="phase" x="{:.1f}" y="{:.1f}" width="{:.2f}" height="{}"/></g>)",
      phase_class(each.kind), escape_html(instance_label(of, row.id)), describe(each.kind),
      time_text(each.to - each.from), time_text(each.from),
      each.attempt > 0 ? fmt::format(", attempt {}", each.attempt) : "", from, y,
      std::max(at.x(each.to) - from, 0.6), phase_height);
}

phase_kind phase_of(workflow::attempt_outcome how) {
  switch (how) {
  case workflow::attempt_outcome::failed:
    return phase_kind::failed_attempts;
  case workflow::attempt_outcome::lost:
    return phase_kind::lost_attempts;
  case workflow::attempt_outcome::abandoned:
    return phase_kind::abandoned_attempts;
  case workflow::attempt_outcome::superseded:
    return phase_kind::superseded_attempts;
  case workflow::attempt_outcome::preempted:
    return phase_kind::preempted_attempts;
  default:
    return phase_kind::running;
  }
}

/// One of two attempts that were in flight at a time, as a thin bar: the bar of the row shows one at a time.
std::string thin_bar(const run_insight& of, const instance_insight& row,
                     const workflow::attempt_insight& each, const scale_of_run& at, double y) {
  const duration from = each.started.value_or(each.scheduled);
  const duration to = each.ended.value_or(of.makespan);
  return fmt::format(
      R"(<g class="{}"><title>{}: attempt {}, {}{}, {} from {}</title><rect class="phase" x="{:.1f}" y="{:.1f}" width="{:.2f}" height="{}"/></g>)",
      phase_class(phase_of(each.outcome)), escape_html(instance_label(of, row.id)), each.attempt,
      name_of(each.outcome),
      each.beside > 0 ? fmt::format(", begun beside attempt {}", each.beside) : "",
      time_text(to - from), time_text(from), at.x(from), y, std::max(at.x(to) - at.x(from), 0.6),
      thin_height);
}

/// Above the bar of the row the first of two, below it the second.
std::string thin_bars(const run_insight& of, const instance_insight& row, const scale_of_run& at,
                      double y) {
  std::string out;
  for (const auto& second : row.attempts) {
    if (second.beside == 0) continue;
    for (const auto& first : row.attempts)
      if (first.attempt == second.beside)
        out += thin_bar(of, row, first, at, y - thin_height - 0.5);
    out += thin_bar(of, row, second, at, y + phase_height + 0.5);
  }
  return out;
}

std::string chart_row(const run_insight& of, const instance_insight& row, bool on_chain,
                      const scale_of_run& at, double top) {
  const double y = top + (line_height - phase_height) / 2;
  std::string out;
  if (on_chain)
    out += fmt::format(R"(<rect class="chain" x="0" y="{:.1f}" width="{}" height="{}"/>)", top,
                       chart_width, line_height);
  out += fmt::format(R"(<text x="0" y="{:.1f}" font-size="13">{}</text>)", y + phase_height - 1.5,
                     escape_html(ellipsis(instance_label(of, row.id), 24)));
  for (const auto& each : row.phases)
    out += bar(of, row, each, at, y);
  out += thin_bars(of, row, at, y);
  return out + "\n";
}

/// Those that decided the end first, as many as can be drawn; then in the order of the definition again.
std::vector<const instance_insight*> rows_of(const run_insight& of,
                                             const std::set<workflow::instance_id>& chain) {
  std::vector<const instance_insight*> made;
  for (const bool on_chain : {true, false})
    for (const auto& each : of.instances)
      if (each.ready && chain.contains(each.id) == on_chain &&
          made.size() < defaults::max_gantt_rows)
        made.push_back(&each);
  // They lie behind each other in one vector.
  std::sort(made.begin(), made.end());
  return made;
}

std::string phase_legend(const run_insight& of) {
  std::array<bool, workflow::phase_kinds> seen{};
  for (const auto& row : of.instances)
    for (const auto& each : row.phases)
      seen[static_cast<std::size_t>(each.kind)] = true;
  std::string items;
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (seen[i])
      items += fmt::format(
          R"(<li class="{}"><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="phase" width="10" height="10" rx="2"/></svg><span>{}</span></li>)",
          phase_class(static_cast<phase_kind>(i)), describe(static_cast<phase_kind>(i)));
  return R"(<ul class="legend" aria-label="Legend">)" + items + "</ul>\n";
}

} // namespace

std::string_view phase_class(phase_kind kind) {
  constexpr std::array<std::string_view, workflow::phase_kinds> classes{
      "ok", "k1",   "k7", "k5", "k9", "bad",  "wait", "k4",
      "k4", "wait", "k8", "k3", "k2", "wait", "k6"};
  return classes[static_cast<std::size_t>(kind)];
}

std::string phase_chart(const run_insight& of) {
  const std::set<workflow::instance_id> chain{of.chain.begin(), of.chain.end()};
  const auto rows = rows_of(of, chain);
  if (rows.empty())
    return R"(<p class="note">No step was ready.</p>)"
           "\n";
  const scale_of_run at{of};
  const double height = head_height + line_height * static_cast<double>(rows.size()) + 4;
  std::string drawn;
  double top = head_height;
  for (const auto* row : rows) {
    drawn += chart_row(of, *row, chain.contains(row->id), at, top);
    top += line_height;
  }
  auto out = fmt::format(
      R"(<div class="scroll tall" tabindex="0" role="region" aria-label="Time chart"><svg class="time" role="img" aria-label="{} over {}" viewBox="0 0 {:.0f} {:.0f}">)"
      "\n",
      plural(rows.size(), "step instance"), time_text(of.makespan), chart_width, height);
  out += time_axis(of, at, height) + drawn;
  out += fmt::format(
      R"(<line class="bound" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2:.0f}"><title>at least {3}</title></line></svg></div>)"
      "\n",
      at.x(of.bound.value()), head_height - 6, height, time_text(of.bound.value()));
  out += phase_legend(of);
  if (rows.size() < of.instances.size())
    out += fmt::format(R"(<p class="cut">{} of {} are drawn.</p>)"
                       "\n",
                       format_count(rows.size()), plural(of.instances.size(), "step instance"));
  return out +
         R"(<p class="note">The dashed line is the bound. Rows with a background decided the end.</p>)"
         "\n";
}

} // namespace troupe::agents
