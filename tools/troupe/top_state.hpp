#pragma once

#include "actors/workflow/live/snapshot_board.hpp"
#include "actors/workflow/store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cli {

/// Why a step of a run does not go on, or what it is at.
struct top_wait {
  /// `read[3]`; the instance's step and index.
  std::string step;
  std::uint32_t index = 0;
  /// `signal`, `timer`, `back_off`, `parallelism`, `child`; of an attempt as its process says it: `slot`, `resources`,
  /// `reserved`, `limit_concurrency`, `limit_rate`, `uncommitted`, `at_work`; where that says nothing, `attempt`.
  std::string reason;
  std::chrono::system_clock::time_point since{};
  /// The signal, the other run, what is missing, the agent; for people.
  std::string detail;
  /// When it is over, of those that have a time.
  std::optional<std::chrono::system_clock::time_point> due;
  /// It is older than it should be.
  bool alarm = false;
};

struct top_run {
  workflow::run_entry entry;
  /// Its history was read; else nothing is known of what follows.
  bool looked_at = false;
  std::int32_t priority = 0;
  std::string tenant;
  /// The instances of its steps that are known so far.
  std::size_t steps = 0, steps_done = 0, steps_failed = 0;
  /// The one that has waited longest.
  std::optional<top_wait> wait;
};

struct top_node {
  workflow::node_snapshot what;
  std::chrono::nanoseconds age{};
  /// Since the last look.
  std::optional<double> steps_per_second;
};

struct top_failure {
  workflow::run_entry run;
  std::string type, message;
};

struct top_totals {
  /// Open runs that fit the filter.
  std::size_t running = 0, compensating = 0;
  /// There are more.
  bool open_cut = false;
  /// Closed within the window.
  std::size_t completed = 0, failed = 0, cancelled = 0;
  bool closed_cut = false;
  /// Runs closed, and steps completed; absent at the first look.
  std::optional<double> runs_per_second, steps_per_second;
  /// Attempts that agents have, as processes say.
  std::size_t at_work = 0;
  /// Attempts that wait in processes, by `node_snapshot::queue::name`.
  std::map<std::string, std::size_t> queued;
  /// Instances of the runs whose histories were read, by what they wait for.
  std::map<std::string, std::size_t> waiting;
  std::size_t looked_at = 0;
  /// Open runs whose processes say nothing of themselves: they have ended, have just begun, or do not post.
  std::size_t runs_unseen = 0;
};

/// What `troupe top` shows, at one moment.
struct top_state {
  std::string store;
  std::chrono::system_clock::time_point time{};
  std::chrono::nanoseconds window{};
  top_totals totals;
  std::vector<top_node> nodes;
  /// Why some process cannot be seen.
  std::vector<std::string> unreadable;
  /// In order.
  std::vector<top_run> runs;
  /// The last first.
  std::vector<top_failure> failures;
};

enum class top_order { age, waiting, priority, workflow, status };
inline constexpr std::size_t top_orders = 5;

/// What is to be shown.
struct top_query {
  /// Statuses, workflow and tags count.
  workflow::run_filter filter;
  std::optional<std::string> tenant;
  top_order order = top_order::age;
  std::size_t most_runs = 50;
  std::chrono::nanoseconds window = std::chrono::minutes{10};
  std::chrono::nanoseconds alarm_after = std::chrono::seconds{60};
};

/// Puts the runs in order: those of which nothing is known last, the oldest first where all else is equal.
void sort_runs(std::vector<top_run>& runs, top_order by);

} // namespace troupe::cli
