#pragma once

#include "actors/runtime/timer.hpp"
#include "actors/runtime/timer_queue.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace troupe::runtime {

class call;

/// Keeps every unanswered request and answers it with "runtime.deadline_exceeded" when its time is
/// over. One timer task serves all: it is set for the earliest deadline and mostly finds that
/// request answered long ago. Any thread.
class deadlines : public std::enable_shared_from_this<deadlines> {
public:
  explicit deadlines(std::shared_ptr<timer> clock) : clock_(std::move(clock)) {}

  /// @returns false after `close`.
  [[nodiscard]] bool add(call& asked);
  void remove(call& asked);
  /// Accepts no more. @returns what was unanswered.
  [[nodiscard]] std::vector<std::shared_ptr<call>> close();

private:
  void wake_at(timer_queue::time_point due);
  void expire();
  std::vector<std::shared_ptr<call>> take_due(timer_queue::time_point now);

  std::shared_ptr<timer> clock_;
  std::mutex mutex_;
  timer_queue queue_;
  timer_handle armed_;
  timer_queue::time_point armed_for_ = timer_queue::time_point::max();
  bool closed_ = false;
};

} // namespace troupe::runtime
