#pragma once

#include "actors/workflow/event.hpp"
#include "actors/workflow/fifo.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::workflow {

/// Where an instance of a step stands.
enum class instance_status {
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

/// One instance of a step.
struct instance_state {
  instance_status status = instance_status::blocked;
  /// Needs of the same index that are not done.
  std::uint32_t needs_left = 0;
  /// Attempts so far, the lost ones included; while `wanted` the one that is wanted.
  std::uint32_t attempts = 0;
  /// Attempts that failed.
  std::uint32_t failures = 0;
  /// Of the attempt that is wanted or in flight.
  std::uint64_t token = 0;
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
