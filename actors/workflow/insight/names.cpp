#include "actors/workflow/insight/insight.hpp"

#include <array>

namespace troupe::workflow {
namespace {

struct names {
  std::string_view name, description;
};

constexpr std::array<names, phase_kinds> phase_names{{
    {"running", "at work"},
    {"resources", "waiting for resources"},
    {"places", "waiting for a place in the engine"},
    {"parallelism", "waiting for the step's parallelism"},
    {"back_off", "back-off between attempts"},
    {"failed_attempts", "failed attempts"},
    {"superseded_attempts", "attempts that a second one overtook"},
    {"preempted_attempts", "attempts that gave their place up"},
    {"lost_attempts", "attempts lost with their process"},
    {"abandoned_attempts", "abandoned attempts"},
    {"timers", "timers"},
    {"signals", "waiting for signals"},
    {"commit", "commits"},
    {"engine", "the engine"},
    {"compensation", "compensation"},
}};
constexpr std::array<std::string_view, 7> outcome_names{
    "open", "completed", "failed", "lost", "abandoned", "superseded", "preempted"};
constexpr std::array<std::string_view, 7> cause_names{
    "dependencies", "parallelism", "attempt", "back_off", "timer", "signal", "child"};

} // namespace

std::string_view name_of(phase_kind kind) {
  return phase_names[static_cast<std::size_t>(kind)].name;
}

std::string_view describe(phase_kind kind) {
  return phase_names[static_cast<std::size_t>(kind)].description;
}

std::string_view name_of(attempt_outcome outcome) {
  return outcome_names[static_cast<std::size_t>(outcome)];
}

std::string_view name_of(open_wait::cause cause) {
  return cause_names[static_cast<std::size_t>(cause)];
}

} // namespace troupe::workflow
