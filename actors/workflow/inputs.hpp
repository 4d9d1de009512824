#pragma once

#include "actors/workflow/event.hpp"

#include <span>
#include <string>

namespace troupe::workflow {

/// Inputs from texts `NAME=VALUE`, typed by the definition's declarations; defaults are filled in.
/// @returns `bad_input` with every mistake, one per line: no '=', unknown or repeated name, a value
///   that is not of the declared type, a required input that is missing.
[[nodiscard]] result<input_values> parse_inputs(const definition& workflow,
                                                std::span<const std::string> assignments);

/// Checks typed inputs against the declarations and fills in defaults. Integers become numbers
/// where those are declared.
/// @returns `bad_input` with every mistake, one per line.
[[nodiscard]] result<input_values> complete_inputs(const definition& workflow,
                                                   const input_values& given);

} // namespace troupe::workflow
