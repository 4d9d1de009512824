#pragma once

#include "actors/scheduling/online/known_workflow.hpp"
#include "actors/scheduling/online/online_policy.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace troupe::scheduling {

/// A workflow of a simulated stream.
struct simulated_workflow {
  std::shared_ptr<const known_workflow> known;
  double arrival_seconds = 0;
  /// True run time / estimate, wherever it runs; the policy learns of it when the task is finished. [tasks]
  std::vector<double> factors;
};

/// What happened in a simulation.
struct online_event {
  enum class what : std::uint8_t { arrive, assign, start, finish };

  double seconds = 0;
  what kind = what::arrive;
  /// The task is 0 where a workflow arrives.
  task_key key;
  /// 0 where a workflow arrives.
  std::uint32_t slot = 0;

  friend bool operator==(const online_event&, const online_event&) = default;
};

/// What came out.
struct simulation {
  /// When the last task of each workflow ended, in seconds. [workflows]
  std::vector<double> ends;
  /// Seconds that slots were busy, by kind.
  std::array<double, 2> busy_seconds{};
  /// Tasks that a policy left for ever; 0 unless the policy is wrong.
  std::uint64_t left_over = 0;
};

/// Runs a stream of workflows on a cluster under virtual time. What happens at one time is in one order: finishes by workflow
/// and task, arrivals by workflow, one decision of the policy, starts by slot. A slot's queue is first in, first out; its head
/// starts when the slot is free, its inputs are there and its node has the memory. The same input gives the same events on
/// every machine.
/// @param tell is called for every event, in order; may be empty.
[[nodiscard]] simulation simulate(const cluster& on,
                                  const std::vector<simulated_workflow>& workflows,
                                  online_policy& policy,
                                  const std::function<void(const online_event&)>& tell = {});

/// {"t": 1.5, "e": "assign", "w": 0, "k": 3, "s": 7}, without a line's end.
[[nodiscard]] std::string to_json_line(const online_event& event);

} // namespace troupe::scheduling
