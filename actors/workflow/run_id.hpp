#pragma once

#include "actors/workflow/definition.hpp"

#include <string>
#include <string_view>

namespace troupe::workflow {

/// A new id that sorts by time and can be read: `20261123-194512-417-k3f9w2md` (UTC, milliseconds, eight
/// random letters).
[[nodiscard]] std::string make_run_id(time_point now);

/// 1 to 128 of letters, digits, '.', '_', '-', not beginning with '.' or '-': usable as a file name
/// and an argument.
[[nodiscard]] bool is_run_id(std::string_view id);

/// The id of the run that attempt `attempt` of an instance starts: always the same, so that it is never started twice.
/// `PARENT..STEP.INDEX`, with `.ATTEMPT` from the second on; where that is too long, a part of it and a sum over all of it.
[[nodiscard]] std::string child_run_id(const std::string& parent, const std::string& step,
                                       std::uint32_t index, std::uint32_t attempt);
/// Whether it is the id of a run that a step has started: nobody else may give such a one.
[[nodiscard]] bool is_child_run_id(std::string_view id);
/// The id of the run that started this one, as far as its own tells; empty where it does not.
[[nodiscard]] std::string parent_run_id(std::string_view id);

} // namespace troupe::workflow
