#include "actors/agents/process/guard/tree.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <string>
#include <unistd.h>

namespace troupe::process_guard {
namespace {

/// The beginning of a small file of /proc; empty where the process has gone.
std::string slurp(const std::string& path) {
  std::string made;
  if (FILE* in = std::fopen(path.c_str(), "re")) {
    char part[4096];
    for (std::size_t got;
         (got = std::fread(part, 1, sizeof part, in)) > 0 && made.size() < 1U << 20U;)
      made.append(part, got);
    std::fclose(in);
  }
  return made;
}

/// Names in a folder of /proc that are numbers.
std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> made;
  DIR* opened = ::opendir(folder.c_str());
  if (!opened) return made;
  while (const dirent* each = ::readdir(opened))
    if (const long number = std::strtol(each->d_name, nullptr, 10); number > 0)
      made.push_back(static_cast<pid_t>(number));
  ::closedir(opened);
  return made;
}

std::string file_of(pid_t process, const char* name) {
  return "/proc/" + std::to_string(process) + "/" + name;
}

/// The fields of /proc/PID/stat after the name, which may hold anything: the first is the state.
std::string stat_of(pid_t process) {
  const std::string text = slurp(file_of(process, "stat"));
  const auto end = text.rfind(')');
  return end == std::string::npos || end + 2 > text.size() ? std::string{} : text.substr(end + 2);
}

pid_t parent_of(pid_t process) {
  int parent = 0;
  return std::sscanf(stat_of(process).c_str(), "%*c %d", &parent) == 1 ? parent : 0;
}

bool kernel_lists_children() {
  static const bool known =
      ::access(("/proc/self/task/" + std::to_string(::getpid()) + "/children").c_str(), R_OK) == 0;
  return known;
}

/// Adds what /proc/PID/stat says.
void add_times(pid_t process, usage& into) {
  unsigned long user = 0, system = 0;
  long waited_user = 0, waited_system = 0, threads = 0;
  if (std::sscanf(stat_of(process).c_str(),
                  "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld %*d %*d %ld", &user,
                  &system, &waited_user, &waited_system, &threads) != 5)
    return;
  static const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto all = user + system + static_cast<std::uint64_t>(waited_user + waited_system);
  into.cpu_microseconds += all * 1'000'000 / ticks;
  into.tasks += static_cast<std::uint32_t>(threads);
}

std::uint64_t memory_of(pid_t process) {
  unsigned long resident = 0, shared = 0;
  if (std::sscanf(slurp(file_of(process, "statm")).c_str(), "%*u %lu %lu", &resident, &shared) != 2)
    return 0;
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return resident > shared ? (resident - shared) * page : 0;
}

std::uint64_t kib_after(const std::string& text, const char* field) {
  const auto at = text.find(field);
  return at == std::string::npos
             ? 0
             : std::strtoull(text.c_str() + at + std::strlen(field), nullptr, 10);
}

} // namespace

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> made;
  if (!kernel_lists_children()) {
    for (const pid_t each : numbers_in("/proc"))
      if (parent_of(each) == parent) made.push_back(each);
    return made;
  }
  for (const pid_t thread : numbers_in(file_of(parent, "task"))) {
    const std::string text = slurp(file_of(parent, "task/") + std::to_string(thread) + "/children");
    char* at = const_cast<char*>(text.c_str());
    for (char* end = at; const long number = std::strtol(at, &end, 10); at = end)
      made.push_back(static_cast<pid_t>(number));
  }
  return made;
}

std::vector<pid_t> descendants_of(pid_t root) {
  std::vector<pid_t> made = children_of(root);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto more = children_of(made[i]);
    made.insert(made.end(), more.begin(), more.end());
  }
  return made;
}

usage usage_of(const std::vector<pid_t>& processes) {
  usage made;
  for (const pid_t each : processes) {
    ++made.processes;
    made.memory_bytes += memory_of(each);
    add_times(each, made);
  }
  return made;
}

std::uint64_t exact_memory_of(const std::vector<pid_t>& processes) {
  constexpr std::uint64_t kib = 1'024;
  std::uint64_t made = 0;
  for (const pid_t each : processes) {
    const std::string text = slurp(file_of(each, "smaps_rollup"));
    made += (kib_after(text, "Pss_Anon:") + kib_after(text, "Pss_Shmem:")) * kib;
  }
  return made;
}

std::uint64_t tasks_of_machine() {
  std::uint64_t made = 0;
  const std::string text = slurp("/proc/loadavg");
  return std::sscanf(text.c_str(), "%*f %*f %*f %*u/%" SCNu64, &made) == 1 ? made : 1U << 15U;
}

} // namespace troupe::process_guard
