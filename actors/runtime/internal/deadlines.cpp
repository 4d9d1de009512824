#include "actors/runtime/internal/deadlines.hpp"

#include "actors/runtime/internal/call.hpp"

#include <utility>

namespace troupe::runtime {

bool deadlines::add(call& asked) {
  std::lock_guard lock{mutex_};
  if (closed_) return false;
  asked.self_ = asked.shared_from_this();
  queue_.insert(asked, asked.due());
  wake_at(asked.due());
  return true;
}

void deadlines::remove(call& asked) {
  std::shared_ptr<call> self; // may be the last owner, so it goes after the lock
  std::lock_guard lock{mutex_};
  if (queue_.remove(asked)) self = std::move(asked.self_);
}

std::vector<std::shared_ptr<call>> deadlines::close() {
  std::lock_guard lock{mutex_};
  closed_ = true;
  armed_.cancel();
  return take_due(timer_queue::time_point::max());
}

void deadlines::wake_at(timer_queue::time_point due) {
  if (due >= armed_for_) return;
  armed_.cancel();
  armed_for_ = due;
  armed_ = clock_->schedule_at(due, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->expire();
  });
}

void deadlines::expire() {
  std::vector<std::shared_ptr<call>> late;
  {
    std::lock_guard lock{mutex_};
    if (closed_) return;
    late = take_due(clock_->now());
    armed_for_ = timer_queue::time_point::max();
    if (const auto next = queue_.next_due()) wake_at(*next);
  }
  for (const auto& each : late)
    each->expire();
}

std::vector<std::shared_ptr<call>> deadlines::take_due(timer_queue::time_point now) {
  std::vector<std::shared_ptr<call>> due;
  for (auto* node : queue_.take_due(now))
    due.push_back(std::move(static_cast<call*>(node)->self_));
  return due;
}

} // namespace troupe::runtime
