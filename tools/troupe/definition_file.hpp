#pragma once

#include "actors/workflow/definition.hpp"
#include "tools/troupe/exit_code.hpp"

#include <string>
#include <tl/expected.hpp>

namespace troupe::cli {

/// Why no run was started, and what the process says of it.
struct no_run {
  error why;
  exit_code code = exit_code::failed;
};

/// The text of a file, or of standard input for `-`.
[[nodiscard]] result<std::string> read_text_file(const std::string& file);

/// Reads a definition from a file; `-` for standard input.
/// @returns usage errors, with every mistake.
[[nodiscard]] tl::expected<workflow::definition_ptr, no_run>
load_definition_file(const std::string& file, const agent_types& agents);

} // namespace troupe::cli
