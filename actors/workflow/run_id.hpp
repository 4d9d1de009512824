#pragma once

#include "actors/workflow/definition.hpp"

#include <string>
#include <string_view>

namespace troupe::workflow {

/// A new id that sorts by time and can be read: `20261123-194512-417-k3f9` (UTC, milliseconds, four
/// random letters).
[[nodiscard]] std::string make_run_id(time_point now);

/// 1 to 128 of letters, digits, '.', '_', '-', not beginning with '.' or '-': usable as a file name
/// and an argument.
[[nodiscard]] bool is_run_id(std::string_view id);

} // namespace troupe::workflow
