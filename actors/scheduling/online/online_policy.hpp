#pragma once

#include "actors/scheduling/online/online_state.hpp"
#include "actors/scheduling/online/ready_order.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace troupe::scheduling {

/// Where a policy puts its answers.
class assigner {
public:
  virtual ~assigner() = default;
  /// The task joins the queue of the slot; the state shows it at once.
  virtual void assign(task_key key, std::uint32_t slot) = 0;
};

/// Decides while workflows run which ready task goes to which slot. It is told what happens, and asked once after all that
/// happened at one time; it sees estimates, never a true run time before it is over, and knows neither clock nor simulator.
/// One object serves one state. Not thread-safe; called by the owner of the state.
class online_policy {
public:
  virtual ~online_policy() = default;
  /// A workflow has arrived; its first tasks are announced next.
  virtual void arrived(const online_state&, std::uint32_t /*workflow*/) {}
  /// All producers of a task have finished. Not assigned before the next `decide`.
  virtual void ready(const online_state&, task_key) = 0;
  /// A task ended now on a slot; its successors are announced next.
  virtual void finished(const online_state&, task_key, std::uint32_t /*slot*/) {}
  /// Assigns ready tasks; those that it leaves are asked for again.
  virtual void decide(const online_state&, assigner&) = 0;
};

/// A policy by name.
struct online_policy_entry {
  std::string_view name;
  /// One sentence for people.
  std::string_view summary;
  std::unique_ptr<online_policy> (*make)();
  /// Who goes first, for whoever has one node and really runs tasks.
  ready_order (*order)();
};

/// All of them; the first is the default. They live as long as the program.
[[nodiscard]] std::span<const online_policy_entry> online_policies();

/// @returns `unknown_policy`, with the nearest name or all of them.
[[nodiscard]] result<const online_policy_entry*> find_online_policy(std::string_view name);

std::unique_ptr<online_policy> make_fifo_policy();
std::unique_ptr<online_policy> make_eft_late_policy();
std::unique_ptr<online_policy> make_eft_policy();
std::unique_ptr<online_policy> make_round_robin_policy();
std::unique_ptr<online_policy> make_rank_policy();
std::unique_ptr<online_policy> make_srpt_policy();
std::unique_ptr<online_policy> make_las_policy();
std::unique_ptr<online_policy> make_aged_srpt_policy();

} // namespace troupe::scheduling
