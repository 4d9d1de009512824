#include "actors/workflow/transitions.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace troupe::workflow {
namespace {

using enum instance_status;

constexpr instance_transition instance_table[] = {
    {blocked, "", undecided},
    {blocked, "", ready},
    {blocked, "", wanted},
    {undecided, "step_decided", ready},
    {undecided, "step_decided", wanted},
    {undecided, "step_decided", skipped},
    {ready, "", wanted},
    {ready, "step_timed_out", failed},
    {ready, "step_timed_out", completed},
    {wanted, "step_scheduled", running},
    {wanted, "child_started", running},
    {wanted, "step_waiting", waiting},
    {wanted, "step_waiting", completed},
    {running, "step_completed", completed},
    {running, "step_failed", backing_off},
    {running, "step_failed", failed},
    {running, "step_failed", completed},
    {running, "step_failed", running},
    {running, "step_speculated", running},
    {running, "step_preempted", wanted},
    {running, "step_preempted", running},
    {running, "step_lost", wanted},
    {running, "step_lost", running},
    {running, "step_lost", ready},
    {running, "run_recovered", wanted},
    {running, "run_recovered", ready},
    {running, "run_cancelling", ready},
    {backing_off, "step_retry_due", ready},
    {backing_off, "step_retry_due", wanted},
    {backing_off, "step_timed_out", failed},
    {backing_off, "step_timed_out", completed},
    {waiting, "timer_fired", completed},
    {waiting, "signal_received", completed},
    {waiting, "step_timed_out", completed},
    {waiting, "step_timed_out", failed},
};

constexpr run_transition run_table[] = {
    {v1::RUN_STATUS_UNSPECIFIED, "run_started", v1::RUN_STATUS_RUNNING},
    {v1::RUN_STATUS_RUNNING, "run_completed", v1::RUN_STATUS_COMPLETED},
    {v1::RUN_STATUS_RUNNING, "run_failed", v1::RUN_STATUS_FAILED},
    {v1::RUN_STATUS_RUNNING, "run_cancelled", v1::RUN_STATUS_CANCELLED},
    {v1::RUN_STATUS_RUNNING, "run_compensating", v1::RUN_STATUS_COMPENSATING},
    {v1::RUN_STATUS_COMPENSATING, "run_failed", v1::RUN_STATUS_FAILED},
    {v1::RUN_STATUS_COMPENSATING, "run_cancelled", v1::RUN_STATUS_CANCELLED},
};

std::string short_name(v1::RunStatus status) {
  if (status == v1::RUN_STATUS_UNSPECIFIED) return "[*]";
  std::string made = v1::RunStatus_Name(status).substr(std::string_view{"RUN_STATUS_"}.size());
  std::ranges::transform(made, made.begin(),
                         [](char c) { return static_cast<char>(c - 'A' + 'a'); });
  return made;
}

} // namespace

std::span<const instance_transition> instance_transitions() {
  return instance_table;
}

std::span<const run_transition> run_transitions() {
  return run_table;
}

std::string_view name_of(instance_status status) {
  constexpr std::array names{"blocked",     "undecided", "ready",     "wanted", "running",
                             "backing_off", "waiting",   "completed", "failed", "skipped"};
  return names.at(static_cast<std::size_t>(status));
}

std::string state_diagrams() {
  std::string made = "## An instance of a step\n\n```mermaid\nstateDiagram-v2\n  [*] --> blocked\n";
  for (const auto& [from, on, to] : instance_table)
    made += fmt::format("  {} --> {}: {}\n", name_of(from), name_of(to),
                        on.empty() ? "(elsewhere)" : on);
  for (const instance_status last : {completed, failed, skipped})
    made += fmt::format("  {} --> [*]\n", name_of(last));
  made += "```\n\n## A run\n\n```mermaid\nstateDiagram-v2\n";
  for (const auto& [from, on, to] : run_table)
    made += fmt::format("  {} --> {}: {}\n", short_name(from), short_name(to), on);
  for (const v1::RunStatus last :
       {v1::RUN_STATUS_COMPLETED, v1::RUN_STATUS_FAILED, v1::RUN_STATUS_CANCELLED})
    made += fmt::format("  {} --> [*]\n", short_name(last));
  return made + "```\n";
}

} // namespace troupe::workflow
