#pragma once

#include "actors/agents/redaction.hpp"
#include "actors/runtime/failure.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::v1 {
class WriteReportRequest;
}

namespace troupe::agents {

/// Half-open offsets of one stretch of text in the three units.
struct text_range {
  byte_span bytes;
  byte_span codepoints;
  byte_span utf16;
};

struct report_entity {
  std::string label;
  double score = 0;
  /// Of the original text.
  text_range at;
  /// Bytes of the redacted text; none where a redaction covers any of the entity, or there is no redacted text.
  std::optional<byte_span> in_redacted;
};

struct report_redaction {
  redaction what;
  text_range at;
  /// Of the redacted text.
  byte_span redacted_codepoints;
};

struct report_document {
  std::string name;
  std::uint64_t size_bytes = 0;
  std::uint32_t replaced_sequences = 0;
  std::string original;
  /// In order of position; none where the request has no NerReply of that name.
  std::optional<std::vector<report_entity>> entities;
  /// In order of position; none where the request has no RedactReply of that name.
  std::optional<std::vector<report_redaction>> redactions;
  std::string redacted;
  std::string model;
};

enum class report_status { pending, running, backing_off, completed, failed, skipped, cancelled };

/// Microseconds since the epoch; none where it has not happened.
using report_time = std::optional<std::int64_t>;

struct report_instance {
  std::uint32_t index = 0;
  report_status status = report_status::pending;
  std::uint32_t attempts = 0;
  report_time scheduled;
  report_time closed;
  std::string failure;
};

struct report_step {
  std::string id;
  std::string agent;
  std::vector<report_instance> instances;
  [[nodiscard]] report_status status() const;
};

struct report_run {
  std::string run_id;
  std::string workflow;
  std::string version;
  report_status status = report_status::pending;
  report_time started;
  report_time closed;
  std::string failure;
  std::vector<report_step> steps;
  /// Indices into `steps`.
  std::vector<std::pair<std::size_t, std::size_t>> edges;
};

using label_counts = std::map<std::string, std::uint32_t>;

/// All that a report shows, joined and checked.
struct report_data {
  std::string title;
  bool include_original_text = false;
  std::vector<report_document> documents;
  std::optional<report_run> run;
  label_counts entities;
  label_counts redactions;
};

/// Joins a request's documents, entities and redactions by name and checks every offset.
/// @returns "report.duplicate_name", "report.unknown_document" (entities or redactions of a document that is not there)
///   or "report.bad_span" (offsets outside of the text, inside a character, or redactions out of order); none of them retryable.
[[nodiscard]] reply<report_data> make_report_data(const v1::WriteReportRequest& request);

/// Whether the original text at `entity` may be shown: the request allows it, or nothing of it was redacted.
[[nodiscard]] bool may_show(const report_data& report, const report_entity& entity);

} // namespace troupe::agents
