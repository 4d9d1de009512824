#pragma once

#include "actors/scheduling/online/simulator.hpp"

#include <string>
#include <vector>

namespace troupe::scheduling::test {

/// Checks the events of a simulation against every rule but the policy's choice, from the events alone: each workflow arrives
/// once and in time; a task is assigned once, after its producers ended, to a slot where it may run; a queue is first in,
/// first out; a task starts when its inputs are there and not later than slot, inputs and memory allow; it runs for its true
/// time; no slot has two tasks and no node more memory in use than it has; everything ends.
/// @returns what is wrong, or an empty text.
[[nodiscard]] std::string check_events(const cluster& on,
                                       const std::vector<simulated_workflow>& stream,
                                       const std::vector<online_event>& events);

} // namespace troupe::scheduling::test
