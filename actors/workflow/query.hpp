#pragma once

#include "actors/workflow/engine.hpp"
#include "actors/workflow/machine.hpp"

#include <string_view>
#include <vector>

namespace troupe::workflow {

/// A sign of life of an attempt at work.
struct attempt_pulse {
  attempt_id attempt;
  time_point last{};
  /// What it said last about how far it has come; nullptr where it said nothing.
  message_ptr details;
};

/// Reads a value of a run at the moment between two events at which its machine is.
/// @param pulses of its attempts at work; nullptr where the run is not at work here.
/// @returns `bad_query` for a path that names nothing or does not fit its type; `no_value` where there is none yet, or none
///   any more.
[[nodiscard]] result<query_answer> query(const machine& run, std::string_view path,
                                         const std::vector<attempt_pulse>* pulses = nullptr);

} // namespace troupe::workflow
