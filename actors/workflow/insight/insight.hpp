#pragma once

#include "actors/workflow/event.hpp"
#include "actors/workflow/step_state.hpp"
#include "kernels/result.hpp"
#include "troupe/v1/run.pb.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::workflow {

/// What time was spent on, by an instance of a step or by a run.
enum class phase_kind : std::uint8_t {
  /// An attempt that completed its instance was with its agent, or was a run of its own.
  running,
  /// For resources; or its demand was free, but kept for others.
  resources,
  /// For one of the engine's places for attempts in flight.
  places,
  /// For the step's own `parallelism`.
  parallelism,
  /// Between a failed attempt and the time of its next one.
  back_off,
  /// An attempt that failed was with its agent.
  failed_attempts,
  /// An attempt that another one, begun beside it, overtook, until that one was begun.
  superseded_attempts,
  /// An attempt that gave its place up for one of a higher priority.
  preempted_attempts,
  /// An attempt that was lost with its process, and until somebody took the run over.
  lost_attempts,
  /// An attempt that nobody waited for any more, since its run ended or turned back.
  abandoned_attempts,
  timers,
  signals,
  /// For what was recorded to become durable.
  commit,
  /// Everything else: an answer on its way into the history, decisions.
  engine,
  /// The run undid what it had done.
  compensation
};
inline constexpr std::size_t phase_kinds = 15;
/// `back_off`, as in JSON.
[[nodiscard]] std::string_view name_of(phase_kind kind);
/// `waiting for resources`, for people.
[[nodiscard]] std::string_view describe(phase_kind kind);

/// Times are from the start of the run.
struct phase {
  phase_kind kind = phase_kind::engine;
  duration from{}, to{};
  /// 0: none.
  std::uint32_t attempt = 0;
};

enum class attempt_outcome : std::uint8_t {
  open,
  completed,
  failed,
  lost,
  abandoned,
  superseded,
  preempted
};
[[nodiscard]] std::string_view name_of(attempt_outcome outcome);

struct attempt_insight {
  std::uint32_t attempt = 0;
  attempt_outcome outcome = attempt_outcome::open;
  /// When it was wanted, as the history has it.
  duration scheduled{};
  /// When its agent was given it, and when its answer came; absent where that was not recorded.
  std::optional<duration> started, answered;
  /// When its end was recorded.
  std::optional<duration> ended;
  duration slot_wait{}, resource_wait{};
  std::vector<std::string> missing;
  std::uint64_t request_bytes = 0;
  /// Who had the run, where that was recorded.
  std::string owner, node_class;
  /// The node that it ran on, where it has a name and that was recorded with the attempt's end.
  std::string node;
  std::string child_run;
  std::optional<failure> why;
  /// Of a second attempt: the one beside which it was begun, for how long that had run, and for how long it might. 0: it is
  /// none.
  std::uint32_t beside = 0;
  duration beside_ran{}, allowed{};
  /// Of one that gave its place up: idempotency key of the one that needed it.
  std::string needed_by;
};

/// What an instance that is not closed waits for.
struct open_wait {
  enum class cause : std::uint8_t {
    dependencies,
    parallelism,
    attempt,
    back_off,
    timer,
    signal,
    child
  };
  cause why = cause::dependencies;
  /// Since when, from the start of the run.
  duration since{};
  /// Of `dependencies`: steps, at most `most_named_steps`; of `signal` its name; of `child` the run.
  std::vector<std::string> names;
  /// Of `back_off` and `timer`.
  std::optional<time_point> due;
};
inline constexpr std::size_t most_named_steps = 8;
[[nodiscard]] std::string_view name_of(open_wait::cause cause);

struct instance_insight {
  instance_id id;
  /// Its step in the definition.
  std::size_t step = 0;
  instance_status status = instance_status::blocked;
  /// When all that it needs was done.
  std::optional<duration> ready;
  /// What of that was done last; absent: it needs nothing, so it was ready from the start.
  std::optional<instance_id> after;
  std::optional<duration> closed;
  /// Without gaps from `ready` to the end.
  std::vector<phase> phases;
  std::vector<attempt_insight> attempts;
  /// Of what undoes it.
  std::vector<attempt_insight> compensations;
  /// Of one that is not closed, in a run that is not.
  std::optional<open_wait> waits;

  /// Time with agents that was not in vain.
  [[nodiscard]] duration useful() const;
};

/// What no way of running these steps beats, were each attempt as long as the one that completed its instance was.
struct run_bound {
  enum class kind : std::uint8_t { critical_path, work };
  kind binds = kind::critical_path;
  /// The longest chain of instances that wait for each other, and that chain.
  duration critical_path{};
  std::vector<instance_id> path;
  /// Work divided by what there is, for the resource of which that is most; absent where hosts are not in the history, or attempts ran
  /// on other nodes, too.
  std::optional<duration> work;
  /// `cpu`, ...; `places`: attempts in flight.
  std::string resource;

  [[nodiscard]] duration value() const { return binds == kind::work ? *work : critical_path; }
};

/// A part of the time between the bound and the makespan.
struct gap_part {
  phase_kind why = phase_kind::engine;
  /// On the chain that ended last.
  duration on_chain{};
  /// Its share of the gap.
  duration gap{};
};

/// What a history says of where the time went.
struct run_insight {
  std::string run_id;
  definition_ptr workflow;
  v1::RunStatus status = v1::RUN_STATUS_UNSPECIFIED;
  time_point started{};
  bool closed = false;
  /// From the start to the end, or to the moment that was asked about.
  duration makespan{};
  /// Each completed attempt has its times. Else those that have none count from when they were wanted, so that waits are
  /// in the bound.
  bool measured = true;
  /// In the order of the definition, then by index.
  std::vector<instance_insight> instances;
  run_bound bound;
  /// The instances that decided the makespan, each waiting for the one before it.
  std::vector<instance_id> chain;
  /// Not 0, the largest first. The sum of `gap` is `makespan - bound.value()`; of `on_chain`, with the time of agents on
  /// the chain, the makespan.
  std::vector<gap_part> gap;

  [[nodiscard]] duration gap_total() const { return makespan - bound.value(); }
  /// nullptr where there is none.
  [[nodiscard]] const instance_insight* find(const instance_id& name) const;
};

/// Finds out from a run's history alone where its time went. Pure; takes time in events and in edges between steps times
/// their instances. The clock of a history may have been set back: times never go back here.
///
/// The gap: whatever ended last is followed back, from each instance to what it waited for last, which makes a chain that
/// covers the whole run. What agents did in vain or did not do on it is the gap and what the bound has more than the
/// chain; that is taken off waits for resources and places first where work binds, and off all parts alike else.
/// @param now of a run that is not closed: its end so far.
/// @returns `history_mismatch`.
[[nodiscard]] result<run_insight> analyse(std::span<const event> history,
                                          std::optional<time_point> now = {});

} // namespace troupe::workflow
