#pragma once

#include "actors/agents/process/guard/options.hpp"

#include <string>

namespace troupe::process_guard {

/// A control group for one command.
class cgroup {
public:
  /// Makes one below `folder` and sets what the controllers there can hold; there is none where that cannot be done.
  cgroup(const std::string& folder, const options& wanted);
  cgroup(const cgroup&) = delete;
  cgroup& operator=(const cgroup&) = delete;

  [[nodiscard]] bool exists() const { return !folder_.empty(); }
  [[nodiscard]] bool bounds_memory() const { return bounds_memory_; }
  [[nodiscard]] bool bounds_processes() const { return bounds_processes_; }
  /// Called by the process that is to be in it.
  [[nodiscard]] bool join() const;
  void kill() const;
  /// Whether the kernel ended something in it for want of memory.
  [[nodiscard]] bool out_of_memory() const;
  /// Whether the kernel refused somebody in it a process or thread.
  [[nodiscard]] bool refused_processes() const;
  /// 0 where it does not say.
  [[nodiscard]] std::uint64_t peak_memory() const;
  /// Once all in it have gone.
  void remove();

private:
  [[nodiscard]] bool write(const char* file, const std::string& text) const;
  [[nodiscard]] std::string read(const char* file) const;

  std::string folder_;
  bool bounds_memory_ = false, bounds_processes_ = false;
};

/// The group of this process for the number of processes, of version 1, where groups below one with processes are allowed;
/// empty where there is none.
[[nodiscard]] std::string own_pids_folder();

} // namespace troupe::process_guard
