#pragma once

#include "actors/scheduling/online/known_workflow.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace troupe::scheduling {

/// A task that was assigned to a slot and has not started.
struct queued_task {
  task_key key;
  /// When its inputs are on the slot's node, in seconds.
  double data_at = 0;
};

/// One slot and what is known of it.
struct slot_state {
  bool busy = false;
  /// What runs, if anything does.
  task_key running;
  /// Of what runs: when it started, and when it ends by the estimate; in seconds.
  double started = 0;
  double expected_end = 0;
  /// First in, first out; no task leaves it.
  std::deque<queued_task> queue;
  /// Sum of the estimates of the queue, added from its head, in seconds.
  double queued_seconds = 0;

  [[nodiscard]] bool idle() const { return !busy && queue.empty(); }
};

/// Everything that may be known while workflows run on a cluster: which task is where, and what the estimates say. Whoever
/// runs the tasks (a simulator, an engine) tells it what happens; policies read it. It does not know true run times before
/// they are over. Sums go from left to right, so equal histories give equal doubles. Not thread-safe; one owner.
class online_state {
public:
  /// @param on must outlive this.
  explicit online_state(const cluster& on);

  // What a policy reads.

  [[nodiscard]] const cluster& on() const { return on_; }
  /// Seconds from the start of whoever runs the tasks.
  [[nodiscard]] double now() const { return now_; }
  [[nodiscard]] const known_workflow& known(std::uint32_t workflow) const {
    return *workflows_[workflow].known;
  }
  /// When a workflow arrived, in seconds.
  [[nodiscard]] double arrival(std::uint32_t workflow) const {
    return workflows_[workflow].arrival;
  }
  /// Sum of the least estimates of the tasks that have not finished, in seconds.
  [[nodiscard]] double remaining_seconds(std::uint32_t workflow) const {
    return workflows_[workflow].remaining;
  }
  /// Sum of the true run times of the tasks that have finished, in seconds.
  [[nodiscard]] double attained_seconds(std::uint32_t workflow) const {
    return workflows_[workflow].attained;
  }
  [[nodiscard]] std::span<const slot_state> slots() const { return slots_; }
  /// Slots on which nothing runs or waits.
  [[nodiscard]] std::uint32_t idle_slots() const { return idle_; }
  /// The same of one pool.
  [[nodiscard]] std::uint32_t idle_in_pool(std::uint32_t pool) const { return idle_in_pool_[pool]; }
  /// When a slot is free of what runs and waits there, by the estimates; what is overdue counts as ending now.
  [[nodiscard]] double available(std::uint32_t slot) const {
    const slot_state& at = slots_[slot];
    return (!at.busy || at.expected_end < now_ ? now_ : at.expected_end) + at.queued_seconds;
  }
  /// Memory of what runs and waits on a node.
  [[nodiscard]] std::uint64_t claimed_bytes(std::uint32_t node) const { return claimed_[node]; }
  [[nodiscard]] bool has_memory(std::uint32_t node, std::uint64_t bytes) const {
    return claimed_[node] + bytes <= on_.nodes()[node].memory_bytes;
  }
  /// Longest transfer of a ready task's inputs to a node, in seconds.
  [[nodiscard]] double transfer_seconds(task_key key, std::uint32_t node) const;
  /// Estimate of a task on a slot in seconds, `never` where it may not run.
  [[nodiscard]] double seconds(task_key key, std::uint32_t slot) const {
    return known(key.workflow).costs.seconds(key.task, on_.pool_of(slot));
  }
  /// Tasks that run or wait in a slot's queue.
  [[nodiscard]] std::uint64_t placed() const { return placed_; }

  // What whoever runs the tasks tells it. Ready tasks are appended to `ready`, by number.

  /// Time goes on; never back.
  void set_now(double seconds) { now_ = seconds; }
  /// @param workflow a number that has not arrived before.
  void arrive(std::uint32_t workflow, std::shared_ptr<const known_workflow> known,
              std::vector<task_key>& ready);
  /// A ready task joins the queue of a slot where it may run.
  void assign(task_key key, std::uint32_t slot);
  /// When the head of a slot's queue has its inputs; `never` where it may not start for another reason: the slot is busy, its
  /// queue is empty.
  [[nodiscard]] double head_data_at(std::uint32_t slot) const;
  /// Whether the node of a slot has memory free for the head of its queue, counting only what runs.
  [[nodiscard]] bool head_fits(std::uint32_t slot) const;
  /// The head of a slot's queue starts now.
  void start(std::uint32_t slot);
  /// What runs on a slot ends now.
  void finish(std::uint32_t slot, std::vector<task_key>& ready);
  /// Tasks of a workflow that have not finished.
  [[nodiscard]] std::uint32_t unfinished(std::uint32_t workflow) const {
    return workflows_[workflow].unfinished;
  }

private:
  struct workflow_state {
    std::shared_ptr<const known_workflow> known;
    double arrival = 0;
    double remaining = 0;
    double attained = 0;
    std::uint32_t unfinished = 0;
    /// Predecessors that have not finished; by task.
    std::vector<std::uint32_t> left;
    /// Node of each finished or running task.
    std::vector<std::uint32_t> node;
  };

  void set_idle(std::uint32_t slot, bool was);
  [[nodiscard]] std::uint64_t memory_of(task_key key) const {
    return known(key.workflow).costs.memory_bytes(key.task);
  }

  const cluster& on_;
  double now_ = 0;
  std::vector<workflow_state> workflows_;
  std::vector<slot_state> slots_;
  /// By node: memory of what runs, and of what runs or waits.
  std::vector<std::uint64_t> used_, claimed_;
  std::vector<std::uint32_t> idle_in_pool_;
  std::uint32_t idle_ = 0;
  std::uint64_t placed_ = 0;
};

} // namespace troupe::scheduling
