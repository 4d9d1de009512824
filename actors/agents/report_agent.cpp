#include "actors/agents/report_agent.hpp"

#include "actors/agents/files.hpp"
#include "actors/agents/report_data.hpp"
#include "actors/agents/report_html.hpp"
#include "actors/agents/report_json.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "troupe/v1/report.pb.h"

namespace troupe::agents {
namespace {

void put(const label_counts& counts, google::protobuf::RepeatedPtrField<v1::LabelCount>& out) {
  for (const auto& [label, count] : counts) {
    auto& one = *out.Add();
    one.set_label(label);
    one.set_count(count);
  }
}

reply<v1::WriteReportReply> write(const v1::WriteReportRequest& request, const call_context&) {
  const auto report = make_report_data(request);
  if (!report) return tl::unexpected(report.error());
  const auto json = write_file(request.folder(), "report.json", report_json(*report));
  if (!json) return tl::unexpected(json.error());
  const auto html = write_file(request.folder(), "report.html", report_html(*report));
  if (!html) return tl::unexpected(html.error());
  v1::WriteReportReply answer;
  answer.set_json_path(json->string());
  answer.set_html_path(html->string());
  answer.set_documents(static_cast<std::uint32_t>(report->documents.size()));
  put(report->entities, *answer.mutable_entities());
  put(report->redactions, *answer.mutable_redactions());
  return answer;
}

} // namespace

agent_type report_write_agent() {
  agent_options options;
  options.blocking = true;
  return typed_agent<v1::WriteReportRequest, v1::WriteReportReply>(
      "report.write", "Writes report.json and report.html of a run", write, options);
}

} // namespace troupe::agents
