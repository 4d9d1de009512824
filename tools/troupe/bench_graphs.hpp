#pragma once

#include "actors/workflow/definition.hpp"
#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::cli {

/// For each step those that it needs, by position; all before it.
using step_graph = std::vector<std::vector<std::size_t>>;

[[nodiscard]] step_graph chain_graph(std::size_t steps);
/// One step, `width` steps that need it, and one that needs these.
[[nodiscard]] step_graph fan_graph(std::size_t width);
/// A hundred steps, each of which needs one to three of the twenty before it; always the same.
[[nodiscard]] result<step_graph> random_graph();
/// A JSON list of lists of numbers. @returns `cli_errc::bad_input`.
[[nodiscard]] result<step_graph> read_graph(const std::filesystem::path& file);

/// The workflow whose steps call `agent` with nothing.
[[nodiscard]] result<workflow::definition_ptr>
graph_definition(const step_graph& graph, const std::string& agent, const agent_types& agents);

} // namespace troupe::cli
