#include "actors/agents/report_data.hpp"

#include "actors/agents/words.hpp"
#include "kernels/text/utf8.hpp"
#include "troupe/v1/report.pb.h"

#include <algorithm>
#include <unordered_map>

namespace troupe::agents {
namespace {

using name_index = std::unordered_map<std::string, std::size_t>;

tl::unexpected<failure> refuse(std::string type, std::string message) {
  return tl::unexpected(failure{std::move(type), std::move(message), false});
}

text_range range_of(const v1::Span& span) {
  return {{span.start_byte(), span.end_byte()},
          {span.start_codepoint(), span.end_codepoint()},
          {span.start_utf16(), span.end_utf16()}};
}

bool fits(std::string_view text, byte_span at) {
  return at.start <= at.end && at.end <= text.size() && is_boundary(text, at.start) &&
         is_boundary(text, at.end);
}

tl::unexpected<failure> bad_span(std::string_view what, const std::string& name, byte_span at) {
  return refuse("report.bad_span",
                std::string{what} + " [" + std::to_string(at.start) + ", " +
                    std::to_string(at.end) + ") of document '" + name +
                    "' does not fit its text; give the report the replies for the same text");
}

/// Finds the document that a reply belongs to; every document takes one reply of a kind.
reply<report_document*> owner(report_data& report, const name_index& names, const std::string& name,
                              std::string_view kind, bool (*taken)(const report_document&)) {
  const auto found = names.find(name);
  if (found == names.end())
    return refuse("report.unknown_document",
                  std::string{kind} + " of '" + name +
                      "' have no document of that name; pass 'documents' and '" +
                      std::string{kind} + "' of the same files, each with its 'name'");
  auto& document = report.documents[found->second];
  if (taken(document))
    return refuse("report.duplicate_name", "there are two " + std::string{kind} + " of '" + name +
                                               "'; give every document its own name");
  return &document;
}

reply<name_index> add_documents(const v1::WriteReportRequest& request, report_data& report) {
  name_index names;
  for (const auto& read : request.documents()) {
    if (!names.emplace(read.name(), report.documents.size()).second)
      return refuse("report.duplicate_name", "two documents are called '" + read.name() +
                                                 "'; give every document its own name");
    auto& document = report.documents.emplace_back();
    document.name = text::repair_utf8(read.name()).text;
    document.size_bytes = read.size_bytes();
    document.replaced_sequences = read.replaced_sequences();
    document.original = text::repair_utf8(read.text()).text;
  }
  return names;
}

std::optional<failure> add_entities(const v1::NerReply& found, report_document& document) {
  auto& entities = document.entities.emplace();
  document.model = found.model();
  for (const auto& span : found.spans()) {
    const auto at = range_of(span);
    if (!fits(document.original, at.bytes))
      return bad_span("entity", document.name, at.bytes).value();
    entities.push_back({span.label(), span.score(), at, std::nullopt});
  }
  std::ranges::stable_sort(entities, {}, [](const auto& entity) { return entity.at.bytes.start; });
  return std::nullopt;
}

std::optional<failure> add_redactions(const v1::RedactReply& reply, report_document& document) {
  auto& redactions = document.redactions.emplace();
  document.redacted = text::repair_utf8(reply.text()).text;
  byte_span before, redacted_before;
  for (const auto& one : reply.redactions()) {
    const auto at = range_of(one.span());
    const byte_span redacted{one.redacted_start_byte(), one.redacted_end_byte()};
    if (!fits(document.original, at.bytes) || at.bytes.start < before.end ||
        !fits(document.redacted, redacted) || redacted.start < redacted_before.end)
      return bad_span("redaction", document.name, at.bytes).value();
    before = at.bytes;
    redacted_before = redacted;
    const auto source =
        one.source() == v1::REDACTION_SOURCE_MODEL ? pii_source::model : pii_source::rule;
    redactions.push_back(
        {{{one.span().label(), at.bytes, one.span().score(), source}, one.replacement(), redacted},
         at,
         {one.redacted_start_codepoint(), one.redacted_end_codepoint()}});
  }
  return std::nullopt;
}

/// Finds where each entity stands in the redacted text.
void map_entities(report_document& document) {
  if (!document.entities || !document.redactions) return;
  std::vector<redaction> redactions;
  for (const auto& one : *document.redactions)
    redactions.push_back(one.what);
  const redaction_map map{redactions};
  for (auto& entity : *document.entities) {
    const auto at = entity.at.bytes;
    const byte_span moved{map.to_redacted(at.start), map.to_redacted(at.end, true)};
    if (!map.touches(at) && fits(document.redacted, moved)) entity.in_redacted = moved;
  }
}

void count(report_data& report) {
  for (const auto& document : report.documents) {
    if (document.entities)
      for (const auto& entity : *document.entities)
        ++report.entities[entity.label];
    if (document.redactions)
      for (const auto& one : *document.redactions)
        ++report.redactions[one.what.span.label];
  }
}

// --- the run --------------------------------------------------------------------------------------------------------

report_status status_of(v1::StepStatus status) {
  switch (status) {
  case v1::STEP_STATUS_RUNNING:
    return report_status::running;
  case v1::STEP_STATUS_BACKING_OFF:
    return report_status::backing_off;
  case v1::STEP_STATUS_COMPLETED:
    return report_status::completed;
  case v1::STEP_STATUS_FAILED:
    return report_status::failed;
  case v1::STEP_STATUS_SKIPPED:
    return report_status::skipped;
  case v1::STEP_STATUS_CANCELLED:
    return report_status::cancelled;
  default:
    return report_status::pending;
  }
}

report_status status_of(v1::RunStatus status) {
  switch (status) {
  case v1::RUN_STATUS_RUNNING:
  case v1::RUN_STATUS_COMPENSATING:
    return report_status::running;
  case v1::RUN_STATUS_COMPLETED:
    return report_status::completed;
  case v1::RUN_STATUS_FAILED:
    return report_status::failed;
  case v1::RUN_STATUS_CANCELLED:
    return report_status::cancelled;
  default:
    return report_status::pending;
  }
}

report_time time_of(bool set, const google::protobuf::Timestamp& time) {
  constexpr std::int64_t micros_per_second = 1'000'000;
  constexpr std::int64_t year_10000 = 253'402'300'800; // the end of Protobuf's own range
  if (!set || time.seconds() < 0 || time.seconds() >= year_10000) return std::nullopt;
  return time.seconds() * micros_per_second + time.nanos() / 1000;
}

std::string failure_text(bool set, const v1::Failure& why) {
  return set ? text::repair_utf8(why.type() + ": " + why.message()).text : std::string{};
}

report_run run_of(const v1::RunSummary& summary) {
  report_run run{summary.run_id(),
                 summary.workflow(),
                 summary.workflow_version(),
                 status_of(summary.status()),
                 time_of(summary.has_started_time(), summary.started_time()),
                 time_of(summary.has_closed_time(), summary.closed_time()),
                 failure_text(summary.has_failure(), summary.failure()),
                 {},
                 {}};
  name_index steps;
  const auto step_called = [&](const std::string& id) -> std::size_t {
    const auto [found, is_new] = steps.emplace(id, run.steps.size());
    if (is_new) run.steps.push_back({text::repair_utf8(id).text, {}, {}});
    return found->second;
  };
  for (const auto& id : summary.step_ids())
    step_called(id);
  for (const auto& one : summary.steps()) {
    auto& step = run.steps[step_called(one.step())];
    step.agent = one.agent();
    step.instances.push_back({one.index(), status_of(one.status()), one.attempts(),
                              time_of(one.has_scheduled_time(), one.scheduled_time()),
                              time_of(one.has_closed_time(), one.closed_time()),
                              failure_text(one.has_failure(), one.failure())});
  }
  for (const auto& edge : summary.edges()) {
    const auto from = steps.find(edge.from());
    const auto to = steps.find(edge.to());
    if (from != steps.end() && to != steps.end() && from != to)
      run.edges.emplace_back(from->second, to->second);
  }
  return run;
}

} // namespace

report_status report_step::status() const {
  const auto any = [&](report_status wanted) {
    return std::ranges::find(instances, wanted, &report_instance::status) != instances.end();
  };
  if (any(report_status::failed)) return report_status::failed;
  if (any(report_status::cancelled)) return report_status::cancelled;
  if (any(report_status::backing_off)) return report_status::backing_off;
  if (any(report_status::running)) return report_status::running;
  if (instances.empty() || any(report_status::pending)) return report_status::pending;
  return any(report_status::completed) ? report_status::completed : report_status::skipped;
}

reply<report_data> make_report_data(const v1::WriteReportRequest& request) {
  report_data report;
  report.title = text::repair_utf8(request.title()).text;
  report.include_original_text = request.include_original_text();
  const auto names = add_documents(request, report);
  if (!names) return tl::unexpected(names.error());
  for (const auto& found : request.entities()) {
    const auto document =
        owner(report, *names, found.name(), "entities",
              [](const report_document& one) { return one.entities.has_value(); });
    if (!document) return tl::unexpected(document.error());
    if (auto bad = add_entities(found, **document)) return tl::unexpected(std::move(*bad));
  }
  for (const auto& redacted : request.redactions()) {
    const auto document =
        owner(report, *names, redacted.name(), "redactions",
              [](const report_document& one) { return one.redactions.has_value(); });
    if (!document) return tl::unexpected(document.error());
    if (auto bad = add_redactions(redacted, **document)) return tl::unexpected(std::move(*bad));
  }
  for (auto& document : report.documents)
    map_entities(document);
  count(report);
  if (request.has_run()) report.run = run_of(request.run());
  return report;
}

bool may_show(const report_data& report, const report_entity& entity) {
  return report.include_original_text || entity.in_redacted.has_value();
}

} // namespace troupe::agents
