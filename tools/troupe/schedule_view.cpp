#include "tools/troupe/schedule_view.hpp"

#include "actors/workflow/event_codec.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/run_view.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

namespace troupe::cli {

namespace {

using workflow::cron::schedule_event;

const char* name_of(schedule_event::kind what) {
  switch (what) {
  case schedule_event::kind::started:
    return "started";
  case schedule_event::kind::skipped:
    return "skipped";
  case schedule_event::kind::cancelled:
    return "cancelled_earlier";
  case schedule_event::kind::failed:
    return "not_started";
  }
  return "unknown";
}

} // namespace

std::string describe(const schedule_event& event, std::chrono::system_clock::time_point now,
                     bool json) {
  if (!json)
    return fmt::format("{} {} {}{}{}{}", iso_time(now), event.run_id, name_of(event.what),
                       event.missed ? ", missed before" : "", event.why.empty() ? "" : ": ",
                       event.why);
  nlohmann::ordered_json out{{"time", iso_time(now)},      {"schedule", event.schedule},
                             {"run", event.run_id},        {"event", name_of(event.what)},
                             {"due", iso_time(event.due)}, {"missed", event.missed}};
  if (!event.why.empty()) out["why"] = event.why;
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

bool print_next(const std::vector<workflow::cron::schedule>& schedules, std::size_t count,
                bool json) {
  for (const auto& each : schedules) {
    auto after = std::chrono::system_clock::now();
    for (std::size_t i = 0; i < count; ++i) {
      const auto due = workflow::cron::next_due(each.when, each.in, after);
      if (!due) break;
      after = *due;
      const std::string id = run_id_of(each, *due);
      const std::string start = iso_time(start_of(each, *due));
      const nlohmann::ordered_json line{
          {"schedule", each.name}, {"run", id}, {"due", iso_time(*due)}, {"start", start}};
      if (!print_line(json ? line.dump() : fmt::format("{}  {}", start, id))) return false;
    }
  }
  return true;
}

void event_lines::take(const std::string& run_id, const v1::Event& event) {
  ended_run made{"", run_id, "", "", workflow::decode(event.time())};
  if (event.has_run_completed()) made.how = "completed";
  if (event.has_run_failed()) {
    made.how = "failed";
    made.why = event.run_failed().failure().message();
  }
  if (event.has_run_cancelled()) {
    made.how = "cancelled";
    made.why = event.run_cancelled().reason();
  }
  if (made.how.empty()) return;
  for (const auto& each : schedules_)
    if (due_of(each, run_id)) made.schedule = each.name;
  if (made.schedule.empty()) return; // a child's
  const std::lock_guard held{mutex_};
  ended_.push_back(std::move(made));
}

std::vector<std::string> event_lines::take_lines(bool json) {
  std::vector<ended_run> ended;
  {
    const std::lock_guard held{mutex_};
    ended = std::exchange(ended_, {});
  }
  std::vector<std::string> made;
  for (const ended_run& each : ended) {
    nlohmann::ordered_json line{{"time", iso_time(each.time)},
                                {"schedule", each.schedule},
                                {"run", each.run_id},
                                {"event", each.how}};
    if (!each.why.empty()) line["why"] = each.why;
    made.push_back(json
                       ? line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                       : fmt::format("{} {} {}{}{}", iso_time(each.time), each.run_id, each.how,
                                     each.why.empty() ? "" : ": ", each.why));
  }
  return made;
}

} // namespace troupe::cli
