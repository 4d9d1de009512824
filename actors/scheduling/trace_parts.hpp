#pragma once

#include "actors/scheduling/json_place.hpp"
#include "actors/scheduling/task_graph.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// The parts of a WfFormat document; for trace_reader.cpp only. Views are into the document.
namespace troupe::scheduling {

/// What an execution entry says of a task.
struct execution {
  double run_seconds = 0;
  std::optional<std::uint64_t> memory_bytes;
  std::string program;
  bool has_run_time = false;
};

using executions = std::unordered_map<std::string, execution>;
/// In bytes, by id.
using file_sizes = std::unordered_map<std::string, std::uint64_t>;

/// Counts what had to be guessed.
struct trace_warnings {
  std::size_t without_run_time = 0;
  std::size_t unknown_files = 0;
  /// One line per kind.
  [[nodiscard]] std::vector<std::string> texts(std::string_view file) const;
};

/// @param list workflow.execution.tasks. Entries of tasks that are not in the specification do no harm.
[[nodiscard]] result<executions> read_executions(const json_place& list);

/// @param list workflow.specification.files; may be missing.
[[nodiscard]] result<file_sizes> read_file_sizes(const json_place& list);

/// @param list workflow.specification.tasks.
[[nodiscard]] result<std::vector<task>>
read_tasks(const json_place& list, const executions& executed, trace_warnings& warnings);

/// @param tasks in the order of the list, with unique ids.
[[nodiscard]] result<std::vector<edge>> read_edges(const json_place& list,
                                                   const std::vector<task>& tasks,
                                                   const file_sizes& sizes,
                                                   trace_warnings& warnings);

} // namespace troupe::scheduling
