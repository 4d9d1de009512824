#pragma once

#include "actors/workflow/insight/insight.hpp"

#include <string>
#include <string_view>

/// The parts that the page of a run is put together from. All of them return HTML.
namespace troupe::agents {

/// `850 µs`, `12.3 ms`, `4.21 s`.
[[nodiscard]] std::string time_text(workflow::duration time);

/// `read[3]`; of a step without `for_each` its name alone. Not escaped.
[[nodiscard]] std::string instance_label(const workflow::run_insight& of,
                                         const workflow::instance_id& instance);

/// The CSS class of a phase's colour.
[[nodiscard]] std::string_view phase_class(workflow::phase_kind kind);

/// One row for each instance with its phases, and a line where the run could have ended.
[[nodiscard]] std::string phase_chart(const workflow::run_insight& of);

/// What the run took beyond its bound, by what it was spent on.
[[nodiscard]] std::string gap_table(const workflow::run_insight& of);

/// Each attempt with its waits, and why it failed.
[[nodiscard]] std::string attempt_table(const workflow::run_insight& of);

} // namespace troupe::agents
