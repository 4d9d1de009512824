#pragma once

#include "actors/agents/pii_agent.hpp"
#include "kernels/text/offsets.hpp"
#include "troupe/v1/redaction.pb.h"
#include "troupe/v1/report.pb.h"

#include <initializer_list>
#include <string>
#include <utility>

/// Report requests over invented documents.
namespace troupe::agents::test {

/// A span over the first occurrence of `value` in `text`.
inline v1::Span span_of(const std::string& text, const std::string& value, const std::string& label,
                        double score = 0.9) {
  const auto start = text.find(value);
  text::offset_index index{text};
  v1::Span span;
  span.set_label(label);
  span.set_score(score);
  span.set_start_byte(static_cast<std::uint32_t>(start));
  span.set_start_codepoint(static_cast<std::uint32_t>(index.codepoint(start)));
  span.set_start_utf16(static_cast<std::uint32_t>(index.utf16(start)));
  span.set_end_byte(static_cast<std::uint32_t>(start + value.size()));
  span.set_end_codepoint(static_cast<std::uint32_t>(index.codepoint(start + value.size())));
  span.set_end_utf16(static_cast<std::uint32_t>(index.utf16(start + value.size())));
  return span;
}

using labelled_values = std::initializer_list<std::pair<std::string, std::string>>;

/// Adds a document whose `entities` and `personal` values ({value, label}) the models found.
inline void add_document(v1::WriteReportRequest& request, const std::string& name,
                         const std::string& text, labelled_values entities,
                         labelled_values personal = {}) {
  auto& document = *request.add_documents();
  document.set_name(name);
  document.set_text(text);
  document.set_size_bytes(text.size());
  auto& found = *request.add_entities();
  found.set_name(name);
  for (const auto& [value, label] : entities)
    *found.add_spans() = span_of(text, value, label);
  v1::NerReply model;
  for (const auto& [value, label] : personal)
    *model.add_spans() = span_of(text, value, label);
  v1::RedactRequest redaction;
  redaction.set_name(name);
  redaction.set_text(text);
  *request.add_redactions() = redact(redaction, check_request(redaction).value(), model);
}

inline void add_step(v1::RunSummary& run, const std::string& step, std::uint32_t index,
                     v1::StepStatus status, std::int64_t scheduled, std::int64_t closed) {
  auto& one = *run.add_steps();
  one.set_step(step);
  one.set_index(index);
  one.set_agent("demo." + step);
  one.set_status(status);
  one.set_attempts(1);
  one.mutable_scheduled_time()->set_seconds(scheduled);
  if (closed > 0) one.mutable_closed_time()->set_seconds(closed);
}

/// A run of three steps that started at `start` seconds, with `items` instances of the middle one.
inline v1::RunSummary run_of(const std::string& run_id, std::int64_t start, std::uint32_t items) {
  v1::RunSummary run;
  run.set_run_id(run_id);
  run.set_workflow("demo");
  run.set_workflow_version("3");
  run.set_status(v1::RUN_STATUS_RUNNING);
  run.mutable_started_time()->set_seconds(start);
  add_step(run, "list", 0, v1::STEP_STATUS_COMPLETED, start, start + 1);
  for (std::uint32_t i = 0; i < items; ++i)
    add_step(run, "read", i, v1::STEP_STATUS_COMPLETED, start + 1, start + 2 + i);
  add_step(run, "report", 0, v1::STEP_STATUS_RUNNING, start + 2 + items, 0);
  for (const auto* id : {"list", "read", "report"})
    run.add_step_ids(id);
  for (const auto& [from, to] :
       {std::pair{"list", "read"}, {"read", "report"}, {"list", "report"}}) {
    auto& edge = *run.add_edges();
    edge.set_from(from);
    edge.set_to(to);
  }
  return run;
}

} // namespace troupe::agents::test
