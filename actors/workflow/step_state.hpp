#pragma once

#include "actors/workflow/event.hpp"
#include "actors/workflow/fifo.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::workflow {

/// Where an instance of a step stands.
enum class instance_status : std::uint8_t {
  /// Something it needs is not done.
  blocked,
  /// Nothing is missing any more; whether it is to be done is not recorded yet.
  undecided,
  /// Waits for the step's parallelism.
  ready,
  /// An attempt is wanted, but not recorded yet.
  wanted,
  /// An attempt is in flight.
  running,
  /// Waits for the time of its next attempt.
  backing_off,
  /// Of a step that is a timer or a signal: waits for it.
  waiting,
  completed,
  failed,
  /// Its condition was false, or it reads a reply of an instance that has none.
  skipped
};

/// An attempt in flight that is not the last one.
struct attempt_beside {
  /// 0: there is none.
  std::uint32_t attempt = 0;
  std::uint64_t token = 0;
};

/// One instance of a step.
struct instance_state {
  instance_status status = instance_status::blocked;
  /// Of its attempts, those that gave their place up, and those that were begun beside another one; both count to their end.
  std::uint8_t preemptions = 0;
  std::uint16_t second_attempts = 0;
  /// Needs of the same index that are not done.
  std::uint32_t needs_left = 0;
  /// Attempts so far, the lost ones included; while `wanted` the one that is wanted.
  std::uint32_t attempts = 0;
  /// Attempts that failed.
  std::uint32_t failures = 0;
  /// Of the last attempt, wanted or in flight; 0: it has failed while `beside` is in flight.
  std::uint64_t token = 0;
  /// While a second attempt is in flight: the one before it. Alone where the second has ended.
  attempt_beside beside{};
  std::optional<time_point> first_scheduled;
  /// Of the next attempt, or of the timer.
  std::optional<time_point> retry_time;
  std::optional<time_point> closed;
  std::optional<failure> last_failure;
  message_ptr reply;
  /// What a failed attempt said last about how far it had come.
  message_ptr details;
  /// Of a step that is a run of its own: the last one that was started.
  std::string child_run;

  /// Of an instance that is `running`.
  [[nodiscard]] bool has_in_flight(std::uint32_t attempt, std::uint64_t of_token) const {
    return of_token != 0 && ((attempt == attempts && of_token == token) ||
                             (attempt == beside.attempt && of_token == beside.token));
  }
  [[nodiscard]] bool has_two_in_flight() const { return token != 0 && beside.attempt != 0; }
};

/// A step and its instances.
struct step_state {
  std::vector<instance_state> instances;
  /// What undoes each of them; empty until the run compensates. `blocked` where nothing is to be undone.
  std::vector<instance_state> compensations;
  /// The number of instances is known.
  bool expanded = false;
  bool done = false;
  /// Instances that the run has still to wait for.
  std::size_t instances_left = 0;
  /// Needs that must be done as a whole and are not.
  std::size_t whole_needs_left = 0;
  /// Needs of either kind that are not done as a whole.
  std::size_t needs_left = 0;
  /// Instances wanted, in flight or waiting: what `parallelism` bounds.
  std::size_t active = 0;
  /// Ready instances in the order they became so.
  fifo<std::uint32_t> queue;
};

} // namespace troupe::workflow
