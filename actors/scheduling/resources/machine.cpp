#include "actors/scheduling/resources/machine.hpp"

#include "actors/scheduling/resources/resource_vector.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <hwloc.h>
#include <memory>
#include <string_view>
#include <thread>

namespace troupe::scheduling {
namespace {

struct destroy_topology {
  void operator()(hwloc_topology* made) const { hwloc_topology_destroy(made); }
};
using topology = std::unique_ptr<hwloc_topology, destroy_topology>;

struct free_bitmap {
  void operator()(hwloc_bitmap_s* made) const { hwloc_bitmap_free(made); }
};
using bitmap = std::unique_ptr<hwloc_bitmap_s, free_bitmap>;

/// An interface to devices, and where its objects say how much memory they have, in KiB.
struct device_interface {
  std::string_view subtype;
  const char* memory_info;
};
constexpr std::array interfaces{
    device_interface{"CUDA", "CUDAGlobalMemorySize"}, device_interface{"RSMI", "RSMIVRAMSize"},
    device_interface{"LevelZero", "LevelZeroHBMSize"}, device_interface{"NVML", "NVMLMemorySize"},
    device_interface{"OpenCL", "OpenCLGlobalMemorySize"}};

topology load(const std::string& xml) {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return nullptr;
  topology made{raw};
  if (!xml.empty() &&
      hwloc_topology_set_xmlbuffer(raw, xml.c_str(), static_cast<int>(xml.size() + 1)) != 0)
    return nullptr;
  hwloc_topology_set_flags(raw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  hwloc_topology_set_io_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
  return hwloc_topology_load(raw) == 0 ? std::move(made) : nullptr;
}

std::uint64_t weight_of(hwloc_const_bitmap_t of) {
  return static_cast<std::uint64_t>(std::max(hwloc_bitmap_weight(of), 0));
}

std::optional<std::uint64_t> bound_processors(hwloc_topology_t of) {
  const bitmap bound{hwloc_bitmap_alloc()};
  if (!bound || hwloc_get_cpubind(of, bound.get(), HWLOC_CPUBIND_PROCESS) != 0) return std::nullopt;
  const auto count = weight_of(bound.get());
  return count > 0 ? std::optional{count} : std::nullopt;
}

std::vector<machine::numa_node> numa_nodes(hwloc_topology_t of) {
  std::vector<machine::numa_node> made;
  for (hwloc_obj_t at = nullptr; (at = hwloc_get_next_obj_by_type(of, HWLOC_OBJ_NUMANODE, at));)
    made.push_back({at->os_index, weight_of(at->cpuset), at->attr->numanode.local_memory});
  return made;
}

std::uint64_t device_memory(hwloc_obj_t device, const char* info) {
  const char* text = hwloc_obj_get_info_by_name(device, info);
  std::uint64_t kib = 0;
  if (text) std::from_chars(text, text + std::string_view{text}.size(), kib);
  return kib <= most_resource_amount / 1'024 ? kib * 1'024 : 0;
}

std::vector<machine::gpu> gpus(hwloc_topology_t of) {
  for (const device_interface& each : interfaces) {
    std::vector<machine::gpu> made;
    for (hwloc_obj_t at = nullptr; (at = hwloc_get_next_osdev(of, at));)
      if (at->subtype && at->subtype == each.subtype)
        made.push_back({at->name ? at->name : "", device_memory(at, each.memory_info)});
    if (!made.empty()) return made;
  }
  return {};
}

} // namespace

machine read_machine(const std::string& xml) {
  machine made;
  const topology read = load(xml);
  if (!read) {
    made.processors = std::max(std::thread::hardware_concurrency(), 1U);
    return made;
  }
  const hwloc_obj_t root = hwloc_get_root_obj(read.get());
  made.processors = std::max<std::uint64_t>(1, weight_of(root->complete_cpuset));
  if (xml.empty()) made.bound_processors = bound_processors(read.get());
  made.memory_bytes = root->total_memory;
  made.numa_nodes = numa_nodes(read.get());
  made.gpus = gpus(read.get());
  return made;
}

} // namespace troupe::scheduling
