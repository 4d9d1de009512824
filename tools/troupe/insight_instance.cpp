#include "tools/troupe/insight_view.hpp"
#include "tools/troupe/run_view.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using workflow::attempt_insight;
using workflow::duration;
using workflow::instance_insight;
using workflow::instance_status;
using workflow::run_insight;

std::string status_of(const instance_insight& of) {
  switch (of.status) {
  case instance_status::completed:
    return "completed";
  case instance_status::failed:
    return "failed";
  case instance_status::skipped:
    return "skipped";
  case instance_status::running:
  case instance_status::wanted:
    return "running";
  case instance_status::backing_off:
    return "backing_off";
  case instance_status::waiting:
    return "waiting";
  default:
    return "pending";
  }
}

double seconds_from(duration of) {
  return std::chrono::duration<double>(of).count();
}

nlohmann::ordered_json attempt_json(const attempt_insight& of) {
  nlohmann::ordered_json made{{"attempt", of.attempt},
                              {"outcome", name_of(of.outcome)},
                              {"scheduled", seconds_from(of.scheduled)}};
  if (of.started) made["started"] = seconds_from(*of.started);
  if (of.answered) made["run_seconds"] = seconds_from(*of.answered - *of.started);
  if (of.ended) made["ended"] = seconds_from(*of.ended);
  if (of.slot_wait.count() > 0) made["place_wait_seconds"] = seconds_from(of.slot_wait);
  if (of.resource_wait.count() > 0) made["resource_wait_seconds"] = seconds_from(of.resource_wait);
  if (!of.missing.empty()) made["missing"] = of.missing;
  if (of.request_bytes > 0) made["request_bytes"] = of.request_bytes;
  if (!of.child_run.empty()) made["child_run"] = of.child_run;
  if (!of.owner.empty()) made["node"] = of.owner;
  if (!of.node_class.empty()) made["node_class"] = of.node_class;
  if (!of.node.empty()) made["node"] = of.node;
  if (of.beside > 0) {
    made["beside"] = of.beside;
    made["beside_ran_seconds"] = seconds_from(of.beside_ran);
    made["beside_allowed_seconds"] = seconds_from(of.allowed);
  }
  if (!of.needed_by.empty()) made["needed_by"] = of.needed_by;
  if (of.why) made["failure"] = {{"type", of.why->type}, {"message", of.why->message}};
  return made;
}

std::string joined(const std::vector<std::string>& of) {
  std::string made;
  for (const std::string& each : of)
    made += (made.empty() ? "" : ", ") + each;
  return made;
}

std::string attempt_line(const attempt_insight& of, const char* what) {
  std::string made =
      fmt::format("  {} {}: wanted at {}", what, of.attempt, span_text(of.scheduled));
  if (of.beside > 0)
    made += fmt::format(" beside attempt {}, which had run {} and was late after {}", of.beside,
                        span_text(of.beside_ran), span_text(of.allowed));
  if (of.started) made += fmt::format(", started at {}", span_text(*of.started));
  if (of.slot_wait.count() > 0) made += fmt::format(", {} for a place", span_text(of.slot_wait));
  if (of.resource_wait.count() > 0)
    made += fmt::format(", {} for resources{}", span_text(of.resource_wait),
                        of.missing.empty() ? "" : " (" + joined(of.missing) + ")");
  if (of.answered) made += fmt::format(", ran {}", span_text(*of.answered - *of.started));
  made += fmt::format(", {}", name_of(of.outcome));
  if (!of.needed_by.empty()) made += fmt::format(": its place was needed by {}", of.needed_by);
  if (of.why) made += fmt::format(": {} [{}]", of.why->message, of.why->type);
  if (!of.child_run.empty()) made += ", run " + of.child_run;
  if (!of.node.empty())
    made += ", on " + of.node;
  else if (!of.owner.empty())
    made += ", on " + of.owner;
  return made;
}

} // namespace

nlohmann::ordered_json instance_json(const run_insight& of, const instance_insight& instance,
                                     duration oldest) {
  nlohmann::ordered_json made{
      {"step", instance.id.step}, {"index", instance.id.index}, {"status", status_of(instance)}};
  if (instance.ready) made["ready"] = seconds_from(*instance.ready);
  if (instance.after) made["after"] = instance_name(of, *instance.after);
  if (instance.closed) made["closed"] = seconds_from(*instance.closed);
  auto& phases = made["phases"] = nlohmann::ordered_json::array();
  for (const auto& each : instance.phases) {
    phases.push_back({{"why", name_of(each.kind)},
                      {"from", seconds_from(each.from)},
                      {"to", seconds_from(each.to)}});
    if (each.attempt > 0) phases.back()["attempt"] = each.attempt;
  }
  auto& attempts = made["attempts"] = nlohmann::ordered_json::array();
  for (const auto& each : instance.attempts)
    attempts.push_back(attempt_json(each));
  for (const auto& each : instance.compensations)
    made["compensations"].push_back(attempt_json(each));
  if (!instance.waits) return made;
  auto& waits = made["waits"] = {{"why", name_of(instance.waits->why)},
                                 {"seconds", seconds_from(of.makespan - instance.waits->since)},
                                 {"alarm", is_alarm(of, *instance.waits, oldest)}};
  if (!instance.waits->names.empty()) waits["for"] = instance.waits->names;
  if (instance.waits->due) waits["until"] = iso_time(*instance.waits->due);
  return made;
}

std::vector<std::string> instance_lines(const run_insight& of, const instance_insight& instance,
                                        duration oldest) {
  std::vector<std::string> made;
  std::string head = fmt::format("{}: {}", instance_name(of, instance.id), status_of(instance));
  if (instance.ready)
    head += fmt::format(", ready at {} ({})", span_text(*instance.ready),
                        instance.after ? "after " + instance_name(of, *instance.after)
                                       : "from the start");
  if (instance.closed) head += fmt::format(", closed at {}", span_text(*instance.closed));
  made.push_back(std::move(head));
  std::string spent;
  for (const auto& each : instance.phases)
    spent += fmt::format("{}{} {}", spent.empty() ? "" : ", then ", span_text(each.to - each.from),
                         describe(each.kind));
  if (!spent.empty()) made.push_back("  " + spent);
  for (const auto& each : instance.attempts)
    made.push_back(attempt_line(each, "attempt"));
  for (const auto& each : instance.compensations)
    made.push_back(attempt_line(each, "undoing, attempt"));
  if (instance.waits)
    made.push_back(fmt::format("  {}{}", wait_text(of, *instance.waits),
                               is_alarm(of, *instance.waits, oldest) ? "  [ALARM: too old]" : ""));
  return made;
}

} // namespace troupe::cli
