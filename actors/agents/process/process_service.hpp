#pragma once

#include "actors/agents/process/process_policy.hpp"
#include "actors/agents/process/run_process.hpp"
#include "actors/runtime/executor.hpp"

#include <atomic>

namespace troupe::agents {

/// The threads that wait for commands, one each: a node's own, never those that run agents. Thread-safe.
class process_service {
public:
  /// @param policy checked.
  explicit process_service(process_policy policy);
  ~process_service();
  process_service(const process_service&) = delete;
  process_service& operator=(const process_service&) = delete;

  [[nodiscard]] const process_policy& policy() const { return policy_; }
  /// Runs `work` on one of the threads, soon. @returns false where too many wait, or it stops.
  [[nodiscard]] bool post(executor::task work) { return threads_.post(std::move(work)); }
  [[nodiscard]] bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  /// Refuses new work, ends all commands and waits for that. May be called again.
  void stop();

private:
  process_policy policy_;
  std::atomic<bool> stopping_{false};
  thread_pool threads_;
};

} // namespace troupe::agents
