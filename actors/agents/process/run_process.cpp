#include "actors/agents/process/run_process.hpp"

#include "actors/agents/posix.hpp"
#include "actors/agents/process/guard/options.hpp"
#include "actors/agents/process/guard_image.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <map>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/wait.h>
#include <system_error>

namespace troupe::agents {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How often it is asked whether the command should go on.
constexpr milliseconds tick{50};
/// How long the guard may take to end everything before it is given up: longer than it tries.
constexpr std::chrono::seconds patience{10};
/// Below this the ends of pipes would be in the way of those that the guard gets.
constexpr int first_free_fd = 16;

failure cannot_start(const std::string& what, int error_number) {
  const bool passing = error_number == EAGAIN || error_number == ENOMEM || error_number == EMFILE ||
                       error_number == ENFILE || error_number == ETXTBSY;
  return {"process.cannot_start",
          "cannot " + what + ": " + std::generic_category().message(error_number), passing};
}

/// The same file under a number that is in nobody's way; closed where there is none.
file_descriptor moved_up(int fd) {
  const file_descriptor low{fd};
  return file_descriptor{fd < 0 ? -1 : ::fcntl(fd, F_DUPFD_CLOEXEC, first_free_fd)};
}

struct pipe_ends {
  file_descriptor read{-1}, write{-1};
};

/// All that a guard is connected to.
struct connections {
  pipe_ends output{}, error_output{}, control{}, report{};
  /// A file in memory: nobody has to write it while the command runs.
  file_descriptor input{-1};
};

/// @returns an errno, or 0.
int make_pipe(pipe_ends& into) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  into.read = moved_up(ends[0]);
  into.write = moved_up(ends[1]);
  return into.read && into.write ? 0 : EMFILE;
}

int make_input(const std::string& bytes, file_descriptor& into) {
  into = moved_up(::memfd_create("troupe-input", MFD_CLOEXEC));
  if (!into) return EMFILE;
  if (const int error = write_all(into.get(), bytes); error != 0) return error;
  return ::lseek(into.get(), 0, SEEK_SET) == 0 ? 0 : errno;
}

reply<connections> make_connections(const std::string& input) {
  connections made;
  for (pipe_ends* each : {&made.output, &made.error_output, &made.control, &made.report})
    if (const int error = make_pipe(*each); error != 0)
      return tl::unexpected(cannot_start("make a pipe", error));
  if (const int error = make_input(input, made.input); error != 0)
    return tl::unexpected(cannot_start("keep the input in memory", error));
  return made;
}

std::vector<std::string> guard_arguments(const process_plan& plan) {
  std::vector<std::string> made{"troupe-guard",
                                "memory=" + std::to_string(plan.limits.memory_bytes),
                                "cpu=" + std::to_string(plan.limits.cpu.count()),
                                "processes=" + std::to_string(plan.limits.processes),
                                "folder=" + plan.folder,
                                "cgroup=" + plan.cgroup,
                                "program=" + plan.program,
                                "--"};
  made.insert(made.end(), plan.argv.begin(), plan.argv.end());
  return made;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> made;
  made.reserve(texts.size() + 1);
  for (std::string& each : texts)
    made.push_back(each.data());
  made.push_back(nullptr);
  return made;
}

/// posix_spawn shares memory with its child until that executes, hence is quick and safe however large and however
/// threaded this process is.
class spawn_settings {
public:
  spawn_settings() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&how);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    // Of its own session: Ctrl-C at a terminal is for the runtime, which ends it in order.
    posix_spawnattr_setflags(&how,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }
  ~spawn_settings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
  }
  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;

  posix_spawn_file_actions_t files{};
  posix_spawnattr_t how{};
};

/// What is kept of one output.
class capture {
public:
  capture(file_descriptor from, std::size_t most) : from_(std::move(from)), most_(most) {
    ::fcntl(from_.get(), F_SETFL, O_NONBLOCK);
  }
  [[nodiscard]] int fd() const { return open_ ? from_.get() : -1; }
  [[nodiscard]] bool truncated() const { return truncated_; }
  [[nodiscard]] std::string& text() { return text_; }

  /// Takes what is there, at most a few chunks, so that a flood does not keep the other ends waiting.
  void take() {
    constexpr int most_chunks = 16;
    std::array<char, std::size_t{1} << 16>
        chunk; // NOLINT(*-member-init): written before it is read
    for (int i = 0; open_ && i < most_chunks; ++i) {
      const ssize_t got = ::read(from_.get(), chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) {
        open_ = false;
        return;
      }
      const auto kept = std::min(static_cast<std::size_t>(got), most_ - text_.size());
      text_.append(chunk.data(), kept);
      truncated_ = truncated_ || kept < static_cast<std::size_t>(got);
    }
  }

private:
  file_descriptor from_;
  std::size_t most_;
  std::string text_;
  bool open_ = true;
  bool truncated_ = false;
};

/// A guard at work, from this side.
class guarded_process {
public:
  guarded_process(const process_plan& plan, connections made)
      : plan_(plan), output_(std::move(made.output.read), plan.limits.output_bytes),
        error_output_(std::move(made.error_output.read), plan.limits.output_bytes),
        report_(std::move(made.report.read), most_report_bytes), ends_(std::move(made)) {}

  /// @returns an errno, or 0.
  [[nodiscard]] int start(const std::string& guard) {
    spawn_settings settings;
    const std::pair<const file_descriptor*, int> ends[] = {
        {&ends_.input, 0},
        {&ends_.output.write, 1},
        {&ends_.error_output.write, 2},
        {&ends_.control.read, process_guard::control_fd},
        {&ends_.report.write, process_guard::report_fd}};
    for (const auto& [from, to] : ends)
      posix_spawn_file_actions_adddup2(&settings.files, from->get(), to);
    auto arguments = guard_arguments(plan_);
    auto environment = plan_.environment;
    began_ = clock::now();
    const int error = ::posix_spawn(&pid_, guard.c_str(), &settings.files, &settings.how,
                                    pointers(arguments).data(), pointers(environment).data());
    control_ = std::move(ends_.control.write);
    ends_ = connections{}; // the guard alone has its ends, so that they close with it
    return error;
  }

  void run(const std::function<bool()>& go_on, const std::function<bool()>& terminate) {
    const auto wall_end =
        plan_.limits.wall.count() > 0 ? began_ + plan_.limits.wall : clock::time_point::max();
    while (report_.fd() >= 0 && !given_up()) {
      wait_for_something(wall_end);
      if (ended_at_) continue;
      if (terminate && terminate()) ask_to_end();
      if (!go_on()) end(process_end::stopped, "");
      if (clock::now() >= wall_end) end(process_end::limit, "wall time");
      if (plan_.limits.output_ends && (output_.truncated() || error_output_.truncated()))
        end(process_end::limit, "output");
    }
    // All who could write have gone: what is left is in the pipes.
    output_.take();
    error_output_.take();
    reap();
  }

  [[nodiscard]] reply<process_outcome> outcome() {
    const auto said = read_report();
    for (const auto& [word, what] : {std::pair{"cannot_exec", "execute " + plan_.program},
                                     {"bad_folder", "enter " + plan_.folder},
                                     {"cannot_join", "enter a control group below " + plan_.cgroup},
                                     {"cannot_fork", std::string{"fork"}}})
      if (const auto found = said.find(word); found != said.end())
        return tl::unexpected(cannot_start(what, static_cast<int>(found->second)));
    if (!said.contains("done"))
      return tl::unexpected(failure{"process.guard_lost",
                                    "the guard of " + plan_.program +
                                        " was ended by somebody, and the command with it",
                                    true});
    return make_outcome(said);
  }

private:
  void wait_for_something(clock::time_point wall_end) {
    auto pause = tick;
    if (const auto now = clock::now(); !ended_at_ && wall_end < now + tick)
      pause = std::chrono::ceil<milliseconds>(std::max(wall_end, now) - now);
    std::array<pollfd, 3> ready{
        {{output_.fd(), POLLIN, 0}, {error_output_.fd(), POLLIN, 0}, {report_.fd(), POLLIN, 0}}};
    (void)::poll(ready.data(), ready.size(), static_cast<int>(pause.count()));
    if (ready[0].revents != 0) output_.take();
    if (ready[1].revents != 0) error_output_.take();
    if (ready[2].revents != 0) report_.take();
  }

  /// The guard sends SIGTERM on.
  void ask_to_end() {
    if (std::exchange(asked_, true)) return;
    const char word = process_guard::terminate;
    (void)!::write(control_.get(), &word, sizeof word);
  }

  /// The guard sees its end of the pipe closed.
  void end(process_end how, std::string limit) {
    if (ended_at_) return;
    ended_at_ = clock::now();
    end_ = how;
    limit_ = std::move(limit);
    control_ = file_descriptor{};
  }

  [[nodiscard]] bool given_up() const {
    if (!ended_at_ || clock::now() < *ended_at_ + patience) return false;
    ::kill(pid_, SIGKILL);
    return true;
  }

  void reap() const {
    // A host that ignores SIGCHLD, or waits for all children, has reaped it already.
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  /// Lines `WORD NUMBER`.
  [[nodiscard]] std::map<std::string, std::uint64_t> read_report() {
    std::map<std::string, std::uint64_t> made;
    std::string_view rest = report_.text();
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      const auto split = line.find(' ');
      if (split == std::string_view::npos) continue;
      std::uint64_t number = 0;
      std::from_chars(line.data() + split + 1, line.data() + line.size(), number);
      made.emplace(line.substr(0, split), number);
    }
    return made;
  }

  [[nodiscard]] process_outcome make_outcome(const std::map<std::string, std::uint64_t>& said) {
    const auto number = [&](const char* word) {
      const auto found = said.find(word);
      return found == said.end() ? 0 : found->second;
    };
    process_outcome made;
    made.wall = clock::now() - began_;
    made.user = std::chrono::microseconds{number("user")};
    made.system = std::chrono::microseconds{number("system")};
    made.peak_memory_bytes = number("peak");
    made.memory_by_cgroup = number("memory_by_cgroup") != 0;
    made.processes_by_cgroup = number("processes_by_cgroup") != 0;
    made.not_killed = number("not_killed");
    made.end = said.contains("signal") ? process_end::signalled : process_end::exited;
    made.code = static_cast<int>(number(said.contains("signal") ? "signal" : "exit"));
    for (const auto& [word, limit] : {std::pair{"limit_memory", "memory"},
                                      {"limit_cpu", "cpu time"},
                                      {"limit_processes", "processes"}})
      if (said.contains(word)) made.end = process_end::limit, made.limit = limit;
    if (ended_at_ && made.end != process_end::limit) made.end = end_, made.limit = limit_;
    made.output = std::move(output_.text());
    made.error_output = std::move(error_output_.text());
    made.output_truncated = output_.truncated();
    made.error_output_truncated = error_output_.truncated();
    return made;
  }

  static constexpr std::size_t most_report_bytes = 4'096;

  const process_plan& plan_;
  capture output_, error_output_, report_;
  connections ends_;
  file_descriptor control_;
  pid_t pid_ = 0;
  clock::time_point began_{};
  std::optional<clock::time_point> ended_at_;
  bool asked_ = false;
  process_end end_ = process_end::exited;
  std::string limit_;
};

} // namespace

reply<process_outcome> run_process(const process_plan& plan, const std::function<bool()>& go_on,
                                   const std::function<bool()>& terminate) {
  const auto guard = guard_program();
  if (!guard) return tl::unexpected(guard.error());
  auto ends = make_connections(plan.input);
  if (!ends) return tl::unexpected(std::move(ends.error()));
  guarded_process running{plan, std::move(*ends)};
  if (const int error = running.start(*guard); error != 0)
    return tl::unexpected(cannot_start("start the guard of processes", error));
  running.run(go_on, terminate);
  return running.outcome();
}

} // namespace troupe::agents
