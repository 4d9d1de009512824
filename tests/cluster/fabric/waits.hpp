#pragma once

#include "tests/cluster/fabric/recording_listener.hpp"
#include "tests/support/time_scale.hpp"

#include <chrono>
#include <functional>

namespace troupe::test {

/// Waits for threads of the transport. Whoever changes what `done` looks at tells the monitor.
inline bool wait_for_threads(monitor& at, const std::function<bool()>& done) {
  const auto until = std::chrono::steady_clock::now() + time_scale * std::chrono::seconds{10};
  std::unique_lock lock{at.mutex};
  while (true) {
    lock.unlock();
    const bool is = done();
    lock.lock();
    if (is) return true;
    // What changed between the look and the lock is seen a moment later.
    if (at.changed.wait_until(lock, std::min(until, std::chrono::steady_clock::now() +
                                                        std::chrono::milliseconds{5})) ==
            std::cv_status::timeout &&
        std::chrono::steady_clock::now() >= until)
      return false;
  }
}

} // namespace troupe::test
