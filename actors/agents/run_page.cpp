#include "actors/agents/run_page.hpp"

#include "actors/agents/report_data.hpp"
#include "actors/agents/report_format.hpp"
#include "actors/agents/report_parts.hpp"
#include "actors/agents/run_page_parts.hpp"
#include "troupe/v1/report.pb.h"

#include <fmt/format.h>

namespace troupe::agents {
namespace {

/// Names of the critical path that are shown.
constexpr std::size_t most_path_steps = 40;

std::string percent_of(workflow::duration part, workflow::duration all) {
  if (all.count() == 0) return "0 %";
  return fmt::format("{:.0f} %",
                     100.0 * static_cast<double>(part.count()) / static_cast<double>(all.count()));
}

std::string bound_name(const workflow::run_bound& bound) {
  if (bound.binds == workflow::run_bound::kind::critical_path) return "critical path";
  return "work over " + (bound.resource == "places" ? std::string{"the engine's places"}
                                                    : escape_html(bound.resource));
}

std::string facts_of(const report_run& run, const workflow::run_insight& of) {
  std::string made = fact("Status", status_pill(run.status), true);
  made += fact("Workflow", fmt::format(R"(<bdi>{}</bdi> <span class="soft">version {}</span>)",
                                       escape_html(run.workflow),
                                       escape_html(run.version.empty() ? "–" : run.version)));
  made += fact(of.closed ? "Took" : "At work for", time_text(of.makespan));
  made += fact("At least",
               fmt::format(R"({}{} <span class="soft">{}</span>)", of.measured ? "" : "about ",
                           time_text(of.bound.value()), bound_name(of.bound)));
  made += fact("Gap", fmt::format(R"({} <span class="soft">{}</span>)", time_text(of.gap_total()),
                                  percent_of(of.gap_total(), of.makespan)));
  if (run.started)
    made +=
        fact("Started",
             fmt::format(R"(<time datetime="{0}">{0}</time>)", format_time(*run.started)), true);
  made += fact("Run", "<code>" + escape_html(run.run_id) + "</code>", true);
  std::string out = R"(<dl class="facts">)" + made + "</dl>\n";
  if (!run.failure.empty())
    out += fmt::format(R"(<div class="failure"><bdi>{}</bdi></div>)", escape_html(run.failure));
  return out;
}

std::string names_of(const workflow::run_insight& of,
                     const std::vector<workflow::instance_id>& instances) {
  std::string made;
  for (std::size_t i = 0; i < instances.size() && i < most_path_steps; ++i)
    made += fmt::format("{}<bdi>{}</bdi>", i == 0 ? "" : " → ",
                        escape_html(instance_label(of, instances[i])));
  if (instances.size() > most_path_steps)
    made += fmt::format(" and {} more", instances.size() - most_path_steps);
  return made;
}

std::string bound_notes(const workflow::run_insight& of) {
  std::string made;
  if (!of.bound.path.empty())
    made += fmt::format(R"(<p><b>Critical path</b>, {}: {}</p>)"
                        "\n",
                        time_text(of.bound.critical_path), names_of(of, of.bound.path));
  if (of.bound.work)
    made += fmt::format(R"(<p><b>Work</b> over {}: {}</p>)"
                        "\n",
                        of.bound.resource == "places" ? "the engine's places"
                                                      : escape_html(of.bound.resource),
                        time_text(*of.bound.work));
  if (!of.chain.empty())
    made += fmt::format(R"(<p><b>What decided the end</b>: {}</p>)"
                        "\n",
                        names_of(of, of.chain));
  if (!of.measured)
    made +=
        R"(<p class="cut">Some attempts were recorded without their times: their waits count as work.</p>)"
        "\n";
  return made;
}

std::string section(std::string_view id, std::string_view name, const std::string& content) {
  return fmt::format(R"(<section aria-labelledby="{0}"><h2 id="{0}">{1}</h2><div class="card">)"
                     "\n{2}</div></section>\n",
                     id, name, content);
}

} // namespace

reply<std::string> run_page(const v1::RunSummary& run, const workflow::run_insight& of) {
  v1::WriteReportRequest request;
  *request.mutable_run() = run;
  const auto data = make_report_data(request);
  if (!data) return tl::unexpected(data.error());
  const std::string title = escape_html(run.workflow());
  std::string out = page_head(title);
  out += R"(<body><header class="top"><p class="brand">troupe run</p><h1><bdi>)" + title +
         "</bdi></h1>\n" + facts_of(*data->run, of);
  out +=
      R"(<nav class="jump" aria-label="Sections"><a href="#gap">Where the time went</a>)"
      R"(<a href="#graph">Steps</a><a href="#timeline">Timeline</a><a href="#attempts">Attempts</a></nav></header>)"
      "\n<main>\n";
  out += section("gap", "Where the time went", gap_table(of) + bound_notes(of));
  out += section("graph", "Steps", report_graph(*data->run));
  out += section("timeline", "Timeline", phase_chart(of));
  out += section("attempts", "Attempts", attempt_table(of));
  return out + "</main>\n<footer>Made from the run's history.</footer>\n</body>\n</html>\n";
}

} // namespace troupe::agents
