#pragma once

#include "actors/scheduling/task_graph.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::scheduling {

/// A workflow as it once ran.
struct trace {
  task_graph graph;
  /// What was guessed because the trace does not say it, a line each; not an error.
  std::vector<std::string> warnings;
};

/// Reads a trace in WfFormat 1.5. Edges are the union of `children` and `parents`; their bytes are the sizes of the files that
/// are an output of the one and an input of the other. Tasks are numbered in the order of `specification.tasks`.
/// @param file how errors name the text.
/// @returns `bad_trace` or `too_large` naming file, place or task, and remedy.
/// Source: https://github.com/wfcommons/WfFormat, version 1.5.
[[nodiscard]] result<trace> parse_trace(std::string_view text, std::string_view file);

/// The same from a file; also `unreadable_file`.
[[nodiscard]] result<trace> load_trace(const std::filesystem::path& file);

} // namespace troupe::scheduling
