// A request for a report: it is refused with a reason, or gives JSON that parses and a page without raw markup from it.
#include "actors/agents/report_html.hpp"
#include "actors/agents/report_json.hpp"
#include "kernels/text/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "troupe/v1/report.pb.h"

#include <nlohmann/json.hpp>

using namespace troupe;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  v1::WriteReportRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return -1;
  const auto report = agents::make_report_data(request);
  if (!report) return fuzz::require(!report.error().message.empty(), "a refusal says why"), 0;
  const auto json = nlohmann::json::parse(agents::report_json(*report), nullptr, false);
  fuzz::require(json.is_object() && json.contains("timing"), "report.json is an object");
  const std::string page = agents::report_html(*report);
  fuzz::require(text::is_valid_utf8(page), "the page is UTF-8");
  fuzz::require(page.find("<script") == page.npos, "the page has no scripts");
  return 0;
}
