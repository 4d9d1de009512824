#pragma once

#include "cluster/fabric/transport.hpp"
#include "tests/support/time_scale.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// Keeps what happens on a link, and sends what it is given, one frame after another.
class grpc_listener : public cluster::link_listener {
public:
  void on_open(std::shared_ptr<cluster::link> opened) override {
    const std::lock_guard lock{mutex_};
    misused_ = misused_ || link_ || why_;
    link_ = std::move(opened);
    send_next_locked();
    changed_.notify_all();
  }
  void on_frame(std::string_view frame) override {
    const std::lock_guard lock{mutex_};
    misused_ = misused_ || !link_ || why_;
    frames_.emplace_back(frame);
    if (echoes_) queue_locked(std::string{frame});
    changed_.notify_all();
  }
  void on_sent() override {
    const std::lock_guard lock{mutex_};
    misused_ = misused_ || !sending_ || why_;
    sending_ = false;
    ++sent_;
    send_next_locked();
    changed_.notify_all();
  }
  void on_closed(const error& why) override {
    const std::lock_guard lock{mutex_};
    misused_ = misused_ || why_;
    why_ = why;
    changed_.notify_all();
  }

  void send(std::string frame) {
    const std::lock_guard lock{mutex_};
    queue_locked(std::move(frame));
  }
  void echo() { echoes_ = true; }

  [[nodiscard]] bool wait_for_open() {
    return wait([&] { return link_ != nullptr || why_.has_value(); }) && link_;
  }
  [[nodiscard]] bool wait_for_frames(std::size_t count) {
    return wait([&] { return frames_.size() >= count; });
  }
  /// @returns why; nothing where it takes too long.
  [[nodiscard]] std::optional<error> wait_for_end() {
    static_cast<void>(wait([&] { return why_.has_value(); }));
    const std::lock_guard lock{mutex_};
    return why_;
  }
  [[nodiscard]] std::shared_ptr<cluster::link> opened() {
    const std::lock_guard lock{mutex_};
    return link_;
  }
  [[nodiscard]] std::vector<std::string> frames() {
    const std::lock_guard lock{mutex_};
    return frames_;
  }
  /// Something came too early, too late or twice.
  [[nodiscard]] bool misused() {
    const std::lock_guard lock{mutex_};
    return misused_;
  }

private:
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{10} * time_scale, condition);
  }
  void queue_locked(std::string frame) {
    queue_.push_back(std::move(frame));
    send_next_locked();
  }
  void send_next_locked() {
    if (!link_ || sending_ || queue_.empty()) return;
    sending_ = true;
    link_->send(std::move(queue_.front()));
    queue_.pop_front();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<cluster::link> link_;
  std::optional<error> why_;
  std::vector<std::string> frames_;
  std::deque<std::string> queue_;
  std::size_t sent_ = 0;
  bool sending_ = false, echoes_ = false, misused_ = false;
};

} // namespace troupe::test
