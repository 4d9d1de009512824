#include "actors/agents/process/guard/cgroup.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::process_guard {

namespace {

std::string contents(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::string made(4'096, '\0');
  const ssize_t got = ::read(fd, made.data(), made.size());
  ::close(fd);
  made.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return made;
}

/// Whether a line of events says that there was one.
bool counted(const std::string& events, std::string_view what) {
  const auto at = events.find(what);
  return at != std::string::npos &&
         std::strtoull(events.c_str() + at + what.size(), nullptr, 10) > 0;
}

} // namespace

std::string own_pids_folder() {
  constexpr std::string_view line = ":pids:";
  const std::string groups = contents("/proc/self/cgroup");
  const auto at = groups.find(line);
  if (at == std::string::npos) return {};
  const auto begin = at + line.size();
  return "/sys/fs/cgroup/pids" + groups.substr(begin, groups.find('\n', begin) - begin);
}

cgroup::cgroup(const std::string& folder, const options& wanted) {
  if (folder.empty()) return;
  const std::string made = folder + "/troupe-" + std::to_string(::getpid());
  // A left-over of a guard of this number that was killed is as good as a new one.
  if (::mkdir(made.c_str(), 0700) != 0 && errno != EEXIST) return;
  folder_ = made;
  if (wanted.memory_bytes > 0 && write("memory.max", std::to_string(wanted.memory_bytes))) {
    bounds_memory_ = true;
    (void)write("memory.swap.max", "0");
    (void)write("memory.oom.group", "1");
  }
  if (wanted.processes > 0) bounds_processes_ = write("pids.max", std::to_string(wanted.processes));
}

bool cgroup::join() const {
  return folder_.empty() || write("cgroup.procs", "0");
}

void cgroup::kill() const {
  if (!folder_.empty()) (void)write("cgroup.kill", "1");
}

bool cgroup::out_of_memory() const {
  return counted(read("memory.events"), "oom_kill ");
}

bool cgroup::refused_processes() const {
  return bounds_processes_ && counted(read("pids.events"), "max ");
}

std::uint64_t cgroup::peak_memory() const {
  return std::strtoull(read("memory.peak").c_str(), nullptr, 10);
}

void cgroup::remove() {
  constexpr int most_tries = 200;
  constexpr useconds_t pause = 1'000;
  for (int i = 0; !folder_.empty() && i < most_tries && ::rmdir(folder_.c_str()) != 0; ++i) {
    if (errno != EBUSY) break;
    ::usleep(pause);
  }
  folder_.clear();
}

bool cgroup::write(const char* file, const std::string& text) const {
  const int fd = ::open((folder_ + "/" + file).c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return done;
}

std::string cgroup::read(const char* file) const {
  return folder_.empty() ? std::string{} : contents(folder_ + "/" + file);
}

} // namespace troupe::process_guard
