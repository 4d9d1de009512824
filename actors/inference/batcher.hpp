#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace troupe::inference {

using deadline = std::chrono::system_clock::time_point;

/// A window that waits for an engine.
struct waiting_window {
  /// Who asked, and which window of the request's text this is.
  std::uint64_t request = 0;
  std::size_t window = 0;
  /// Its length, special tokens included.
  std::size_t tokens = 0;
  /// From this moment on its answer is of no use.
  deadline expires = deadline::max();
};

/// Windows that one engine runs together.
struct batch {
  std::size_t model = 0;
  /// Oldest first.
  std::vector<waiting_window> windows;
  /// Their lengths together.
  std::size_t tokens = 0;
  /// Windows that were next in line but came too late; never counted in `tokens`.
  std::vector<waiting_window> expired;
};

/// Forms batches from the windows of many requests and several models: first come, first served. A
/// pure queue: it knows no threads, clocks or engines. One thread at a time.
class batcher {
public:
  /// @param budget the most tokens of one batch, except that a longer window goes alone.
  explicit batcher(std::size_t budget) : budget_(budget) {}

  void push(std::size_t model, waiting_window window);

  /// The next batch: of the model whose window waits longest, as many of its windows in order of
  /// arrival as fit.
  /// @param limit fewer tokens than the budget, for a caller who shares what waits with others; at
  ///              least one window is taken whatever its length.
  /// @param now   windows that expired by then go to `batch::expired`.
  /// @returns a batch without windows when nothing (but expired windows) waits.
  [[nodiscard]] batch take(std::size_t limit, deadline now);

  [[nodiscard]] bool empty() const { return queues_.empty(); }
  [[nodiscard]] std::size_t waiting_tokens() const { return waiting_tokens_; }

private:
  struct entry {
    std::uint64_t arrival = 0;
    waiting_window window;
  };

  std::size_t budget_;
  std::size_t waiting_tokens_ = 0;
  std::uint64_t arrivals_ = 0;
  std::map<std::size_t, std::deque<entry>> queues_; // by model; no empty queue stays
};

} // namespace troupe::inference
