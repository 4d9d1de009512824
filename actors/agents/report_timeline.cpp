#include "actors/agents/defaults.hpp"
#include "actors/agents/report_format.hpp"
#include "actors/agents/report_parts.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace troupe::agents {
namespace {

// The drawing, in SVG units.
constexpr double width = 1060;
constexpr double label_width = 190;
constexpr double plot_width = width - label_width - 16;
constexpr double axis_height = 26;
constexpr double row_height = 22;
constexpr double bar_height = 12;
constexpr double duration_width = 64;

/// Microseconds that the chart covers.
struct time_window {
  std::int64_t start = std::numeric_limits<std::int64_t>::max();
  std::int64_t end = std::numeric_limits<std::int64_t>::min();

  void cover(const report_time& time) {
    if (!time) return;
    start = std::min(start, *time);
    end = std::max(end, *time);
  }
  [[nodiscard]] std::int64_t length() const { return std::max<std::int64_t>(end - start, 1); }
  [[nodiscard]] double x(std::int64_t time) const {
    return label_width +
           plot_width * static_cast<double>(time - start) / static_cast<double>(length());
  }
};

time_window window_of(const report_run& run) {
  time_window window;
  window.cover(run.started);
  window.cover(run.closed);
  for (const auto& step : run.steps)
    for (const auto& one : step.instances) {
      window.cover(one.scheduled);
      window.cover(one.closed);
    }
  return window;
}

std::string axis(const time_window& window, double height) {
  constexpr std::size_t ticks = 8;
  std::string out;
  for (const auto tick : time_ticks(window.length(), ticks)) {
    const auto x = window.x(window.start + tick);
    // The last label would leave the drawing.
    const auto anchor = tick == 0 ? "start" : x > width - 50 ? "end" : "middle";
    out += fmt::format(
        R"(<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2:.0f}"/><text class="soft" x="{0:.1f}" y="16" font-size="12" text-anchor="{3}">{4}</text>)"
        "\n",
        x, axis_height - 4, height, anchor, tick == 0 ? "0" : format_duration(tick));
  }
  return out;
}

/// The duration right of the bar, or where there is no room, left of it or in it.
std::string duration_text(double from, double to, double y, const std::string& text) {
  double x = to + 6;
  const char* anchor = "start";
  if (to + duration_width > width) {
    anchor = "end";
    x = from - duration_width > label_width ? from - 6 : to - 6;
  }
  return fmt::format(
      R"(<text class="soft" x="{:.1f}" y="{:.1f}" font-size="11.5" text-anchor="{}">{}</text>)", x,
      y + bar_height - 2, anchor, text);
}

std::string row_label(double y, std::string_view name, const std::string& detail) {
  return fmt::format(
      R"(<text x="0" y="{:.1f}" font-size="13">{} <tspan class="soft" font-size="12">{}</tspan></text>)",
      y + bar_height - 1.5, escape_html(ellipsis(name, 20)), detail);
}

std::string instance_row(const report_step& step, const report_instance& one,
                         const time_window& window, double top) {
  const auto y = top + (row_height - bar_height) / 2;
  const auto attempts =
      one.attempts > 1 ? ", " + format_count(one.attempts) + " attempts" : std::string{};
  const auto index =
      step.instances.size() > 1 ? "[" + std::to_string(one.index) + "]" : std::string{};
  std::string out = row_label(y, step.id, index);
  if (!one.scheduled && one.status == report_status::skipped)
    return out +
           fmt::format(R"(<text class="soft" x="{}" y="{:.1f}" font-size="11.5">skipped</text>)",
                       label_width + 6, y + bar_height - 2);
  if (!one.scheduled) return out;
  const auto end = one.closed.value_or(window.end);
  const auto from = window.x(*one.scheduled);
  const auto to = std::max(window.x(end), from + 2);
  const auto duration = format_duration(end - *one.scheduled);
  out += fmt::format(
      R"(<g class="{}"><title>{} {}: {} after {}, {}{}</title><rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" rx="3"/></g>)",
      status_class(one.status), escape_html(step.id), index, status_name(one.status), duration,
      format_time(*one.scheduled), attempts, one.closed ? "span" : "open", from, y, to - from,
      bar_height);
  return out + duration_text(from, to, y, (one.closed ? duration : duration + "…") + attempts);
}

std::string instance_rows(const report_run& run, const time_window& window, double& top) {
  std::string out;
  bool band = false;
  for (const auto& step : run.steps) {
    if (band && !step.instances.empty())
      out += fmt::format(R"(<rect class="band" x="0" y="{:.1f}" width="{}" height="{:.1f}"/>)", top,
                         width, row_height * static_cast<double>(step.instances.size()));
    band = !band;
    for (const auto& one : step.instances) {
      out += instance_row(step, one, window, top) + "\n";
      top += row_height;
    }
  }
  return out;
}

/// Most instances at work at once, per unit of the plot's width.
std::vector<int> load_of(const report_step& step, const time_window& window) {
  std::vector<int> change(static_cast<std::size_t>(plot_width) + 2);
  for (const auto& one : step.instances) {
    if (!one.scheduled) continue;
    const auto column = [&](std::int64_t time) {
      return static_cast<std::size_t>(std::clamp(window.x(time) - label_width, 0.0, plot_width));
    };
    ++change[column(*one.scheduled)];
    --change[column(one.closed.value_or(window.end)) + 1];
  }
  for (std::size_t i = 1; i < change.size(); ++i)
    change[i] += change[i - 1];
  return change;
}

std::string step_row(const report_step& step, const time_window& window, double top) {
  const auto load = load_of(step, window);
  const auto most = *std::ranges::max_element(load);
  const auto base = top + row_height * 1.6 - 4;
  const auto detail = fmt::format("×{}, {} at once", format_count(step.instances.size()), most);
  std::string out = row_label(base - bar_height, ellipsis(step.id, 12), detail);
  if (most == 0) return out;
  auto path = fmt::format("M{} {:.1f}", label_width, base);
  int before = 0;
  for (std::size_t i = 0; i < load.size(); ++i) {
    if (load[i] == before) continue;
    before = load[i];
    path += fmt::format("H{:.0f}V{:.1f}", label_width + static_cast<double>(i),
                        base - (row_height * 1.6 - 8) * before / most);
  }
  return out +
         fmt::format(
             R"(<g class="{}"><title>{}: {}, at most {} at once</title><path class="span" d="{}V{:.1f}z"/></g>)",
             status_class(step.status()), escape_html(step.id),
             plural(step.instances.size(), "instance"), most, path, base);
}

std::string step_rows(const report_run& run, const time_window& window, double& top) {
  std::string out;
  const auto shown = std::min(run.steps.size(), defaults::max_gantt_rows);
  for (std::size_t i = 0; i < shown; ++i) {
    out += step_row(run.steps[i], window, top) + "\n";
    top += row_height * 1.6;
  }
  return out;
}

} // namespace

std::string report_timeline(const report_run& run) {
  const auto window = window_of(run);
  std::size_t rows = 0;
  for (const auto& step : run.steps)
    rows += step.instances.size();
  if (rows == 0 || window.start > window.end)
    return R"(<p class="note">No attempt has started.</p>)"
           "\n";
  const bool together = rows > defaults::max_gantt_rows;
  auto height = axis_height;
  const auto drawn = together ? step_rows(run, window, height) : instance_rows(run, window, height);
  height += 4;
  auto out = fmt::format(
      R"(<div class="scroll tall" tabindex="0" role="region" aria-label="Time chart"><svg class="time" role="img" aria-label="{} over {}" viewBox="0 0 {:.0f} {:.0f}">)"
      "\n",
      plural(rows, "step instance"), format_duration(window.length()), width, height);
  out += axis(window, height) + drawn + "</svg></div>\n";
  out += R"(<ul class="legend" aria-label="Legend">)" + status_items(run) + "</ul>\n";
  if (together)
    out += fmt::format(
        R"(<p class="cut">{} are more than the {} that are drawn one by one: each row shows how many of a step were at work at once.</p>)"
        "\n",
        plural(rows, "step instance"), format_count(defaults::max_gantt_rows));
  if (together && run.steps.size() > defaults::max_gantt_rows)
    out += fmt::format(R"(<p class="cut">The first {} of {} steps are drawn.</p>)"
                       "\n",
                       format_count(defaults::max_gantt_rows), format_count(run.steps.size()));
  return out +
         fmt::format(
             R"(<p class="note">From {}, the start of the run. A bar lasts from the moment a step was scheduled to its end, waiting and retries included.</p>)"
             "\n",
             format_time(window.start));
}

} // namespace troupe::agents
