#include "actors/scheduling/cluster.hpp"

#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/errc.hpp"

#include <fmt/format.h>
#include <unordered_set>

namespace troupe::scheduling {
namespace {

bool in_bounds(double factor) {
  return factor >= defaults::least_factor && factor <= defaults::most_factor;
}

/// What is wrong with one node; empty where nothing is.
std::string mistake_of(const cluster_node& node) {
  const auto speed = [](const char* kind, double value) {
    return fmt::format("the speed of its {} slots is {}; it must be a number from {:g} to {:g}",
                       kind, value, defaults::least_factor, defaults::most_factor);
  };
  if (node.cpu_slots > 0 && !in_bounds(node.cpu_speed)) return speed("CPU", node.cpu_speed);
  if (node.gpu_slots > 0 && !in_bounds(node.gpu_speed)) return speed("GPU", node.gpu_speed);
  if (!in_bounds(node.bandwidth_bytes_per_second))
    return fmt::format("its bandwidth is {} bytes/s; it must be a number from {:g} to {:g}",
                       node.bandwidth_bytes_per_second, defaults::least_factor,
                       defaults::most_factor);
  if (node.memory_bytes > defaults::most_bytes)
    return fmt::format("its memory is {} bytes; at most {} are possible", node.memory_bytes,
                       defaults::most_bytes);
  return {};
}

/// Not below 0, and so no NaN either.
bool is_share(double value) {
  return value >= 0 && value <= 1;
}

std::string mistake_of(const acceleration_model& model) {
  if (!is_share(model.probability))
    return fmt::format("the probability of an acceleration is {}; it must be from 0 to 1",
                       model.probability);
  if (!in_bounds(model.min) || !in_bounds(model.max) || model.min > model.max)
    return fmt::format("accelerations range from {} to {}; give two numbers above 0, the smaller "
                       "one first",
                       model.min, model.max);
  return {};
}

result<void> check_nodes(const std::vector<cluster_node>& nodes) {
  std::unordered_set<std::string_view> names;
  std::size_t slots = 0;
  for (const cluster_node& node : nodes) {
    if (!names.insert(node.name).second)
      return fail(scheduling_errc::bad_cluster,
                  fmt::format("two nodes are named '{}'; give each its own name", node.name));
    if (const std::string mistake = mistake_of(node); !mistake.empty())
      return fail(scheduling_errc::bad_cluster, fmt::format("node '{}': {}", node.name, mistake));
    slots += std::size_t{node.cpu_slots} + node.gpu_slots;
  }
  if (slots == 0)
    return fail(scheduling_errc::bad_cluster,
                "no node has a slot; give at least one cpu_slots or gpu_slots above 0");
  if (slots > defaults::most_slots)
    return fail(
        scheduling_errc::too_large,
        fmt::format("the cluster has {} slots, at most {} are taken", slots, defaults::most_slots));
  return {};
}

} // namespace

const char* to_string(slot_kind kind) noexcept {
  return kind == slot_kind::cpu ? "cpu" : "gpu";
}

result<cluster> cluster::make(cluster_description description) {
  if (description.nodes.size() > defaults::most_nodes)
    return fail(scheduling_errc::too_large,
                fmt::format("the cluster has {} nodes, at most {} are taken",
                            description.nodes.size(), defaults::most_nodes));
  if (const std::string mistake = mistake_of(description.acceleration); !mistake.empty())
    return fail(scheduling_errc::bad_cluster, mistake);
  if (description.default_memory_bytes > defaults::most_bytes)
    return fail(scheduling_errc::bad_cluster,
                fmt::format("default_memory_bytes is {}; at most {} are possible",
                            description.default_memory_bytes, defaults::most_bytes));
  if (auto checked = check_nodes(description.nodes); !checked)
    return tl::unexpected(std::move(checked.error()));
  return cluster{std::move(description)};
}

cluster::cluster(cluster_description description) : description_{std::move(description)} {
  std::uint32_t slot = 0;
  const auto add = [&](std::uint32_t node, slot_kind kind, std::uint32_t count, double speed) {
    if (count == 0) return;
    slot_pools_.insert(slot_pools_.end(), count, static_cast<std::uint32_t>(pools_.size()));
    pools_.push_back({node, kind, slot, count, speed});
    slot += count;
  };
  for (std::uint32_t i = 0; i < nodes().size(); ++i) {
    add(i, slot_kind::cpu, nodes()[i].cpu_slots, nodes()[i].cpu_speed);
    add(i, slot_kind::gpu, nodes()[i].gpu_slots, nodes()[i].gpu_speed);
  }
}

} // namespace troupe::scheduling
