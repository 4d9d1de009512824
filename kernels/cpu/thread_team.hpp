#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace troupe::cpu {

/// The threads of one stream: the caller and some helpers, who live as long as the team. A helper looks out for work for some
/// microseconds, then sleeps; the caller never waits for one that sleeps. With one thread there is no helper, and nothing is
/// shared.
class thread_team {
public:
  /// Throws std::system_error when the system has no thread left.
  explicit thread_team(std::size_t threads);
  ~thread_team();
  thread_team(const thread_team&) = delete;
  thread_team& operator=(const thread_team&) = delete;

  /// Threads that take part.
  [[nodiscard]] std::size_t size() const { return used_; }

  /// From now on only so many take part: 1 up to those that there are. Not during a call.
  void use(std::size_t threads) {
    used_ = std::clamp<std::size_t>(threads, 1, helpers_.size() + 1);
  }

  /// Number of the calling thread in its team; 0 for all but helpers.
  static std::size_t number();

  /// Calls `work(i)` for i below `count`, each once, and returns when all are done. `work` does not throw. One call at a time.
  template <class Work>
  void each(std::size_t count, const Work& work) {
    if (used_ == 1 || count < 2) {
      for (std::size_t i = 0; i < count; ++i)
        work(i);
      return;
    }
    run(count, &work, [](const void* of, std::size_t i) { (*static_cast<const Work*>(of))(i); });
  }

  /// Calls `work(first, last)` for parts of [0, count) that are about equal, one per thread.
  template <class Work>
  void share(std::size_t count, const Work& work) {
    const std::size_t parts = std::min(size(), count);
    each(parts, [&](std::size_t part) { work(part * count / parts, (part + 1) * count / parts); });
  }

private:
  using function = void (*)(const void* work, std::size_t i);

  void run(std::size_t count, const void* work, function call);
  void take();
  void end();
  void help(std::size_t number);

  // The work: written before `open_` says its number, read by those who were `active_` while it did.
  std::size_t count_ = 0;
  const void* work_ = nullptr;
  function call_ = nullptr;
  std::size_t used_ = 1;
  std::atomic<std::size_t> next_ = 0;
  /// Number of the work that may be joined; 0 for none.
  std::atomic<std::uint32_t> open_ = 0;
  /// Number of the latest work: what sleeping helpers wait for.
  std::atomic<std::uint32_t> latest_ = 0;
  /// Helpers that have joined or are about to find out that they may not.
  std::atomic<std::uint32_t> active_ = 0;
  std::atomic<bool> ended_ = false;
  std::vector<std::thread> helpers_;
};

} // namespace troupe::cpu
