// Starts one command, watches it, and ends it with all that it started: when it is over, when a limit is, when it is told
// to, and when whoever started this has gone. A program of its own, because a process must outlive the runtime to clean up
// after it, and because what has to be done between fork and exec is safe only where there is one thread.
#include "actors/agents/process/guard/cgroup.hpp"
#include "actors/agents/process/guard/options.hpp"
#include "actors/agents/process/guard/tree.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sched.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace troupe::process_guard {
namespace {

constexpr int tick_milliseconds = 10;
/// How long processes may take to go after SIGKILL: they do at once unless a device holds them.
constexpr int most_kill_rounds = 5'000;
constexpr useconds_t kill_pause = 1'000;

/// A line `WORD NUMBER` for whoever started this; lost where they have gone.
void report(const char* word, std::uint64_t number) {
  char line[96];
  const int length =
      std::snprintf(line, sizeof line, "%s %llu\n", word, static_cast<unsigned long long>(number));
  (void)!::write(report_fd, line, static_cast<std::size_t>(length));
}

std::optional<options> parse(int argc, char** argv) {
  options made;
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    if (text == "--") {
      made.argv = argv + i + 1;
      break;
    }
    const auto split = text.find('=');
    if (split == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(0, split);
    const char* value = argv[i] + split + 1;
    if (name == "memory") made.memory_bytes = std::strtoull(value, nullptr, 10);
    if (name == "cpu") made.cpu_microseconds = std::strtoull(value, nullptr, 10);
    if (name == "processes")
      made.processes = static_cast<std::uint32_t>(std::strtoul(value, nullptr, 10));
    if (name == "folder") made.folder = value;
    if (name == "cgroup") made.cgroup = value;
    if (name == "program") made.program = value;
  }
  if (!made.argv || !made.argv[0] || made.program.empty()) return std::nullopt;
  return made;
}

void limit(__rlimit_resource which, std::uint64_t soft, std::uint64_t hard) {
  rlimit now{};
  if (::getrlimit(which, &now) != 0) return;
  // Never more than there was.
  if (now.rlim_max != RLIM_INFINITY && hard > now.rlim_max) hard = now.rlim_max;
  if (soft > hard) soft = hard;
  const rlimit wanted{soft, hard};
  (void)::setrlimit(which, &wanted);
}

/// What holds even between two looks of the guard.
void set_limits(const options& wanted, const cgroup& group) {
  limit(RLIMIT_CORE, 0, 0); // a core file would show secrets
  if (wanted.memory_bytes > 0 && !group.bounds_memory()) {
    // The guard comes first where memory is used; this stops a single process between two looks.
    constexpr std::uint64_t headroom = 16U << 20U;
    const std::uint64_t most = wanted.memory_bytes + wanted.memory_bytes / 8 + headroom;
    limit(RLIMIT_DATA, most, most);
  }
  if (wanted.cpu_microseconds > 0) {
    const std::uint64_t seconds = wanted.cpu_microseconds / 1'000'000 + 1;
    limit(RLIMIT_CPU, seconds, seconds + 1);
  }
  // Counts all tasks of the user, hence those of the machine are added; does not bind root.
  if (wanted.processes > 0) {
    const std::uint64_t most = tasks_of_machine() + wanted.processes;
    limit(RLIMIT_NPROC, most, most);
  }
}

/// The command's side of the fork. Does not return.
[[noreturn]] void become(const options& wanted, const cgroup& group, const cgroup& pids,
                         pid_t guard, int failed_fd) {
  const auto give_up = [&](int error, char stage) {
    const int what[2] = {error, stage};
    (void)!::write(failed_fd, what, sizeof what);
    ::_exit(127);
  };
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != guard) ::_exit(127);
  // Nothing that it starts can become another user, whom this one could not end.
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  set_limits(wanted, group);
  if (!group.join() || !pids.join()) give_up(errno, 'g');
  if (!wanted.folder.empty() && ::chdir(wanted.folder.c_str()) != 0) give_up(errno, 'f');
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::execve(wanted.program.c_str(), wanted.argv, environ);
  give_up(errno, 'e');
  ::_exit(127);
}

/// The command and what it started.
class watched {
public:
  watched(const options& wanted, cgroup& group, const cgroup& pids)
      : wanted_(wanted), group_(group), pids_(pids) {}

  /// @returns false, and reports it, where it cannot be started.
  [[nodiscard]] bool start() {
    int failed[2];
    if (::pipe2(failed, O_CLOEXEC) != 0)
      return report("cannot_fork", static_cast<std::uint64_t>(errno)), false;
    const pid_t guard = ::getpid();
    const int niceness = ::getpriority(PRIO_PROCESS, 0);
    main_ = ::fork();
    if (main_ < 0) return report("cannot_fork", static_cast<std::uint64_t>(errno)), false;
    if (main_ == 0) ::setpriority(PRIO_PROCESS, 0, niceness);
    if (main_ == 0) become(wanted_, group_, pids_, guard, failed[1]);
    ::close(failed[1]);
    int what[2] = {0, 0};
    const bool bad = ::read(failed[0], what, sizeof what) == sizeof what;
    ::close(failed[0]);
    if (!bad) return report("started", static_cast<std::uint64_t>(main_)), true;
    report(what[1] == 'f'   ? "bad_folder"
           : what[1] == 'g' ? "cannot_join"
                            : "cannot_exec",
           static_cast<std::uint64_t>(what[0]));
    return false;
  }

  /// Until it is over, or something ends it.
  void watch(int signals) {
    pollfd ready[2] = {{control_fd, POLLIN, 0}, {signals, POLLIN, 0}};
    for (;;) {
      (void)::poll(ready, 2, tick_milliseconds);
      if (ready[0].revents != 0 && !take_word()) return; // nobody is there any more
      signalfd_siginfo got{};
      while (::read(signals, &got, sizeof got) == sizeof got)
        if (got.ssi_signo != SIGCHLD) return;
      reap_orphans();
      if (is_over()) return;
      if (const char* broken = broken_limit()) return report(broken, 0);
    }
  }

  /// Ends all that is left, and reports what became of the command.
  void end() {
    std::uint64_t left = 0;
    for (int round = 0; round < most_kill_rounds; ++round) {
      // While it is not reaped its number cannot be that of a stranger's group.
      if (main_ > 0) ::kill(-main_, SIGKILL);
      group_.kill();
      const auto children = children_of(::getpid());
      for (const pid_t each : children)
        ::kill(each, SIGKILL);
      if (!reap()) break;
      left = children.size();
      ::usleep(kill_pause);
    }
    if (left > 0 && reap()) report("not_killed", left);
    if (main_ > 0) status_ = SIGKILL; // it is on its way
    report_end();
  }

private:
  /// @returns whether there was one; else the command is to be ended.
  [[nodiscard]] bool take_word() const {
    char word = 0;
    if (::read(control_fd, &word, sizeof word) != sizeof word) return false;
    if (word == terminate) ::kill(-main_, SIGTERM);
    return true;
  }

  [[nodiscard]] bool is_over() const {
    siginfo_t how{};
    return ::waitid(P_PID, static_cast<id_t>(main_), &how, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           how.si_pid == main_;
  }

  /// Those whose parents have gone come to the guard: they leave no zombies behind.
  void reap_orphans() const {
    for (;;) {
      siginfo_t how{};
      if (::waitid(P_ALL, 0, &how, WEXITED | WNOHANG | WNOWAIT) != 0 || how.si_pid == 0 ||
          how.si_pid == main_)
        return;
      ::waitpid(how.si_pid, nullptr, 0);
    }
  }

  /// @returns whether there are children left.
  bool reap() {
    for (;;) {
      int status = 0;
      const pid_t gone = ::waitpid(-1, &status, WNOHANG);
      if (gone <= 0) return gone == 0 || errno != ECHILD;
      if (gone == main_) status_ = status, main_ = 0;
    }
  }

  [[nodiscard]] const char* broken_limit() {
    const auto all = descendants_of(::getpid());
    const usage now = usage_of(all);
    if (now.memory_bytes > peak_) peak_ = now.memory_bytes;
    if (group_.out_of_memory()) return "limit_memory";
    if (wanted_.memory_bytes > 0 && !group_.bounds_memory() && memory_exceeded(all, now))
      return "limit_memory";
    if ((wanted_.processes > 0 && now.tasks > wanted_.processes) || refused_processes())
      return "limit_processes";
    if (wanted_.cpu_microseconds > 0 &&
        now.cpu_microseconds + reaped_cpu() > wanted_.cpu_microseconds)
      return "limit_cpu";
    return nullptr;
  }

  [[nodiscard]] bool refused_processes() const {
    return group_.refused_processes() || pids_.refused_processes();
  }

  /// Twice in a row: between fork and exec two processes seem to have the same memory.
  [[nodiscard]] bool memory_exceeded(const std::vector<pid_t>& all, const usage& now) {
    const bool beyond = now.memory_bytes > wanted_.memory_bytes &&
                        (now.processes == 1 || exact_memory_of(all) > wanted_.memory_bytes);
    const bool before = beyond_;
    beyond_ = beyond;
    return beyond && before;
  }

  [[nodiscard]] static std::uint64_t microseconds(const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(time.tv_usec);
  }

  [[nodiscard]] static std::uint64_t reaped_cpu() {
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    return microseconds(used.ru_utime) + microseconds(used.ru_stime);
  }

  void report_end() const {
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    constexpr std::uint64_t kib = 1'024;
    std::uint64_t peak = peak_;
    if (const auto largest = static_cast<std::uint64_t>(used.ru_maxrss) * kib; largest > peak)
      peak = largest;
    if (const auto seen = group_.peak_memory(); seen > 0) peak = seen;
    // Allocations that RLIMIT_DATA refuses end a command between two looks, too.
    const bool failed = WIFSIGNALED(status_) || WEXITSTATUS(status_) != 0;
    if (group_.out_of_memory() || (failed && wanted_.memory_bytes > 0 && !group_.bounds_memory() &&
                                   peak > wanted_.memory_bytes))
      report("limit_memory", 0);
    if (refused_processes()) report("limit_processes", 0);
    if (WIFSIGNALED(status_) && WTERMSIG(status_) == SIGXCPU) report("limit_cpu", 0);
    report("user", microseconds(used.ru_utime));
    report("system", microseconds(used.ru_stime));
    report("peak", peak);
    report("memory_by_cgroup", group_.bounds_memory() ? 1 : 0);
    report("processes_by_cgroup", group_.bounds_processes() || pids_.bounds_processes() ? 1 : 0);
    if (WIFSIGNALED(status_))
      report("signal", static_cast<std::uint64_t>(WTERMSIG(status_)));
    else
      report("exit", static_cast<std::uint64_t>(WEXITSTATUS(status_)));
  }

  const options& wanted_;
  cgroup& group_;
  const cgroup& pids_;
  /// 0 once it is reaped.
  pid_t main_ = 0;
  int status_ = 0;
  std::uint64_t peak_ = 0;
  bool beyond_ = false;
};

/// All that could end this early comes as something to read instead.
int take_signals() {
  sigset_t all;
  ::sigemptyset(&all);
  for (const int each : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2})
    ::sigaddset(&all, each);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return ::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// A command that takes all processors with many processes must not keep the guard from looking. What it starts is as it
/// would be without; needs CAP_SYS_NICE.
void go_first() {
  sched_param least{};
  least.sched_priority = 1;
  (void)::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &least);
}

int run(int argc, char** argv) {
  constexpr int usage_error = 2;
  const auto wanted = parse(argc, argv);
  if (!wanted) return usage_error;
  // What the host forgot to mark is not for the command.
  ::syscall(SYS_close_range, report_fd + 1, ~0U, 0);
  ::fcntl(control_fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(report_fd, F_SETFD, FD_CLOEXEC);
  ::prctl(PR_SET_NAME, "troupe-guard");
  // Descendants whose parents end become children of this process, so none is out of its reach.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int signals = take_signals();
  cgroup group{wanted->cgroup, *wanted};
  cgroup pids{group.bounds_processes() || wanted->processes == 0 ? std::string{}
                                                                 : own_pids_folder(),
              *wanted};
  go_first();
  watched command{*wanted, group, pids};
  if (command.start()) {
    // The command alone has these: whoever reads them sees their end when it is over.
    for (const int each : {0, 1, 2})
      ::close(each);
    command.watch(signals);
    command.end();
  }
  group.remove();
  pids.remove();
  report("done", 0);
  return 0;
}

} // namespace
} // namespace troupe::process_guard

int main(int argc, char** argv) {
  return troupe::process_guard::run(argc, argv);
}
