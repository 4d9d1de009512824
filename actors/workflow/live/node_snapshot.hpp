#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::workflow {

/// So much of each list is in a snapshot; what is more is in its totals.
struct snapshot_bounds {
  static constexpr std::size_t resources = 24;
  static constexpr std::size_t attempts = 32;
  static constexpr std::size_t tenants = 32;
  static constexpr std::size_t keys = 32;
  /// Entries that are looked at, of queues and tables that may be long: what is not there is not found.
  static constexpr std::size_t looked_at = 10'000;
  /// Of a name or a text; what is longer is cut.
  static constexpr std::size_t text_bytes = 300;
};

/// What an engine has at work and what waits there, at one moment. Plain data.
struct node_snapshot {
  using time_point = std::chrono::system_clock::time_point;

  /// As the entries of its runs name it.
  std::string owner;
  std::string node_class, policy;
  /// The process that it is in; an engine does not say them.
  std::string host;
  std::int64_t process = 0;
  /// Since when there is this engine, and when this was so.
  time_point began{}, taken{};
  std::size_t runs = 0;
  /// Attempts that agents have, and how many may be.
  std::size_t in_flight = 0, places = 0;
  std::chrono::nanoseconds last_commit{};

  /// Since the engine began.
  struct counters {
    std::uint64_t runs_begun = 0, runs_taken_over = 0;
    std::uint64_t runs_completed = 0, runs_failed = 0, runs_cancelled = 0;
    std::uint64_t attempts_begun = 0, steps_completed = 0, attempts_failed = 0;
    std::uint64_t events = 0;
    bool operator==(const counters&) const = default;
  } counted;

  /// `cpu` in thousandths, memory in bytes.
  struct resource {
    std::string name;
    std::uint64_t capacity = 0, used = 0;
    bool operator==(const resource&) const = default;
  };
  std::vector<resource> resources;

  /// Attempts that are wanted and not at work: `commit` until what scheduled them is durable, `slot` for a place,
  /// `resources` with a demand (which they wait for, or for a place), `limit` for room at their keys,
  /// `uncommitted` until fewer effects of their run are not durable.
  struct queue {
    std::string name;
    std::size_t count = 0;
    /// When the one that has waited longest began to; absent where nobody waits or that is not known.
    std::optional<time_point> oldest{};
    bool operator==(const queue&) const = default;
  };
  std::vector<queue> queues;

  struct attempt {
    std::string run, step;
    std::uint32_t index = 0, number = 1;
    bool compensation = false;
    /// Since when it waits, or is at work.
    time_point since{};
    /// Of one that waits: `slot`, `resources`, `reserved`, `limit_concurrency`, `limit_rate`, `uncommitted`. Of one at work
    /// its agent.
    std::string what;
    /// For people: what is missing, who holds it; of one at work what it holds.
    std::string detail;
    bool operator==(const attempt&) const = default;
  };
  /// Those that wait longest, and those that are at work for longest.
  std::vector<attempt> waiting, at_work;

  struct tenant {
    std::string name;
    double weight = 1;
    std::size_t in_flight = 0, waiting = 0;
    bool operator==(const tenant&) const = default;
  };
  std::vector<tenant> tenants;
  std::size_t tenants_known = 0;

  /// A key of limits.
  struct key {
    std::string name;
    std::size_t held = 0, waiting = 0;
    /// When its rate has all its room again; absent where it has.
    std::optional<time_point> full{};
    bool operator==(const key&) const = default;
  };
  std::vector<key> keys;
  std::size_t keys_known = 0;

  bool operator==(const node_snapshot&) const = default;
};

} // namespace troupe::workflow
