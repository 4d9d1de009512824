#pragma once

#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/executor.hpp"
#include "actors/runtime/timer.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace troupe {

/// For tests: an agent system whose actors, time and blocking work move only when the test says so,
/// all on the test's thread. Nothing waits here: `request_and_wait` answers "runtime.would_block".
class deterministic_system {
public:
  /// @param blocking an `inline_executor`, or a `manual_executor` for tests of concurrency.
  explicit deterministic_system(
      std::shared_ptr<executor> blocking = std::make_shared<inline_executor>());
  /// One of several that a test steps together: time is moved on by who has `clock`, which ends with this system. Without
  /// `clock()` and `advance`.
  deterministic_system(std::shared_ptr<timer> clock, std::shared_ptr<executor> blocking);
  ~deterministic_system();
  deterministic_system(const deterministic_system&) = delete;
  deterministic_system& operator=(const deterministic_system&) = delete;

  [[nodiscard]] agent_system& system() { return *system_; }
  [[nodiscard]] virtual_timer& clock() { return *clock_; }

  /// Runs actors until none has anything to do. @returns how many turns that took.
  std::size_t run();
  /// Moves time on; at each due moment runs its tasks and then the actors.
  void advance(timer::clock::duration by);
  /// The same for several that a test steps together. @param clock the time that they all see.
  static void advance(virtual_timer& clock, timer::clock::duration by,
                      std::span<deterministic_system* const> systems);

private:
  /// nullptr where time is somebody else's.
  std::shared_ptr<virtual_timer> clock_;
  std::unique_ptr<agent_system> system_;
};

} // namespace troupe
