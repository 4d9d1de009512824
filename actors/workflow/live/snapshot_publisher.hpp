#pragma once

#include "actors/workflow/live/snapshot_board.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace troupe::workflow {

struct publisher_options {
  /// At most so often. The first one is posted after so long, so that short work posts nothing.
  std::chrono::milliseconds interval{1'000};
  /// What has not changed is posted again after so long: who reads sees that the engine is there.
  std::chrono::milliseconds repeat{5'000};
  /// What the engine has; a failure is the end.
  std::function<result<node_snapshot>()> look;
  std::unique_ptr<snapshot_board> board;
  /// Told when posting fails, the first time and after it worked again, from the thread that posts.
  std::function<void(const error&)> failed = [](const error&) {};
};

/// Posts what an engine has at work now and then, for as long as it lives: from a thread of its own, so that the engine does no
/// more for it than to fill a bounded structure once a second. Whatever fails here is nothing to the engine.
class snapshot_publisher {
public:
  explicit snapshot_publisher(publisher_options options);
  /// Takes away what was posted.
  ~snapshot_publisher();
  snapshot_publisher(const snapshot_publisher&) = delete;
  snapshot_publisher& operator=(const snapshot_publisher&) = delete;

private:
  void work();
  [[nodiscard]] bool wait_for_next();
  void post(const node_snapshot& now);

  publisher_options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  /// Of the working thread alone.
  std::string owner_, last_;
  std::chrono::steady_clock::time_point posted_{};
  bool complained_ = false;
  std::thread thread_;
};

} // namespace troupe::workflow
