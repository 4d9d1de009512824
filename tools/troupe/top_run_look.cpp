#include "tools/troupe/top_run_look.hpp"

#include "actors/workflow/event.hpp"

#include <algorithm>
#include <set>

namespace troupe::cli {

namespace {

using workflow::instance_status;

bool is_done(instance_status status) {
  return status == instance_status::completed || status == instance_status::skipped;
}

top_wait wait_of_instance(const workflow::run_insight& of, const workflow::instance_insight& each) {
  top_wait made;
  made.step = each.id.step;
  made.index = each.id.index;
  made.reason = workflow::name_of(each.waits->why);
  made.since = of.started + each.waits->since;
  for (const std::string& name : each.waits->names)
    made.detail += (made.detail.empty() ? "" : ", ") + name;
  made.due = each.waits->due;
  return made;
}

/// Which of the waits a person wants to see first: lower counts more.
int concern_of(const top_wait& wait, std::chrono::system_clock::time_point now) {
  if (wait.reason == "at_work" || wait.reason == "attempt") return 2;
  return wait.due && *wait.due > now ? 1 : 0;
}

} // namespace

run_look look_at_run(const workflow::run_insight& of, std::uint64_t version) {
  run_look made;
  made.version = version;
  for (const auto& each : of.instances) {
    ++made.steps;
    made.steps_done += is_done(each.status);
    made.steps_failed += each.status == instance_status::failed;
    if (!each.waits) continue;
    ++made.counts[std::string{workflow::name_of(each.waits->why)}];
    if (each.waits->why != workflow::open_wait::cause::dependencies)
      made.waits.push_back(wait_of_instance(of, each));
  }
  std::ranges::stable_sort(made.waits, {}, &top_wait::since);
  if (made.waits.size() > run_look::most_waits) made.waits.resize(run_look::most_waits);
  return made;
}

attempt_index::attempt_index(const std::vector<top_node>& nodes) {
  const auto add = [&](const std::vector<workflow::node_snapshot::attempt>& all, bool waits) {
    for (const auto& each : all)
      if (!each.compensation) attempts_[{each.run, each.step, each.index}] = {&each, waits};
  };
  for (const top_node& node : nodes) {
    add(node.what.at_work, false);
    add(node.what.waiting, true);
  }
}

void attempt_index::refine(const std::string& run, top_wait& wait) const {
  if (wait.reason != "attempt") return;
  const auto there = attempts_.find({run, wait.step, wait.index});
  if (there == attempts_.end()) return;
  const auto& said = *there->second.attempt;
  wait.reason = there->second.waits ? said.what : "at_work";
  wait.detail = there->second.waits ? said.detail : said.what;
  wait.since = said.since;
}

std::vector<std::string> attempt_index::runs() const {
  std::set<std::string> made;
  for (const auto& [name, each] : attempts_)
    made.insert(std::get<0>(name));
  return {made.begin(), made.end()};
}

std::optional<top_wait> choose_wait(const run_look& of, const std::string& run,
                                    const attempt_index& known,
                                    std::chrono::system_clock::time_point now,
                                    std::chrono::nanoseconds alarm_after) {
  std::optional<top_wait> made;
  for (top_wait each : of.waits) {
    known.refine(run, each);
    const bool has_time = each.due && *each.due > now;
    each.alarm = !has_time && now - each.since > alarm_after;
    const auto rank = [&](const top_wait& wait) {
      return std::pair{concern_of(wait, now), wait.since};
    };
    if (!made || rank(each) < rank(*made)) made = std::move(each);
  }
  return made;
}

} // namespace troupe::cli
