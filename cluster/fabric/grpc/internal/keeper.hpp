#pragma once

#include "actors/agents/posix.hpp"
#include "kernels/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::cluster {

/// A thread that waits for sockets, runs small tasks, and looks at the clock when it was asked to.
class keeper {
public:
  struct duties {
    /// A socket that is watched is ready, or has ended.
    std::function<void(std::uint64_t id)> ready;
    /// Called now and then. @returns when it wants to be called again at the latest; `max()` for never.
    std::function<std::chrono::milliseconds()> tick;
  };

  /// @returns `fabric_errc::bad_option` where the process has no more files.
  [[nodiscard]] static result<std::unique_ptr<keeper>> make();
  ~keeper() { stop(); }
  keeper(const keeper&) = delete;
  keeper& operator=(const keeper&) = delete;

  /// Once.
  void start(duties what);
  /// Runs what was posted, and ends the thread. Not from it.
  void stop();

  /// Any thread.
  void post(std::function<void()> task);
  /// Ticks soon.
  void wake();
  /// False where the process has no more room. @param events of epoll; that a socket has ended is told with none, too. The file must outlive it.
  [[nodiscard]] bool watch(int fd, std::uint32_t events, std::uint64_t id);
  void change(int fd, std::uint32_t events, std::uint64_t id);
  void forget(int fd);

private:
  keeper(agents::file_descriptor epoll, agents::file_descriptor bell)
      : epoll_{std::move(epoll)}, bell_{std::move(bell)} {}
  void run();
  [[nodiscard]] bool run_tasks();
  void wait(std::chrono::milliseconds longest);

  const agents::file_descriptor epoll_, bell_;
  duties duties_;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
  bool stopping_ = false;
};

} // namespace troupe::cluster
