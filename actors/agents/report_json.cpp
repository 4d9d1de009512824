#include "actors/agents/report_json.hpp"

#include "actors/agents/report_format.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace troupe::agents {
namespace {

using json = nlohmann::ordered_json;

/// Six digits: what lies behind them depends on the order of additions.
double rounded(double score) {
  return std::round(score * 1e6) / 1e6;
}

void put(json& out, std::string_view prefix, const char* unit, byte_span at) {
  out[std::string{prefix} + "start_" + unit] = at.start;
  out[std::string{prefix} + "end_" + unit] = at.end;
}

void put(json& out, const text_range& at) {
  put(out, "", "byte", at.bytes);
  put(out, "", "codepoint", at.codepoints);
  put(out, "", "utf16", at.utf16);
}

json entity_json(const report_data& report, const report_document& document,
                 const report_entity& entity) {
  json out{{"label", entity.label}, {"score", rounded(entity.score)}};
  put(out, entity.at);
  const bool redacted = document.redactions && !entity.in_redacted;
  out["redacted"] = redacted;
  const auto [start, end] = entity.at.bytes;
  if (may_show(report, entity)) out["text"] = document.original.substr(start, end - start);
  return out;
}

json redaction_json(const report_redaction& one) {
  const auto& span = one.what.span;
  json out{{"label", span.label},
           {"source", span.source == pii_source::rule ? "rule" : "model"},
           {"score", rounded(span.score)}};
  put(out, one.at);
  out["replacement"] = one.what.replacement;
  put(out, "redacted_", "byte", one.what.redacted);
  put(out, "redacted_", "codepoint", one.redacted_codepoints);
  return out;
}

json document_json(const report_data& report, const report_document& document) {
  json out{{"name", document.name},
           {"size_bytes", document.size_bytes},
           {"replaced_sequences", document.replaced_sequences},
           {"entities", nullptr},
           {"redactions", nullptr}};
  if (document.entities) {
    out["entities"] = json::array();
    for (const auto& entity : *document.entities)
      out["entities"].push_back(entity_json(report, document, entity));
  }
  if (document.redactions) {
    out["redactions"] = json::array();
    for (const auto& one : *document.redactions)
      out["redactions"].push_back(redaction_json(one));
  }
  return out;
}

json totals_json(const report_data& report) {
  std::uint64_t size_bytes = 0;
  for (const auto& document : report.documents)
    size_bytes += document.size_bytes;
  json out{{"documents", report.documents.size()}, {"size_bytes", size_bytes}};
  out["entities"] = json::object();
  for (const auto& [label, count] : report.entities)
    out["entities"][label] = count;
  out["redactions"] = json::object();
  for (const auto& [label, count] : report.redactions)
    out["redactions"][label] = count;
  return out;
}

json workflow_json(const report_run& run) {
  json out{{"name", run.workflow}, {"version", run.version}};
  out["steps"] = json::array();
  for (const auto& step : run.steps)
    out["steps"].push_back(step.id);
  out["edges"] = json::array();
  for (const auto& [from, to] : run.edges)
    out["edges"].push_back({{"from", run.steps[from].id}, {"to", run.steps[to].id}});
  return out;
}

json time_json(const report_time& time) {
  return time ? json(format_time(*time)) : json(nullptr);
}

json timing_json(const report_run& run) {
  json out{{"run_id", run.run_id},
           {"status", status_name(run.status)},
           {"started", time_json(run.started)},
           {"closed", time_json(run.closed)}};
  if (!run.failure.empty()) out["failure"] = run.failure;
  out["steps"] = json::array();
  for (const auto& step : run.steps)
    for (const auto& one : step.instances) {
      json instance{{"step", step.id},
                    {"index", one.index},
                    {"agent", step.agent},
                    {"status", status_name(one.status)},
                    {"attempts", one.attempts},
                    {"scheduled", time_json(one.scheduled)},
                    {"closed", time_json(one.closed)}};
      if (!one.failure.empty()) instance["failure"] = one.failure;
      out["steps"].push_back(std::move(instance));
    }
  return out;
}

} // namespace

std::string report_json(const report_data& report) {
  json out{{"format", "troupe.report/1"}, {"title", report.title}};
  if (report.run) out["workflow"] = workflow_json(*report.run);
  out["totals"] = totals_json(report);
  out["documents"] = json::array();
  for (const auto& document : report.documents)
    out["documents"].push_back(document_json(report, document));
  out["timing"] = report.run ? timing_json(*report.run) : json::object();
  // `replace`: labels and titles come from outside, and a report with U+FFFD is better than none.
  return out.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace troupe::agents
