#include "cluster/launch/internal/spawn.hpp"

#include "actors/agents/posix.hpp"
#include "cluster/launch/errc.hpp"
#include "cluster/pki/files.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::cluster {
namespace {

using agents::file_descriptor;

/// All that the child needs, made before the fork: between that and the program it may only call what signal handlers may.
struct child_plan {
  std::vector<char*> argv;
  const char* folder = nullptr;
  const char* mark = nullptr;
  const char* mark_part = nullptr;
  const char* boot = nullptr;
  int log = -1, nothing = -1, told = -1;
};

[[noreturn]] void end_child(const child_plan& plan) {
  const int why = errno;
  // What cannot be told is seen from the exit code.
  [[maybe_unused]] const auto written = ::write(plan.told, &why, sizeof why);
  ::_exit(127);
}

/// The 22nd field of what the system says of this process, as text; empty where it cannot be read.
const char* own_start(std::array<char, 1024>& buffer) {
  const int in = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  const auto size = in < 0 ? -1 : ::read(in, buffer.data(), buffer.size() - 1);
  if (size <= 0) return nullptr;
  ::close(in);
  buffer.at(static_cast<std::size_t>(size)) = '\0';
  char* at = std::strrchr(buffer.data(), ')');
  constexpr int blanks = 20; // from the name's end to the start
  for (int i = 0; at && i < blanks; ++i)
    at = std::strchr(at + 1, ' ');
  if (!at) return nullptr;
  if (char* end = std::strchr(at + 1, ' ')) *end = '\0';
  return at + 1;
}

void put_text(int out, const char* text) {
  [[maybe_unused]] const auto written = ::write(out, text, std::strlen(text));
}

/// Writes "PID START BOOT" beside its place, and names it.
bool put_mark(const child_plan& plan) {
  std::array<char, 1024> stat{};
  const char* start = own_start(stat);
  const int out =
      ::open(plan.mark_part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (!start || out < 0) return false;
  // The first field of the same text is the number.
  if (char* end = std::strchr(stat.data(), ' ')) *end = '\0';
  for (const char* each : {static_cast<const char*>(stat.data()), " ", start, " ", plan.boot, "\n"})
    put_text(out, each);
  return ::close(out) == 0 && ::rename(plan.mark_part, plan.mark) == 0;
}

[[noreturn]] void become(const child_plan& plan) {
  if (::setsid() < 0 || ::chdir(plan.folder) != 0) end_child(plan);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int each : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT})
    ::signal(each, SIG_DFL);
  if (::dup2(plan.nothing, STDIN_FILENO) < 0 || ::dup2(plan.log, STDOUT_FILENO) < 0 ||
      ::dup2(plan.log, STDERR_FILENO) < 0)
    end_child(plan);
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  if (!put_mark(plan)) end_child(plan);
  ::execv(plan.argv.front(), plan.argv.data());
  end_child(plan);
}

/// Waits until the child has become the program. @returns 0 or the errno that it met.
int await_program(int told) {
  int why = 0;
  for (;;) {
    const auto size = ::read(told, &why, sizeof why);
    if (size < 0 && errno == EINTR) continue;
    return size == sizeof why ? why : 0;
  }
}

tl::unexpected<error> no_start(const detached_program& wanted, const char* doing, int why) {
  return fail(launch_errc::provider_failed, std::string{"cannot start "} + wanted.command.front() +
                                                ": " + doing + ": " + std::strerror(why));
}

} // namespace

result<process_mark> spawn_detached(const detached_program& wanted) {
  const auto part = wanted.mark.string() + ".part";
  const auto boot = boot_id();
  std::error_code none;
  std::filesystem::remove(wanted.mark, none);
  const file_descriptor log{::open(
      wanted.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, private_mode)};
  if (!log) return no_start(wanted, wanted.log.c_str(), errno);
  const file_descriptor nothing{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  std::array<int, 2> ends{};
  if (!nothing || ::pipe2(ends.data(), O_CLOEXEC) != 0) return no_start(wanted, "pipe", errno);
  const file_descriptor hears{ends[0]};
  file_descriptor tells{ends[1]};
  child_plan plan{{},        wanted.folder.c_str(), wanted.mark.c_str(), part.c_str(), boot.c_str(),
                  log.get(), nothing.get(),         tells.get()};
  for (const auto& word : wanted.command)
    plan.argv.push_back(const_cast<char*>(word.c_str()));
  plan.argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return no_start(wanted, "fork", errno);
  if (child == 0) become(plan);
  tells = file_descriptor{};
  if (const int why = await_program(hears.get()); why != 0) {
    ::waitpid(child, nullptr, 0);
    std::filesystem::remove(wanted.mark, none);
    return no_start(wanted, "exec", why);
  }
  if (auto mark = read_mark(wanted.mark)) return *mark;
  return no_start(wanted, wanted.mark.c_str(), ENOENT);
}

result<std::filesystem::path> own_program() {
  std::error_code problem;
  auto found = std::filesystem::read_symlink("/proc/self/exe", problem);
  if (problem)
    return fail(launch_errc::provider_failed,
                "cannot tell where this program lies: " + problem.message() +
                    "; name it with 'provider: {binary: FILE}'");
  return found;
}

} // namespace troupe::cluster
