#pragma once

#include <algorithm>
#include <cstddef>
#include <omp.h>

namespace troupe::cpu {

/// The threads of one stream. One thread stays out of OpenMP altogether.
class thread_team {
public:
  explicit thread_team(std::size_t threads) : threads_{threads} {}

  [[nodiscard]] std::size_t size() const { return threads_; }

  /// Number of the calling thread among those of this stream.
  static std::size_t number() { return static_cast<std::size_t>(omp_get_thread_num()); }

  /// Calls `work(i)` for i below `count`.
  template <class Work>
  void each(std::size_t count, const Work& work) const {
    if (threads_ == 1) {
      for (std::size_t i = 0; i < count; ++i)
        work(i);
      return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads_))
    for (std::size_t i = 0; i < count; ++i)
      work(i);
  }

  /// Calls `work(first, last)` for parts of [0, count) that are about equal, one per thread.
  template <class Work>
  void share(std::size_t count, const Work& work) const {
    const std::size_t parts = std::min(threads_, count);
    each(parts, [&](std::size_t part) {
      work(part * count / parts, (part + 1) * count / parts);
    });
  }

private:
  std::size_t threads_;
};

} // namespace troupe::cpu
