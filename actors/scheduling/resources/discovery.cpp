#include "actors/scheduling/resources/discovery.hpp"

#include <algorithm>
#include <utility>

namespace troupe::scheduling {
namespace {

node_resource least_of(std::string name, std::vector<resource_bound> bounds) {
  node_resource made{std::move(name), 0, "nothing found", std::move(bounds)};
  const auto least = std::ranges::min_element(made.bounds, {}, &resource_bound::amount);
  if (least == made.bounds.end()) return made;
  made.amount = std::min(least->amount, most_resource_amount);
  made.from = least->from;
  return made;
}

node_resource cpu_of(const machine& found, const cgroup_limits& limits) {
  constexpr std::uint64_t whole = 1'000;
  std::vector<resource_bound> bounds{{"machine", found.processors * whole}};
  if (found.bound_processors) bounds.push_back({"affinity", *found.bound_processors * whole});
  if (limits.processors)
    bounds.push_back({limits.processors->file, limits.processors->amount * whole});
  if (limits.milli_cpu) bounds.push_back({limits.milli_cpu->file, limits.milli_cpu->amount});
  return least_of("cpu", std::move(bounds));
}

node_resource memory_of(const machine& found, const cgroup_limits& limits) {
  std::vector<resource_bound> bounds;
  if (found.memory_bytes > 0) bounds.push_back({"machine", found.memory_bytes});
  if (limits.memory_bytes)
    bounds.push_back({limits.memory_bytes->file, limits.memory_bytes->amount});
  return least_of("memory", std::move(bounds));
}

std::uint64_t memory_of(const std::vector<machine::gpu>& gpus) {
  std::uint64_t made = 0;
  for (const machine::gpu& each : gpus)
    made += std::min(each.memory_bytes, most_resource_amount - made);
  return made;
}

/// What the operator says replaces what was found.
void give(std::vector<node_resource>& entries, const resource_amount& given) {
  auto place = std::ranges::find(entries, given.name, &node_resource::name);
  if (place == entries.end()) place = entries.insert(place, {given.name, 0, "", {}});
  place->amount = given.amount;
  place->from = "given";
}

} // namespace

node_resources combine(const machine& found, const cgroup_limits& limits,
                       const std::vector<resource_amount>& given) {
  node_resources made;
  made.numa_nodes = found.numa_nodes;
  made.gpus = found.gpus;
  made.entries = {cpu_of(found, limits), least_of("gpu", {{"hwloc", found.gpus.size()}}),
                  memory_of(found, limits),
                  least_of("gpu_memory", {{"hwloc", memory_of(found.gpus)}})};
  for (const resource_amount& each : given)
    give(made.entries, each);
  std::sort(made.entries.begin() + 4, made.entries.end(),
            [](const node_resource& a, const node_resource& b) { return a.name < b.name; });
  for (const node_resource& each : made.entries)
    set_amount(made.capacity, each.name, each.amount);
  return made;
}

node_resources discover_resources(const std::vector<resource_amount>& given) {
  return combine(read_machine(), read_cgroup_limits(), given);
}

} // namespace troupe::scheduling
