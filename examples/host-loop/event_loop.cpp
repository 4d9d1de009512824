#include "event_loop.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace shop {
namespace {

int checked(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error{errno, std::generic_category(), what};
  return descriptor;
}

/// The counter of an eventfd, or a signal: what it says is that there is something to do.
void drain(int descriptor) {
  std::array<char, sizeof(signalfd_siginfo)> ignored{};
  while (read(descriptor, ignored.data(), ignored.size()) > 0) {
  }
}

} // namespace

event_loop::event_loop() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  signals_ = checked(signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd");
  posted_ = checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
}

event_loop::~event_loop() {
  close(signals_);
  close(posted_);
}

void event_loop::post(std::function<void()> task) {
  const std::lock_guard lock{mutex_};
  tasks_.push_back(std::move(task));
  // Only a full counter is refused, and then the loop is awake anyway.
  const std::uint64_t one = 1;
  static_cast<void>(!write(posted_, &one, sizeof one));
}

void event_loop::run_posted() {
  drain(posted_);
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock{mutex_};
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks)
    task();
}

void event_loop::read_lines(const std::function<void(const std::string& line)>& on_line) {
  std::array<char, 4096> bytes{};
  const auto count = read(STDIN_FILENO, bytes.data(), bytes.size());
  if (count <= 0) {
    input_open_ = false;
    return;
  }
  partial_line_.append(bytes.data(), static_cast<std::size_t>(count));
  for (std::size_t end; (end = partial_line_.find('\n')) != std::string::npos;) {
    on_line(partial_line_.substr(0, end));
    partial_line_.erase(0, end + 1);
  }
}

void event_loop::run(const std::function<void(const std::string& line)>& on_line) {
  while (running_) {
    std::array<pollfd, 3> wanted{{{signals_, POLLIN, 0},
                                  {posted_, POLLIN, 0},
                                  {input_open_ ? STDIN_FILENO : -1, POLLIN, 0}}};
    if (poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "poll"};
    if (wanted[1].revents != 0) run_posted();
    if (wanted[2].revents != 0) read_lines(on_line);
    if (wanted[0].revents != 0) {
      drain(signals_);
      quit();
    }
  }
}

} // namespace shop
