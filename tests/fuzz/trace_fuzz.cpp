// A workflow trace in WfFormat, as `troupe simulate --trace` reads it.
#include "actors/scheduling/trace_reader.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cmath>

using namespace troupe;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = scheduling::parse_trace(fuzz::as_text(data, size), "t.json");
  if (!read) {
    fuzz::require(read.error().context.starts_with("t.json:"), "an error names the file");
    return 0;
  }
  const auto& graph = read->graph;
  fuzz::require(graph.size() > 0 && graph.order().size() == graph.size(), "every task has a place");
  std::vector<bool> seen(graph.size());
  for (const auto task : graph.order()) {
    for (const auto& before : graph.predecessors(task))
      fuzz::require(seen[before.task], "tasks come after their predecessors");
    seen[task] = true;
    fuzz::require(std::isfinite(graph.tasks()[task].run_seconds) &&
                      graph.tasks()[task].run_seconds > 0,
                  "run times are finite and above 0");
  }
  return 0;
}
