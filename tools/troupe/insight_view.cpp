#include "tools/troupe/insight_view.hpp"

#include "tools/troupe/run_view.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using namespace std::chrono_literals;
using workflow::duration;
using workflow::open_wait;
using workflow::phase_kind;
using workflow::run_bound;
using workflow::run_insight;

/// Names on one line that a person still reads.
constexpr std::size_t most_path_names = 6;

double in_seconds(duration of) {
  return std::chrono::duration<double>(of).count();
}

std::string path_text(const run_insight& of) {
  std::string made;
  const auto& path = of.bound.path;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path.size() > most_path_names && i == most_path_names / 2) {
      made += fmt::format(" > ... {} more", path.size() - most_path_names);
      i = path.size() - most_path_names / 2;
    }
    made += (made.empty() ? "" : " > ") + instance_name(of, path[i]);
  }
  return made;
}

std::string bound_text(const run_insight& of) {
  if (of.bound.binds == run_bound::kind::work)
    return fmt::format("work over {}",
                       of.bound.resource == "places" ? "the engine's places" : of.bound.resource);
  return of.bound.path.empty() ? "nothing was at work" : "critical path " + path_text(of);
}

std::string gap_text(const run_insight& of) {
  std::string made;
  std::size_t shown = 0;
  for (const auto& part : of.gap) {
    if (part.gap < of.gap_total() / 100 || ++shown > 4) break; // nobody acts on what is less
    made +=
        fmt::format("{}{} {}", made.empty() ? ": " : ", ", span_text(part.gap), describe(part.why));
  }
  return made;
}

} // namespace

std::string instance_name(const run_insight& of, const workflow::instance_id& instance) {
  const auto step = of.workflow->step_index.find(instance.step);
  const bool fans_out =
      step == of.workflow->step_index.end() || of.workflow->steps[step->second].each.has_value();
  return fans_out ? fmt::format("{}[{}]", instance.step, instance.index) : instance.step;
}

std::string span_text(duration time) {
  if (time >= 1s || time == 0s) return duration_text(time);
  return fmt::format("{:.3g} ms", in_seconds(time) * 1'000);
}

std::vector<std::string> insight_lines(const run_insight& of) {
  if (!of.closed) return {};
  const duration gap = of.gap_total();
  const double percent = of.makespan == 0s ? 0 : 100 * in_seconds(gap) / in_seconds(of.makespan);
  return {fmt::format("Took {}, at least {}{} ({})", span_text(of.makespan),
                      of.measured ? "" : "about ", span_text(of.bound.value()), bound_text(of)),
          fmt::format("Gap {} ({:.0f} %){}", span_text(gap), percent, gap_text(of))};
}

nlohmann::ordered_json insight_json(const run_insight& of) {
  nlohmann::ordered_json bound{
      {"seconds", in_seconds(of.bound.value())},
      {"binds", of.bound.binds == run_bound::kind::work ? "work" : "critical_path"}};
  auto path = nlohmann::ordered_json::array();
  for (const auto& each : of.bound.path)
    path.push_back(instance_name(of, each));
  bound["critical_path"] = {{"seconds", in_seconds(of.bound.critical_path)},
                            {"steps", std::move(path)}};
  if (of.bound.work)
    bound["work"] = {{"seconds", in_seconds(*of.bound.work)}, {"resource", of.bound.resource}};
  auto parts = nlohmann::ordered_json::array();
  for (const auto& part : of.gap)
    parts.push_back({{"why", name_of(part.why)},
                     {"seconds", in_seconds(part.gap)},
                     {"on_chain_seconds", in_seconds(part.on_chain)}});
  auto chain = nlohmann::ordered_json::array();
  for (const auto& each : of.chain)
    chain.push_back(instance_name(of, each));
  return {{"seconds", in_seconds(of.makespan)},
          {"measured", of.measured},
          {"bound", std::move(bound)},
          {"gap", {{"seconds", in_seconds(of.gap_total())}, {"parts", std::move(parts)}}},
          {"chain", std::move(chain)}};
}

bool is_alarm(const run_insight& of, const open_wait& wait, duration oldest) {
  // What it waits for is pointed out itself.
  if (wait.why == open_wait::cause::dependencies) return false;
  const bool has_time = wait.due && *wait.due > of.started + of.makespan;
  return !has_time && of.makespan - wait.since > oldest;
}

std::string wait_text(const run_insight& of, const open_wait& wait) {
  std::string names;
  for (const std::string& each : wait.names)
    names += (names.empty() ? "" : ", ") + each;
  std::string made;
  switch (wait.why) {
  case open_wait::cause::dependencies:
    made = "waits for " + (names.empty() ? "the steps before it" : names);
    break;
  case open_wait::cause::parallelism:
    made = "waits for its step's parallelism";
    break;
  case open_wait::cause::attempt:
    made = "at work, or waiting for a place or for resources";
    break;
  case open_wait::cause::back_off:
    made = "waits for its next attempt";
    break;
  case open_wait::cause::timer:
    made = "waits for its time";
    break;
  case open_wait::cause::signal:
    made = "waits for signal " + names;
    break;
  case open_wait::cause::child:
    made = "waits for run " + names;
    break;
  }
  made += fmt::format(", since {}", span_text(of.makespan - wait.since));
  if (wait.due) made += ", until " + iso_time(*wait.due);
  return made;
}

} // namespace troupe::cli
