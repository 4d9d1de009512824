#include "actors/agents/report_format.hpp"
#include "actors/agents/report_parts.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::agents {
namespace {

std::uint64_t attempts_of(const report_step& step) {
  std::uint64_t attempts = 0;
  for (const auto& one : step.instances)
    attempts += one.attempts;
  return attempts;
}

/// "3", "3, 1 skipped".
std::string instances_of(const report_step& step) {
  const auto skipped = static_cast<std::uint64_t>(
      std::ranges::count(step.instances, report_status::skipped, &report_instance::status));
  return format_count(step.instances.size()) +
         (skipped > 0 ? ", " + format_count(skipped) + " skipped" : "");
}

std::string step_row(const report_step& step) {
  std::int64_t total = 0;
  for (const auto& one : step.instances)
    if (one.scheduled && one.closed)
      total += std::max<std::int64_t>(*one.closed - *one.scheduled, 0);
  const auto status = step.status();
  return fmt::format(
      R"(<tr><th scope="row" class="name">{}</th><td>{}</td><td><svg viewBox="-9 -9 18 18" aria-hidden="true">{}</svg> {}</td><td class="n">{}</td><td class="n">{}</td><td class="n">{}</td></tr>)"
      "\n",
      escape_html(step.id), escape_html(step.agent), status_icon(status), status_name(status),
      instances_of(step), format_count(attempts_of(step)),
      total > 0 ? format_duration(total) : "–");
}

std::string step_table(const report_run& run) {
  std::string rows;
  for (const auto& step : run.steps)
    rows += step_row(step);
  return fmt::format(
      R"(<details><summary>The steps as a table</summary><div class="scroll"><table><thead><tr><th scope="col">Step</th><th scope="col">Agent</th><th scope="col">Status</th><th scope="col" class="n">Instances</th><th scope="col" class="n">Attempts</th><th scope="col" class="n">Time, summed</th></tr></thead><tbody>{}</tbody></table></div></details>)"
      "\n",
      rows);
}

std::string failures(const report_run& run) {
  constexpr std::size_t max_shown = 50;
  std::size_t count = 0;
  std::string out;
  for (const auto& step : run.steps)
    for (const auto& one : step.instances) {
      if (one.failure.empty() || ++count > max_shown) continue;
      out += fmt::format(R"(<div class="failure"><b>{}</b> [{}]: <bdi>{}</bdi></div>)",
                         escape_html(step.id), one.index, escape_html(one.failure));
    }
  if (count > max_shown)
    out += fmt::format(R"(<p class="cut">{} of {} failures are shown; report.json has all.</p>)",
                       max_shown, count);
  return out.empty() ? out : R"(<h3>Failures</h3>)" + out + "\n";
}

} // namespace

std::string report_run_section(const report_run& run) {
  return R"(<section aria-labelledby="run"><h2 id="run">Run</h2><div class="card">)"
         "\n" +
         report_graph(run) + failures(run) + step_table(run) +
         R"(</div></section><section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2><div class="card">)"
         "\n" +
         report_timeline(run) + "</div></section>\n";
}

} // namespace troupe::agents
