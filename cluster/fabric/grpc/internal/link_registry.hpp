#pragma once

#include "cluster/fabric/grpc/internal/stream_link.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

namespace troupe::cluster {

/// The links of a transport that are not over; closed once and for all.
class link_registry {
public:
  /// @returns false where it is closed.
  [[nodiscard]] bool add(std::shared_ptr<stream_link> one) {
    const std::lock_guard lock{mutex_};
    if (!closed_) links_.insert(std::move(one));
    return !closed_;
  }
  void remove(const std::shared_ptr<stream_link>& one) {
    const std::lock_guard lock{mutex_};
    links_.erase(one);
    if (links_.empty()) empty_.notify_all();
  }
  [[nodiscard]] std::vector<std::shared_ptr<stream_link>> all() {
    const std::lock_guard lock{mutex_};
    return {links_.begin(), links_.end()};
  }
  /// Runs `doing` where it is not closed, and before it is. @returns whether.
  template <class Doing>
  [[nodiscard]] bool unless_closed(Doing doing) {
    const std::lock_guard lock{mutex_};
    if (!closed_) doing();
    return !closed_;
  }
  void close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }
  /// After `close`.
  void wait_until_empty() {
    std::unique_lock lock{mutex_};
    empty_.wait(lock, [&] { return links_.empty(); });
  }

private:
  std::mutex mutex_;
  std::condition_variable empty_;
  std::unordered_set<std::shared_ptr<stream_link>> links_;
  bool closed_ = false;
};

} // namespace troupe::cluster
