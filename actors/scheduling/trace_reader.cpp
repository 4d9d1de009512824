#include "actors/scheduling/trace_reader.hpp"

#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/errc.hpp"
#include "actors/scheduling/json_document.hpp"
#include "actors/scheduling/trace_parts.hpp"

#include <fmt/format.h>

namespace troupe::scheduling {
namespace {

/// Long parts that say nothing about costs.
constexpr std::array<std::string_view, 7> ignored{"arguments",     "machines", "author",   "envs",
                                                  "runtimeSystem", "avgCPU",   "coreCount"};

result<trace> read_trace(const json_place& root, std::string_view file) {
  const json_place workflow = root.member("workflow");
  if (auto is = workflow.object(); !is) return tl::unexpected(std::move(is.error()));
  auto executed = read_executions(workflow.member("execution").member("tasks"));
  if (!executed) return tl::unexpected(std::move(executed.error()));
  const json_place specification = workflow.member("specification");
  auto sizes = read_file_sizes(specification.member("files"));
  if (!sizes) return tl::unexpected(std::move(sizes.error()));
  trace_warnings warnings;
  auto tasks = read_tasks(specification.member("tasks"), *executed, warnings);
  if (!tasks) return tl::unexpected(std::move(tasks.error()));
  auto edges = read_edges(specification.member("tasks"), *tasks, *sizes, warnings);
  if (!edges) return tl::unexpected(std::move(edges.error()));
  auto graph = task_graph::make(std::move(*tasks), std::move(*edges));
  if (!graph) return fail(graph.error().code, fmt::format("{}: {}", file, graph.error().context));
  return trace{std::move(*graph), warnings.texts(file)};
}

} // namespace

result<trace> parse_trace(std::string_view text, std::string_view file) {
  const auto root = parse_json(text, file, scheduling_errc::bad_trace, ignored);
  if (!root) return tl::unexpected(root.error());
  return read_trace({*root, file, scheduling_errc::bad_trace}, file);
}

result<trace> load_trace(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) return tl::unexpected(text.error());
  return parse_trace(*text, file.string());
}

} // namespace troupe::scheduling
