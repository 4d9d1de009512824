#pragma once

#include <utility>

namespace troupe::runtime {

/// Marks the current thread, for its own life, as one that must not wait for answers: it runs
/// agents or timers, which the answers may need.
class no_wait_scope {
public:
  no_wait_scope() : before_(std::exchange(active_, true)) {}
  ~no_wait_scope() { active_ = before_; }
  no_wait_scope(const no_wait_scope&) = delete;
  no_wait_scope& operator=(const no_wait_scope&) = delete;
  [[nodiscard]] static bool active() { return active_; }

private:
  static inline thread_local bool active_ = false;
  bool before_;
};

} // namespace troupe::runtime
