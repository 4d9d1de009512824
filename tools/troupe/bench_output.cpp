#include "tools/troupe/bench_output.hpp"

#include "tools/troupe/bench_host.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"

#include <cmath>
#include <concepts>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

using nlohmann::ordered_json;

/// Four significant digits below ten thousand, whole numbers above: nothing here is measured more closely.
std::string short_number(double value) {
  if (std::abs(value) >= 1'000) return fmt::format("{:.0f}", value);
  return fmt::format("{:.4g}", value);
}

std::string goal_text(const bench_goal& goal) {
  return (goal.side == bench_goal::kind::at_most ? "<= " : ">= ") + short_number(goal.bound);
}

struct setting_shown {
  std::string operator()(bool value) const { return value ? "yes" : "no"; }
  std::string operator()(double value) const { return short_number(value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(std::integral auto value) const { return std::to_string(value); }
};

ordered_json settings_json(const figure& shown) {
  auto out = ordered_json::object();
  for (const auto& [name, value] : shown.settings)
    out[name] = std::visit([](const auto& v) { return ordered_json(v); }, value);
  if (shown.goal) out["goal"] = goal_text(*shown.goal);
  return out;
}

std::string settings_text(const figure& shown) {
  std::string out;
  for (const auto& [name, value] : shown.settings)
    out +=
        fmt::format("{}{} {}", out.empty() ? "" : ", ", name, std::visit(setting_shown{}, value));
  return out;
}

std::string goal_column(const figure& shown) {
  if (!shown.goal) return "";
  return goal_text(*shown.goal) + (shown.goal->met_by(shown.value) ? " met" : " MISSED");
}

} // namespace

std::string to_json_line(const figure& shown) {
  auto versions = ordered_json::object();
  for (const auto& [name, version] : bench_versions())
    versions[name] = version;
  const ordered_json out{{"bench", shown.bench},
                         {"name", shown.name},
                         {"value", shown.value},
                         {"unit", shown.unit},
                         {"min", shown.min},
                         {"max", shown.max},
                         {"repetitions", shown.repetitions},
                         {"settings", settings_json(shown)},
                         {"processor", processor_name()},
                         {"versions", versions},
                         {"commit", built_commit()}};
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

void bench_output::put(figure found) {
  if (json_) {
    closed_ = closed_ || !print_line(to_json_line(found)) || !std::cout.flush();
    return;
  }
  figures_.push_back(std::move(found));
}

bool bench_output::stopped() const {
  return closed_ || interrupt::requested();
}

bool bench_output::print_figures() const {
  table out{{"FIGURE", "MEDIAN", "MIN", "MAX", "UNIT", "N", "GOAL", "SETTINGS"}, {1, 2, 3, 5}};
  for (const auto& shown : figures_)
    out.add({shown.name, short_number(shown.value), short_number(shown.min),
             short_number(shown.max), shown.unit, std::to_string(shown.repetitions),
             goal_column(shown), settings_text(shown)});
  std::string versions;
  for (const auto& [name, version] : bench_versions())
    versions += fmt::format("{}{} {}", versions.empty() ? "" : ", ", name, version);
  return out.print() &&
         print_line(fmt::format("{}\n{}; commit {}", processor_name(), versions, built_commit()));
}

exit_code bench_output::finish(const result<void>& outcome) {
  if (!closed_ && !figures_.empty()) closed_ = !print_figures();
  if (!outcome) return report(outcome.error());
  if (interrupt::requested()) return report_interrupted("the figures of finished rounds were kept");
  return closed_ ? report_closed_output() : exit_code::ok;
}

} // namespace troupe::cli
