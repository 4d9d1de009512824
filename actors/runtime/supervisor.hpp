#pragma once

#include "actors/runtime/agent.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace troupe {

/// What a supervisor does about a child that has spent its own restart budget.
enum class supervision_strategy : std::uint8_t {
  /// Makes that child anew, with a fresh budget.
  one_for_one,
  /// Makes all of its children anew, and theirs: for agents that rely on each other's state.
  one_for_all,
  /// Leaves that child down.
  give_up
};

/// A supervisor above agents and other supervisors. An agent names its own in `agent_options::supervisor`. Every key of
/// an agent type is a child of its own.
struct supervisor {
  /// Letters, digits, '.', '_', '-'.
  std::string name;
  /// The supervisor above, added before; empty for the system.
  std::string parent{};
  supervision_strategy strategy = supervision_strategy::one_for_one;
  /// How many children it makes anew within a window, and after how long. When that is spent, this supervisor has failed
  /// itself: its parent makes it anew with all its children, or leaves them all down.
  restart_policy budget{.max_restarts = 3,
                        .window = std::chrono::minutes{5},
                        .initial_backoff = std::chrono::milliseconds{500},
                        .backoff_coefficient = 2.0,
                        .maximum_backoff = std::chrono::seconds{30}};
};

/// An agent spent its restart budget, and what came of it.
struct escalation {
  agent_name agent;
  /// What it threw last.
  std::string why;
  /// The supervisor that decided; empty for the system, which leaves down what no supervisor makes anew.
  std::string decided_by;
  /// The supervisor whose children, and theirs, the decision is about; empty for `agent` alone.
  std::string about;
  /// Whether they are made anew; else they stay down.
  bool restarted = false;
};

/// Told of every escalation, on a thread of the runtime: it must not block. What it throws is logged and dropped.
using escalation_callback = std::function<void(const escalation&)>;

} // namespace troupe
