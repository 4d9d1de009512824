#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace troupe::scheduling {

/// A limit and the file that says so.
struct cgroup_limit {
  std::uint64_t amount = 0;
  std::string file;
};

/// What control groups leave to this process: of each kind the tightest, from its own group up to the top of the mount.
/// Absent: no limit, or none that can be seen from here.
struct cgroup_limits {
  /// Thousandths of a core (v2 `cpu.max`, v1 `cpu.cfs_quota_us`).
  std::optional<cgroup_limit> milli_cpu;
  /// v2 `memory.max`, v1 `memory.limit_in_bytes`.
  std::optional<cgroup_limit> memory_bytes;
  /// Logical processors (v2 `cpuset.cpus.effective`, v1 `cpuset.cpus`).
  std::optional<cgroup_limit> processors;
};

/// Reads the groups of both versions, which one system may have side by side. What is missing or malformed is no limit.
/// @param root under which `proc` and the mounts are looked for: "/" but in tests.
[[nodiscard]] cgroup_limits read_cgroup_limits(const std::filesystem::path& root = "/");

} // namespace troupe::scheduling
