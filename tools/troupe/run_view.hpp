#pragma once

#include "actors/workflow/engine.hpp"
#include "troupe/v1/history.pb.h"
#include "troupe/v1/run.pb.h"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

/// How runs look to people and to programs.
namespace troupe::cli {

/// "running", "completed", "failed", "cancelled", "compensating".
[[nodiscard]] std::string status_name(v1::RunStatus status);
/// "pending", "running", "backing_off", "completed", "failed", "skipped", "cancelled".
[[nodiscard]] std::string status_name(v1::StepStatus status);

/// `2026-11-23T19:45:12.417Z`; empty for the epoch.
[[nodiscard]] std::string iso_time(std::chrono::system_clock::time_point time);
/// `1.23 s`, `4 min 05 s`.
[[nodiscard]] std::string duration_text(std::chrono::nanoseconds duration);

/// A Protobuf message as JSON; field names in lowerCamelCase, as Protobuf defines it.
[[nodiscard]] nlohmann::ordered_json to_json(const google::protobuf::Message& message);

/// The run without its history: {"run","workflow","version","status","started","closed","seconds","steps":[...]}.
[[nodiscard]] nlohmann::ordered_json run_json(const v1::RunSummary& run);

/// Instances by status, e.g. 50 completed of 50.
struct instance_counts {
  std::size_t total = 0;
  std::size_t completed = 0;
  std::size_t skipped = 0;
  std::size_t failed = 0;
  std::size_t at_work = 0;
};
[[nodiscard]] instance_counts count_instances(const v1::RunSummary& run);
/// "48 of 52 steps done, 2 skipped, 2 failed".
[[nodiscard]] std::string done_text(const v1::RunSummary& run);
/// "run X was cancelled", with the reason where there is one.
[[nodiscard]] std::string cancelled_text(const std::string& run_id, const std::string& reason);

/// Replies of the steps that nothing depends on, by step: {"report": {...}, "write": [{...}, ...]}.
[[nodiscard]] nlohmann::ordered_json final_replies(const v1::RunSummary& run,
                                                   const std::vector<v1::Event>& history);

/// What a person wants to see of a finished run: entities found, files written, where the report is.
[[nodiscard]] bool print_outcome(const v1::RunSummary& run, const std::vector<v1::Event>& history);

} // namespace troupe::cli
