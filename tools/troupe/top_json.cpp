#include "tools/troupe/top_json.hpp"

#include "tools/troupe/run_view.hpp"

#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using json = nlohmann::ordered_json;
using workflow::node_snapshot;

double in_seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

json or_null(const std::optional<double>& of) {
  return of ? json(*of) : json(nullptr);
}

json counts_json(const std::map<std::string, std::size_t>& of) {
  json made = json::object();
  for (const auto& [name, count] : of)
    made[name] = count;
  return made;
}

json totals_json(const top_totals& of) {
  return {{"running", of.running},
          {"compensating", of.compensating},
          {"open_cut", of.open_cut},
          {"completed", of.completed},
          {"failed", of.failed},
          {"cancelled", of.cancelled},
          {"closed_cut", of.closed_cut},
          {"runs_per_second", or_null(of.runs_per_second)},
          {"steps_per_second", or_null(of.steps_per_second)},
          {"at_work", of.at_work},
          {"queued", counts_json(of.queued)},
          {"waiting", counts_json(of.waiting)},
          {"runs_looked_at", of.looked_at},
          {"runs_unseen", of.runs_unseen}};
}

json attempts_json(const std::vector<node_snapshot::attempt>& all,
                   std::chrono::system_clock::time_point now) {
  json made = json::array();
  for (const auto& each : all) {
    json one{{"run", each.run},     {"step", each.step},
             {"index", each.index}, {"attempt", each.number},
             {"what", each.what},   {"seconds", in_seconds(now - each.since)}};
    if (each.compensation) one["compensation"] = true;
    if (!each.detail.empty()) one["detail"] = each.detail;
    made.push_back(std::move(one));
  }
  return made;
}

json lists_json(const node_snapshot& of, std::chrono::system_clock::time_point now) {
  json made{{"resources", json::array()}, {"queues", json::array()}};
  for (const auto& each : of.resources)
    made["resources"].push_back(
        {{"name", each.name}, {"used", each.used}, {"capacity", each.capacity}});
  for (const auto& each : of.queues) {
    made["queues"].push_back({{"name", each.name}, {"count", each.count}});
    if (each.oldest) made["queues"].back()["oldest_seconds"] = in_seconds(now - *each.oldest);
  }
  made["waiting"] = attempts_json(of.waiting, now);
  made["at_work"] = attempts_json(of.at_work, now);
  made["tenants"] = json::array();
  for (const auto& each : of.tenants)
    made["tenants"].push_back({{"name", each.name},
                               {"weight", each.weight},
                               {"at_work", each.in_flight},
                               {"waiting", each.waiting}});
  made["tenants_known"] = of.tenants_known;
  made["keys"] = json::array();
  for (const auto& each : of.keys) {
    made["keys"].push_back({{"key", each.name}, {"held", each.held}, {"waiting", each.waiting}});
    if (each.full) made["keys"].back()["full"] = iso_time(*each.full);
  }
  made["keys_known"] = of.keys_known;
  return made;
}

json node_json(const top_node& node) {
  const node_snapshot& of = node.what;
  const auto& counted = of.counted;
  json made{{"owner", of.owner},
            {"host", of.host},
            {"process", of.process},
            {"node_class", of.node_class},
            {"policy", of.policy},
            {"began", iso_time(of.began)},
            {"taken", iso_time(of.taken)},
            {"age_seconds", in_seconds(node.age)},
            {"runs", of.runs},
            {"at_work_count", of.in_flight},
            {"places", of.places},
            {"steps_per_second", or_null(node.steps_per_second)},
            {"last_commit_seconds", in_seconds(of.last_commit)},
            {"counters",
             {{"runs_begun", counted.runs_begun},
              {"runs_taken_over", counted.runs_taken_over},
              {"runs_completed", counted.runs_completed},
              {"runs_failed", counted.runs_failed},
              {"runs_cancelled", counted.runs_cancelled},
              {"attempts_begun", counted.attempts_begun},
              {"steps_completed", counted.steps_completed},
              {"attempts_failed", counted.attempts_failed},
              {"events", counted.events}}}};
  made.update(lists_json(of, of.taken));
  return made;
}

json run_row(const top_run& run, std::chrono::system_clock::time_point now) {
  json made{{"run", run.entry.run_id},
            {"workflow", run.entry.workflow},
            {"status", status_name(static_cast<v1::RunStatus>(run.entry.status))},
            {"started", iso_time(run.entry.started)},
            {"age_seconds", in_seconds(now - run.entry.started)},
            {"events", run.entry.version},
            {"owner", run.entry.owner},
            {"looked_at", run.looked_at}};
  if (!run.looked_at) return made;
  made["priority"] = run.priority;
  made["tenant"] = run.tenant;
  made["steps"] = run.steps;
  made["steps_done"] = run.steps_done;
  made["steps_failed"] = run.steps_failed;
  if (!run.wait) return made;
  json& wait = made["wait"] = {{"step", run.wait->step},
                               {"index", run.wait->index},
                               {"why", run.wait->reason},
                               {"seconds", in_seconds(now - run.wait->since)},
                               {"alarm", run.wait->alarm}};
  if (!run.wait->detail.empty()) wait["detail"] = run.wait->detail;
  if (run.wait->due) wait["until"] = iso_time(*run.wait->due);
  return made;
}

} // namespace

nlohmann::ordered_json top_json(const top_state& of) {
  json made{{"time", iso_time(of.time)},
            {"store", of.store},
            {"window_seconds", in_seconds(of.window)},
            {"totals", totals_json(of.totals)},
            {"nodes", json::array()},
            {"unreadable", of.unreadable},
            {"runs", json::array()},
            {"failures", json::array()}};
  for (const auto& each : of.nodes)
    made["nodes"].push_back(node_json(each));
  for (const auto& each : of.runs)
    made["runs"].push_back(run_row(each, of.time));
  for (const auto& each : of.failures)
    made["failures"].push_back({{"run", each.run.run_id},
                                {"workflow", each.run.workflow},
                                {"closed", iso_time(each.run.closed)},
                                {"type", each.type},
                                {"message", each.message}});
  return made;
}

} // namespace troupe::cli
