#include "tools/troupe/console.hpp"
#include "tools/troupe/run_view.hpp"
#include "troupe/v1/files.pb.h"
#include "troupe/v1/ner.pb.h"
#include "troupe/v1/redaction.pb.h"
#include "troupe/v1/report.pb.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <utility>

namespace troupe::cli {

namespace {

/// Rows a person still reads; the report has all of them.
constexpr std::size_t most_rows = 25;

/// Replies of a run that say something to a person, whatever the steps are called.
struct outcome {
  std::vector<v1::ListFilesReply> lists;
  std::map<std::string, v1::ReadFileReply> documents;
  std::vector<v1::NerReply> entities;
  std::vector<v1::RedactReply> redactions;
  std::vector<v1::WriteFileReply> files;
  std::vector<v1::WriteReportReply> reports;
};

template <class Reply>
bool take(const google::protobuf::Any& reply, std::vector<Reply>& into) {
  if (!reply.Is<Reply>()) return false;
  reply.UnpackTo(&into.emplace_back());
  return true;
}

outcome collect(const std::vector<v1::Event>& history) {
  outcome found;
  for (const auto& event : history) {
    if (!event.has_step_completed()) continue;
    const auto& reply = event.step_completed().reply();
    if (v1::ReadFileReply document; reply.UnpackTo(&document)) {
      found.documents[document.name()] = std::move(document);
      continue;
    }
    take(reply, found.lists) || take(reply, found.entities) || take(reply, found.redactions) ||
        take(reply, found.files) || take(reply, found.reports);
  }
  std::sort(found.files.begin(), found.files.end(),
            [](const auto& a, const auto& b) { return a.path() < b.path(); });
  return found;
}

/// The stretch of the document that the span covers, on one line.
std::string surface(const outcome& found, const v1::NerReply& reply, const v1::Span& span) {
  const auto document = found.documents.find(reply.name());
  if (document == found.documents.end() || span.end_byte() > document->second.text().size())
    return span.word();
  auto text =
      document->second.text().substr(span.start_byte(), span.end_byte() - span.start_byte());
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return text;
}

struct tally {
  std::size_t times = 0;
  std::set<std::string> documents;
};

bool print_entities(const outcome& found) {
  std::map<std::pair<std::string, std::string>, tally> tallies;
  for (const auto& reply : found.entities)
    for (const auto& span : reply.spans()) {
      auto& entry = tallies[{span.label(), surface(found, reply, span)}];
      ++entry.times;
      entry.documents.insert(reply.name());
    }
  std::vector<decltype(tallies)::const_pointer> order;
  order.reserve(tallies.size());
  for (const auto& entry : tallies)
    order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->second.times > b->second.times; });
  table rows{{"LABEL", "ENTITY", "TIMES", "DOCUMENTS"}, {2}};
  for (std::size_t i = 0; i < std::min(order.size(), most_rows); ++i) {
    const auto& [key, value] = *order[i];
    const auto documents = value.documents.size();
    rows.add({key.first, key.second, std::to_string(value.times),
              documents == 1 ? *value.documents.begin() : fmt::format("{} documents", documents)});
  }
  const auto hidden = order.size() > most_rows ? order.size() - most_rows : 0;
  return rows.print() &&
         (!hidden || print_line(fmt::format("... and {} more, all in the report", hidden)));
}

bool print_redactions(const outcome& found) {
  std::map<std::string, std::size_t> labels;
  for (const auto& reply : found.redactions)
    for (const auto& redaction : reply.redactions())
      ++labels[redaction.span().label()];
  std::string line;
  for (const auto& [label, times] : labels)
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", times, label);
  return print_line("") && print_line("Redacted: " + (line.empty() ? "nothing" : line));
}

bool print_files(const outcome& found) {
  if (!print_line("")) return false;
  for (std::size_t i = 0; i < found.files.size(); ++i) {
    if (i == most_rows)
      return print_line(fmt::format("... and {} more files", found.files.size() - i));
    if (!print_line(
            fmt::format("Wrote {} ({} bytes)", found.files[i].path(), found.files[i].size_bytes())))
      return false;
  }
  return true;
}

} // namespace

bool print_outcome(const v1::RunSummary& run, const std::vector<v1::Event>& history) {
  const auto found = collect(history);
  for (const auto& list : found.lists)
    if (list.files().empty() && !print_line("No files: the folder holds none that match"))
      return false;
  if (!found.entities.empty() && !print_entities(found)) return false;
  if (!found.redactions.empty() && !print_redactions(found)) return false;
  if (!found.files.empty() && !print_files(found)) return false;
  const bool reports_printed =
      std::all_of(found.reports.begin(), found.reports.end(), [](const auto& report) {
        return print_line(
            fmt::format("\nReport: {}\n        {}", report.html_path(), report.json_path()));
      });
  if (!reports_printed) return false;
  return print_line(
      fmt::format("\nRun {} {}: {}", run.run_id(), status_name(run.status()), done_text(run)));
}

} // namespace troupe::cli
