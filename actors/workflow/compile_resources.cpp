#include "actors/scheduling/resources/resource_text.hpp"
#include "actors/workflow/compiler.hpp"
#include "actors/workflow/durations.hpp"

#include <algorithm>
#include <fmt/format.h>

// What attempts of a step hold of their node.
namespace troupe::workflow {

/// Whether there is a node that has as much is asked when a run is submitted: a definition is not bound to one.
void compiler::check_resources(const v1::StepDefinition& from, step& made) {
  if (!from.has_resources()) return;
  const std::string path = "steps." + from.id() + ".resources";
  if (made.kind != step_kind::agent)
    return report(
        path,
        "only the attempts of agents hold resources, not steps that wait or are runs of their own; "
        "leave the resources out",
        true);
  const v1::ResourceVector& given = from.resources();
  std::vector<scheduling::resource_amount> amounts{{"cpu", given.milli_cpu()},
                                                   {"gpu", given.gpu()},
                                                   {"memory", given.memory_bytes()},
                                                   {"gpu_memory", given.gpu_memory_bytes()}};
  for (const v1::NamedAmount& each : given.custom()) {
    if (std::ranges::find(amounts, each.name(), &scheduling::resource_amount::name) !=
        amounts.end())
      return report(path, fmt::format("{} is there twice; keep one", each.name().substr(0, 80)));
    amounts.push_back({each.name(), each.amount()});
  }
  auto demand = scheduling::make_resources(amounts);
  if (!demand) return report(path, demand.error());
  made.demand = std::move(*demand);
}

/// What its author expects of it, for schedulers.
void compiler::check_cost(const v1::StepDefinition& from, step& made) {
  if (!from.has_cost()) return;
  const std::string path = "steps." + from.id() + ".cost";
  if (made.kind != step_kind::agent && made.kind != step_kind::child)
    return report(path, "a step that waits costs nothing; leave the cost out", true);
  made.cost = from_proto(from.cost());
  if (made.cost <= duration{0} || made.cost > longest_duration)
    report(path, "the cost is malformed or out of range; give a time above 0 and up to ten years");
}

} // namespace troupe::workflow
