#include "tools/troupe/run_view.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>
#include <nlohmann/json.hpp>
#include <set>

namespace troupe::cli {

namespace {

using google::protobuf::util::TimeUtil;

std::chrono::system_clock::time_point time_of(const google::protobuf::Timestamp& stamp) {
  return std::chrono::system_clock::time_point{
      std::chrono::nanoseconds{TimeUtil::TimestampToNanoseconds(stamp)}};
}

/// "RUN_STATUS_COMPLETED" -> "completed".
std::string plain_name(const std::string& enumerator, std::size_t prefix_length) {
  auto name = enumerator.substr(prefix_length);
  for (auto& c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

std::set<std::string> final_steps(const v1::RunSummary& run) {
  std::set<std::string> last{run.step_ids().begin(), run.step_ids().end()};
  for (const auto& edge : run.edges())
    last.erase(edge.from());
  return last;
}

} // namespace

std::string status_name(v1::RunStatus status) {
  return plain_name(v1::RunStatus_Name(status), std::string_view{"RUN_STATUS_"}.size());
}

std::string status_name(v1::StepStatus status) {
  return plain_name(v1::StepStatus_Name(status), std::string_view{"STEP_STATUS_"}.size());
}

std::string iso_time(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  if (time.time_since_epoch().count() == 0) return {};
  const auto milliseconds_part =
      duration_cast<milliseconds>(time.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(time)),
                     milliseconds_part);
}

std::string duration_text(std::chrono::nanoseconds duration) {
  const auto seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 60) return fmt::format("{:.2f} s", seconds);
  return fmt::format("{} min {:02} s", static_cast<long>(seconds) / 60,
                     static_cast<long>(seconds) % 60);
}

nlohmann::ordered_json to_json(const google::protobuf::Message& message) {
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text);
  if (!status.ok()) return {{"error", std::string{status.message()}}};
  return nlohmann::ordered_json::parse(text);
}

namespace {

nlohmann::ordered_json compensation_json(const v1::CompensationSummary& undo) {
  nlohmann::ordered_json out{{"agent", undo.agent()},
                             {"status", status_name(undo.status())},
                             {"attempts", undo.attempts()}};
  if (undo.has_failure()) out["failure"] = to_json(undo.failure());
  return out;
}

} // namespace

nlohmann::ordered_json run_json(const v1::RunSummary& run) {
  nlohmann::ordered_json out{{"run", run.run_id()},
                             {"workflow", run.workflow()},
                             {"version", run.workflow_version()},
                             {"status", status_name(run.status())},
                             {"started", iso_time(time_of(run.started_time()))}};
  if (run.has_closed_time()) {
    out["closed"] = iso_time(time_of(run.closed_time()));
    out["seconds"] =
        std::chrono::duration<double>(time_of(run.closed_time()) - time_of(run.started_time()))
            .count();
  }
  if (run.has_parent())
    out["parent"] = {{"run", run.parent().run_id()},
                     {"step", run.parent().step()},
                     {"index", run.parent().index()},
                     {"attempt", run.parent().attempt()}};
  if (run.has_deadline_time()) out["deadline"] = iso_time(time_of(run.deadline_time()));
  if (run.priority() != 0) out["priority"] = run.priority();
  if (!run.tenant().empty()) out["tenant"] = run.tenant();
  for (const auto& tag : run.tags())
    out["tags"][tag.key()] = tag.value();
  if (run.status() == v1::RUN_STATUS_CANCELLED || !run.cancel_reason().empty())
    out["reason"] = run.cancel_reason();
  if (run.has_cancel_due_time()) out["cancelled_by"] = iso_time(time_of(run.cancel_due_time()));
  if (run.has_failure()) out["failure"] = to_json(run.failure());
  auto& steps = out["steps"] = nlohmann::ordered_json::array();
  for (const auto& step : run.steps()) {
    nlohmann::ordered_json entry{{"step", step.step()},
                                 {"index", step.index()},
                                 {"agent", step.agent()},
                                 {"status", status_name(step.status())},
                                 {"attempts", step.attempts()}};
    if (step.second_attempts() > 0) entry["second_attempts"] = step.second_attempts();
    if (step.preemptions() > 0) entry["preemptions"] = step.preemptions();
    if (step.has_failure()) entry["failure"] = to_json(step.failure());
    if (!step.skip_reason().empty()) entry["skip_reason"] = step.skip_reason();
    if (!step.child_run_id().empty()) entry["child_run"] = step.child_run_id();
    if (step.has_compensation()) entry["compensation"] = compensation_json(step.compensation());
    steps.push_back(std::move(entry));
  }
  return out;
}

instance_counts count_instances(const v1::RunSummary& run) {
  instance_counts counts;
  for (const auto& step : run.steps()) {
    ++counts.total;
    counts.completed += step.status() == v1::STEP_STATUS_COMPLETED;
    counts.skipped += step.status() == v1::STEP_STATUS_SKIPPED;
    counts.failed += step.status() == v1::STEP_STATUS_FAILED;
    counts.at_work += step.status() == v1::STEP_STATUS_RUNNING;
  }
  return counts;
}

std::string done_text(const v1::RunSummary& run) {
  const auto counts = count_instances(run);
  return fmt::format("{} of {} steps done{}", counts.completed, counts.total,
                     counts.skipped ? fmt::format(", {} skipped", counts.skipped) : "") +
         (counts.failed ? fmt::format(", {} failed", counts.failed) : "");
}

std::string cancelled_text(const std::string& run_id, const std::string& reason) {
  return fmt::format("run {} was cancelled{}{}", run_id, reason.empty() ? "" : ": ", reason);
}

nlohmann::ordered_json final_replies(const v1::RunSummary& run,
                                     const std::vector<v1::Event>& history) {
  const auto wanted = final_steps(run);
  std::map<std::string, std::map<std::uint32_t, nlohmann::ordered_json>> replies;
  for (const auto& event : history) {
    if (!event.has_step_completed()) continue;
    const auto& attempt = event.step_completed().attempt();
    if (!wanted.contains(attempt.step())) continue;
    auto reply = to_json(event.step_completed().reply());
    reply.erase("@type");
    replies[attempt.step()][attempt.index()] = std::move(reply);
  }
  auto out = nlohmann::ordered_json::object();
  for (auto& [step, by_index] : replies) {
    if (by_index.size() == 1) {
      out[step] = std::move(by_index.begin()->second);
      continue;
    }
    auto& list = out[step] = nlohmann::ordered_json::array();
    for (auto& [index, reply] : by_index)
      list.push_back(std::move(reply));
  }
  return out;
}

} // namespace troupe::cli
