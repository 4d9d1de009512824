#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
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
  /// By when its turn should come; what is due first goes first.
  deadline due = deadline::max();
};

/// How much one batch may hold, beside the budget of the queue. At least one window is taken whatever its length.
struct batch_limits {
  /// For a caller who shares what waits with others.
  std::size_t tokens = static_cast<std::size_t>(-1);
  /// What a token of `next_model()` takes; 0 where nothing is known.
  std::chrono::nanoseconds per_token{0};
};

/// Windows that one engine runs together.
struct batch {
  std::size_t model = 0;
  /// Those due first come first.
  std::vector<waiting_window> windows;
  /// Their lengths together.
  std::size_t tokens = 0;
  /// Windows that were next in line but came too late; never counted in `tokens`.
  std::vector<waiting_window> expired;
};

/// Forms batches from the windows of many requests and several models: what is due first goes first, and first come first
/// served among equals. A pure queue: it knows no threads, clocks or engines. One thread at a time.
class batcher {
public:
  /// @param budget the most tokens of one batch, except that a longer window goes alone.
  explicit batcher(std::size_t budget) : budget_(budget) {}

  void push(std::size_t model, waiting_window window);

  /// The next batch: of the model whose window is due first, as many of its windows in that order as fit. A batch ends
  /// early where another window would make one that it holds come too late.
  /// @param now windows that expired by then go to `batch::expired`.
  /// @returns a batch without windows when nothing (but expired windows) waits.
  [[nodiscard]] batch take(const batch_limits& limits, deadline now);

  /// The model of the next batch; only where a window waits.
  [[nodiscard]] std::size_t next_model() const { return first()->first; }
  /// When the next window is due; `deadline::max()` where none waits.
  [[nodiscard]] deadline first_due() const;

  [[nodiscard]] bool empty() const { return queues_.empty(); }
  [[nodiscard]] std::size_t waiting_tokens() const { return waiting_tokens_; }

private:
  /// When it is due, and its number in the order of arrival.
  using place = std::pair<deadline, std::uint64_t>;
  using queue = std::map<place, waiting_window>;
  using queues = std::map<std::size_t, queue>;

  /// The queue whose first window is due first.
  [[nodiscard]] queues::const_iterator first() const;

  std::size_t budget_;
  std::size_t waiting_tokens_ = 0;
  std::uint64_t arrivals_ = 0;
  queues queues_; // by model; no empty queue stays
};

} // namespace troupe::inference
