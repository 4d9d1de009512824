#include "cluster/fabric/grpc/internal/keeper.hpp"

#include "cluster/fabric/errc.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace troupe::cluster {
namespace {

constexpr std::uint64_t bell_id = std::numeric_limits<std::uint64_t>::max();

int timeout_of(std::chrono::milliseconds longest) {
  constexpr std::chrono::milliseconds most{std::numeric_limits<int>::max()};
  return longest > most ? -1 : static_cast<int>(std::max(longest.count(), std::int64_t{0}));
}

} // namespace

result<std::unique_ptr<keeper>> keeper::make() {
  agents::file_descriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
  agents::file_descriptor bell{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::unique_ptr<keeper> made{new keeper{std::move(epoll), std::move(bell)}};
  if (made->epoll_ && made->bell_ && made->watch(made->bell_.get(), EPOLLIN, bell_id)) return made;
  return fail(fabric_errc::bad_option,
              "the process may open no more files; raise its limit (ulimit -n)");
}

void keeper::start(duties what) {
  duties_ = std::move(what);
  thread_ = std::thread{[this] { run(); }};
}

void keeper::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake();
  thread_.join();
}

void keeper::post(std::function<void()> task) {
  {
    const std::lock_guard lock{mutex_};
    tasks_.push_back(std::move(task));
  }
  wake();
}

void keeper::wake() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(bell_.get(), &one, sizeof one) < 0); // full means that it rings already
}

bool keeper::watch(int fd, std::uint32_t events, std::uint64_t id) {
  epoll_event wanted{.events = events, .data = {.u64 = id}};
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &wanted) == 0;
}

void keeper::change(int fd, std::uint32_t events, std::uint64_t id) {
  epoll_event wanted{.events = events, .data = {.u64 = id}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &wanted);
}

void keeper::forget(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void keeper::run() {
  while (run_tasks())
    wait(duties_.tick());
}

/// @returns whether to go on.
bool keeper::run_tasks() {
  std::vector<std::function<void()>> tasks;
  bool stopping = false;
  {
    const std::lock_guard lock{mutex_};
    tasks.swap(tasks_);
    stopping = stopping_;
  }
  for (const auto& task : tasks)
    task();
  return !stopping;
}

void keeper::wait(std::chrono::milliseconds longest) {
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 timeout_of(longest));
  for (int i = 0; i < count; ++i) {
    const auto id = events.at(static_cast<std::size_t>(i)).data.u64;
    std::uint64_t rung = 0;
    if (id != bell_id)
      duties_.ready(id);
    else
      static_cast<void>(::read(bell_.get(), &rung, sizeof rung) < 0);
  }
}

} // namespace troupe::cluster
