#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::scheduling {

/// What hwloc says of a machine.
struct machine {
  struct numa_node {
    std::uint32_t index = 0;
    /// Logical processors next to it.
    std::uint64_t processors = 0;
    std::uint64_t memory_bytes = 0;
  };
  struct gpu {
    /// As hwloc calls it: `cuda0`.
    std::string name;
    /// 0 where it does not say.
    std::uint64_t memory_bytes = 0;
  };

  /// Logical processors, also those that this process may not use.
  std::uint64_t processors = 0;
  /// Those that the process's threads are bound to; absent where that cannot be known.
  std::optional<std::uint64_t> bound_processors;
  std::uint64_t memory_bytes = 0;
  std::vector<numa_node> numa_nodes;
  /// Devices that compute, by the first interface that shows any (CUDA, ROCm, Level Zero, NVML, OpenCL); hwloc sees them
  /// where its plugins are installed (Debian: libhwloc-plugins).
  std::vector<gpu> gpus;
};

/// Asks hwloc; a machine that it cannot read has one processor and nothing else.
/// @param xml a topology as hwloc exports it, read instead of this machine; empty for this one.
[[nodiscard]] machine read_machine(const std::string& xml = {});

} // namespace troupe::scheduling
