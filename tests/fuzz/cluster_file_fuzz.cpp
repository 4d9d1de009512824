// A description of a cluster, and a plan on it.
#include "actors/scheduling/cluster_reader.hpp"
#include "actors/scheduling/policy.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cmath>

using namespace troupe;
using namespace troupe::scheduling;

namespace {

task_graph three_tasks() {
  return *task_graph::make({{"a", "p", 1, {}}, {"b", "q", 2, 64}, {"c", "r", 3, {}}},
                           {{0, 1, 1000}, {0, 2, 5}});
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto read = parse_cluster(fuzz::as_text(data, size), "c.json");
  if (!read) {
    fuzz::require(read.error().context.starts_with("c.json:"), "an error names the file");
    return 0;
  }
  fuzz::require(read->slot_count() > 0, "a cluster has slots");
  // Larger ones are valid, and slow to plan for.
  if (read->nodes().size() > 100 || read->slot_count() > 1000) return 0;
  const auto of = problem::make(three_tasks(), std::move(*read));
  if (!of) return fuzz::require(!of.error().context.empty(), "an error says why"), 0;
  for (const auto* policy : offline_policies()) {
    const double makespan = policy->plan(*of, {.seed = 1, .effort = 0.001}).makespan();
    fuzz::require(std::isfinite(makespan) && makespan > 0, "a plan ends");
  }
  return 0;
}
