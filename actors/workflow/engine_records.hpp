#pragma once

#include "actors/scheduling/limits/key_limits.hpp"
#include "actors/scheduling/placement/placing.hpp"
#include "actors/scheduling/resources/waiting_line.hpp"
#include "actors/workflow/engine.hpp"
#include "actors/workflow/event_list.hpp"
#include "actors/workflow/machine.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::workflow {

/// What an engine core keeps of its runs, of their attempts and of its timers; names for the core alone.
struct engine_records {
  /// Told whether what was asked is durable.
  using on_commit = std::function<void(result<void>)>;
  /// Told once, when the run is closed or the engine gives up.
  using on_end = ended_callback;
  using on_close = std::function<void(result<v1::RunSummary>)>;
  /// Told once, when it is durable.
  using on_cancel = std::function<void(result<cancellation>)>;
  using on_signal = std::function<void(result<signal_outcome>)>;

  class pulse;
  struct flight;
  struct started_attempt {
    std::string run_id;
    attempt_id attempt;
    time_point scheduled;
    /// `full_time` then.
    duration full_before{};
    /// Resources of which there was not enough when it could not start at once.
    std::vector<std::string> missing{};
    /// What it holds of its keys; 0: nothing.
    scheduling::key_limits::hold_id keys = 0;
    /// Number of its tenant, and what that was charged for it.
    std::uint64_t tenant = 0;
    double charged = 0;
    /// Where it is to run, once that was picked.
    scheduling::node_number node = 0;
  };
  struct step_plan;
  struct run_plan;
  /// What attempts of a step are expected to take, in seconds, by classes of nodes.
  struct step_costs {
    /// Keeps the step where it is.
    definition_ptr workflow;
    std::map<std::string, double> seconds{};
    /// Something was measured or declared.
    bool known = false;
    std::uint64_t version = 0;
    std::size_t uses = 0;
  };
  /// Waiting attempts by priority, the highest first, then by their number.
  using waiting_key = scheduling::waiting_line::key;

  struct retry_timer {
    std::string run_id;
    instance_id instance;
    std::uint32_t attempt = 0;
  };
  /// `schedule_to_close` of an instance.
  struct close_timer {
    std::string run_id;
    instance_id instance;
  };
  /// `schedule_to_start` of a waiting attempt.
  struct start_timer {
    waiting_key waiting;
  };
  /// `start_to_close`, or what stands for it, of an attempt in flight.
  struct deadline_timer {
    std::shared_ptr<flight> late;
  };
  /// Of an attempt in flight beside which another one may be begun.
  struct straggler_timer {
    std::shared_ptr<flight> late;
  };
  struct heartbeat_timer {
    std::shared_ptr<flight> quiet;
  };
  /// Of an instance that waits for its time.
  struct wait_timer {
    std::string run_id;
    instance_id instance;
  };
  /// The run's deadline, or the end of the time for which it waits before it is cancelled.
  struct run_timer {
    std::string run_id;
  };
  using timer = std::variant<retry_timer, close_timer, start_timer, deadline_timer, heartbeat_timer,
                             wait_timer, run_timer, straggler_timer>;
  using timers = std::multimap<time_point, timer>;

  /// What happened in a run and is not durable.
  struct unsettled {
    /// Serialised, until the committer has them.
    event_list events;
    /// Scheduled by these events and not started.
    std::vector<attempt_id> to_start;
    /// Begun by these events beside others, and not started.
    std::unique_ptr<std::vector<attempt_id>> seconds;
    /// So many of the attempts that these events scheduled were started all the same.
    std::uint32_t started_ahead = 0;
    /// Attempts whose ends are among these events.
    std::uint32_t ended = 0;
    std::vector<on_commit> told_on_commit;
  };
  struct live_run {
    machine state;
    /// Tells it from another run of the same id, once this one was dropped.
    std::uint64_t serial = 0;
    std::uint64_t epoch = 1;
    /// Number of the last event that is durable, and of the last one that the committer has.
    std::uint64_t committed = 0, handed = 0;
    /// Of all events that the committer has, or had.
    std::uint64_t history_bytes = 0;
    /// Attempts that were begun and whose end is not durable; those started before they were durable.
    std::uint32_t uncommitted = 0, ahead = 0;
    /// Its name is in `dirty_`.
    bool dirty = false;
    /// For the next commit.
    unsettled pending;
    /// Of the instances that have begun and are not closed, where their step has such a limit.
    std::map<instance_id, timers::iterator> close_timers;
    /// Of the instances that wait for their time.
    std::map<instance_id, timers::iterator> wait_timers;
    /// The one of the run itself.
    std::optional<timers::iterator> end_timer;
    /// Of the attempts that agents have, by their tokens.
    std::map<std::uint64_t, std::shared_ptr<pulse>> pulses;
    /// Attempts of steps that are spread, by the nodes that began them; nullptr: there was none.
    std::unique_ptr<std::map<scheduling::node_number, std::uint32_t>> spread;
    /// What a policy is told of it; nullptr while none asked.
    std::unique_ptr<run_plan> plan;

    live_run();
    ~live_run();
  };
  /// What the committer has of a run.
  struct handed_over {
    std::string run_id;
    std::uint64_t serial = 0;
    unsettled what;
  };
  struct waiter {
    std::uint64_t number = 0;
    on_end then;
  };
  struct waiting_attempt {
    started_attempt wanted;
    std::optional<timers::iterator> start_by;
  };
  using waiting_attempts = std::map<waiting_key, waiting_attempt>;
};

} // namespace troupe::workflow
