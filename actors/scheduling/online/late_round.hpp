#pragma once

#include "actors/scheduling/online/online_policy.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::scheduling {

/// One round of late binding: tasks come in the order of their priority, and each takes the slot where it would finish first by
/// the estimates, if that slot is idle; otherwise the estimate is promised to that slot for this round and the task waits, so
/// that those behind it do not count on the slot. A task is thus not bound to a slot that is late. Not thread-safe; keeps its
/// buffers from round to round.
class late_round {
public:
  struct options {
    /// A task that has run for longer than its estimate is expected to need this part of the time it has run more; 0 takes it
    /// as ending now.
    double overdue = 0;
    /// Whether a task that waits keeps the memory of the node that it waits for from those behind it.
    bool promise_memory = false;
  };
  /// Which slots are kept from which tasks.
  class keeper {
  public:
    virtual ~keeper() = default;
    /// Whether a task of so many seconds may take an idle slot of a pool.
    [[nodiscard]] virtual bool allows(std::uint32_t pool, double seconds) const = 0;
    /// It has taken it.
    virtual void taken(std::uint32_t pool, double seconds) = 0;
  };

  late_round() = default;
  explicit late_round(options with) : options_{with} {}

  /// Forgets what was promised.
  void begin(const online_state& state);
  /// @param kept nothing where every slot is for every task.
  /// @returns whether the task was assigned.
  bool place(const online_state& state, assigner& out, task_key key, keeper* kept = nullptr);
  /// When a slot is expected to be free of what runs and waits there, in seconds.
  [[nodiscard]] double available(const online_state& state, std::uint32_t slot) const;

private:
  struct place_found {
    double finish = never;
    double seconds = 0;
    std::uint32_t pool = 0;
    std::uint32_t slot = 0;
  };
  /// When memory is given back.
  struct memory_end {
    double at = 0;
    std::uint64_t bytes = 0;
  };
  /// What is known of a node's memory in this round.
  struct node_memory {
    std::uint64_t promised = 0;
    /// In the order of time.
    std::vector<memory_end> ends;
    bool known = false;
  };

  /// Finds the slot of a pool that is free first, with what is promised.
  void find_first_free(const online_state& state, std::uint32_t pool);
  /// Where the task may run and finish first if all its inputs were everywhere and nothing lacked memory.
  [[nodiscard]] std::uint32_t nearest_pool(std::span<const double> row) const;
  /// When a task can start on the first free slot of a pool, with its inputs and memory.
  [[nodiscard]] double start_in(const online_state& state, task_key key, std::uint32_t pool);
  [[nodiscard]] place_found best_place(const online_state& state, task_key key);
  [[nodiscard]] double running_end(const online_state& state, std::uint32_t slot) const;
  [[nodiscard]] double memory_at(const online_state& state, std::uint32_t node,
                                 std::uint64_t bytes);
  const std::vector<memory_end>& ends_of(const online_state& state, std::uint32_t node);

  options options_;
  std::vector<double> promised_seconds_;
  /// By pool: when its first slot is free, in seconds, and which slot that is.
  std::vector<double> free_at_;
  std::vector<std::uint32_t> free_slot_;
  std::vector<node_memory> memory_;
  /// Number of the first slot of each node.
  std::vector<std::uint32_t> first_slot_;
};

/// Tasks that one round of late binding looks at.
inline constexpr std::size_t late_window = 64;

/// Where nothing runs or waits and nothing was assigned in a round: the first task goes to the first slot of its least cost,
/// so that no task waits for ever. It may still wait there for its inputs.
void force(const online_state& state, assigner& out, task_key key);

} // namespace troupe::scheduling
