#include "actors/agents/report_html.hpp"

#include "actors/agents/report_format.hpp"
#include "actors/agents/report_parts.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::agents {
namespace {

std::uint64_t sum(const label_counts& counts) {
  std::uint64_t total = 0;
  for (const auto& [label, count] : counts)
    total += count;
  return total;
}

/// Whether only the step that writes this page is left: then the run's own "running" would mislead.
bool only_report_left(const report_run& run) {
  return run.status == report_status::running &&
         std::ranges::all_of(run.steps, [](const report_step& step) {
           return step.status() == report_status::completed ||
                  step.status() == report_status::skipped || step.agent.starts_with("report.write");
         });
}

std::string status_pill(const report_run& run) {
  const bool done = only_report_left(run);
  return status_pill(done ? report_status::completed : run.status) +
         (done ? R"( <span class="note">up to this report</span>)" : "");
}

/// From the start to the end, or to the last thing that is known to have happened.
std::string run_duration(const report_run& run) {
  if (!run.started) return "–";
  auto last = run.closed.value_or(*run.started);
  for (const auto& step : run.steps)
    for (const auto& one : step.instances)
      last = std::max({last, one.scheduled.value_or(last), one.closed.value_or(last)});
  return format_duration(last - *run.started);
}

std::string run_facts(const report_run& run) {
  std::string facts = fact("Status", status_pill(run), true);
  facts += fact("Workflow", fmt::format(R"(<bdi>{}</bdi> <span class="soft">version {}</span>)",
                                        escape_html(run.workflow),
                                        escape_html(run.version.empty() ? "–" : run.version)));
  facts += fact("Duration", run_duration(run));
  if (run.started) {
    auto when = format_time(*run.started).substr(0, 19);
    when[10] = ' ';
    facts += fact(
        "Started",
        fmt::format(R"(<time datetime="{}">{} UTC</time>)", format_time(*run.started), when), true);
  }
  facts += fact("Run", "<code>" + escape_html(run.run_id) + "</code>", true);
  std::string out = R"(<dl class="facts">)" + facts + "</dl>\n";
  if (!run.failure.empty())
    out += fmt::format(R"(<div class="failure"><bdi>{}</bdi></div>)", escape_html(run.failure));
  return out;
}

std::string tile(std::uint64_t count, std::string_view name, std::string_view detail) {
  return fmt::format(R"(<li><b>{}</b><span>{}</span><span class="soft">{}</span></li>)",
                     format_count(count), name, detail);
}

std::string tiles(const report_data& report) {
  std::uint64_t size_bytes = 0, instances = 0, attempts = 0;
  for (const auto& document : report.documents)
    size_bytes += document.size_bytes;
  std::string out = R"(<ul class="tiles">)";
  const auto one = [](std::uint64_t count, auto single, auto many) {
    return count == 1 ? single : many;
  };
  out += tile(report.documents.size(), one(report.documents.size(), "document", "documents"),
              format_size(size_bytes));
  out += tile(sum(report.entities), one(sum(report.entities), "entity", "entities"),
              plural(report.entities.size(), "label"));
  out += tile(sum(report.redactions), one(sum(report.redactions), "redaction", "redactions"),
              plural(report.redactions.size(), "label"));
  if (report.run) {
    for (const auto& step : report.run->steps)
      for (const auto& instance : step.instances) {
        ++instances;
        attempts += instance.attempts;
      }
    out += tile(instances, one(instances, "step instance", "step instances"),
                plural(attempts, "attempt"));
  }
  return out + "</ul>\n";
}

} // namespace

std::string fact(std::string_view term, std::string_view value, bool wide) {
  return fmt::format(R"(<div{}><dt>{}</dt><dd>{}</dd></div>)", wide ? R"( class="wide")" : "", term,
                     value);
}

std::string status_pill(report_status status) {
  return fmt::format(
      R"(<span class="pill {}"><svg viewBox="-9 -9 18 18" aria-hidden="true">{}</svg>{}</span>)",
      status_class(status), status_icon(status), status_name(status));
}

std::string page_head(std::string_view title) {
  // The policy is a second lock: should escaping ever fail, nothing runs and nothing is fetched.
  return fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" "
                     "content=\"no-referrer\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "style-src 'unsafe-inline'\">\n"
                     "<title>{}</title>\n<style>{}</style>\n</head>\n",
                     title, report_style());
}

std::string report_html(const report_data& report) {
  const auto title = escape_html(report.title.empty() ? "Report" : report.title);
  const label_colours colours{report.entities};
  std::string out = page_head(title);
  out +=
      R"(<body><a class="skip" href="#documents">To the documents</a><header class="top"><p class="brand">troupe report</p><h1><bdi>)" +
      title + "</bdi></h1>\n";
  if (report.run) out += run_facts(*report.run);
  out += tiles(report);
  out += R"(<nav class="jump" aria-label="Sections"><a href="#labels">What was found</a>)";
  if (report.run) out += R"(<a href="#run">Run</a><a href="#timeline">Timeline</a>)";
  out += R"(<a href="#documents">Documents</a></nav></header>)"
         "\n<main>\n";
  out += report_label_section(report, colours);
  if (report.run) out += report_run_section(*report.run);
  out += report_document_section(report, colours);
  out += "</main>\n<footer>";
  out += report.include_original_text ? "This page holds the original texts, personal data "
                                        "included. Keep it as safe as the documents."
                                      : "Redacted values are neither on this page nor in "
                                        "report.json. Rules and models do not find everything: "
                                        "look through a document before you pass it on.";
  return out + "</footer>\n</body>\n</html>\n";
}

} // namespace troupe::agents
