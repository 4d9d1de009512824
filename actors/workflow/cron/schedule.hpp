#pragma once

#include "actors/workflow/cron/cron_times.hpp"
#include "actors/workflow/diagnostic.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace troupe::workflow::cron {

/// What comes of a run that is due while an earlier one of its schedule is open.
enum class overlap_policy {
  /// It is not started.
  skip,
  /// Both are at work.
  allow,
  /// The earlier one is cancelled.
  cancel
};

/// What comes of runs that were due while nobody looked.
enum class catch_up_policy { none, latest, all };

/// One schedule of a file.
struct schedule {
  std::string name;
  /// The file of its definition, as it is written.
  std::string workflow;
  /// `NAME=VALUE`.
  std::vector<std::string> inputs;
  /// As it is written.
  std::string text;
  expression when;
  zone in;
  /// Each run is started up to so much later than it is due, by its id.
  std::chrono::milliseconds jitter{};
  catch_up_policy catch_up = catch_up_policy::none;
  /// What was due longer ago than this is not caught up with.
  std::chrono::nanoseconds catch_up_window = std::chrono::hours{24};
  overlap_policy overlap = overlap_policy::skip;
  std::int32_t priority = 0;
  /// 0: that of the definition.
  std::chrono::nanoseconds deadline{};
  /// For whom its runs are; empty: the one without a name.
  std::string tenant{};
};

struct schedule_limits {
  static constexpr std::size_t schedules = 1'000;
  /// Of a name: room for the time in the id of a run.
  static constexpr std::size_t name_bytes = 64;
  static constexpr std::chrono::hours longest_window{24 * 31};
  static constexpr std::chrono::hours longest_jitter{24};
  /// Missed runs of one schedule that are caught up with.
  static constexpr std::size_t caught_up = 1'000;
};

/// Reads a file of schedules: a mapping `schedules:` of names to what they are.
/// @param file_name only named in diagnostics.
/// @returns every mistake, with its place.
[[nodiscard]] tl::expected<std::vector<schedule>, diagnostics>
load_schedules(std::string_view yaml, const std::string& file_name);

/// The id of the run that is due then: always the same, so that whoever starts it, it is one run. `NAME.20261127T0930Z`.
[[nodiscard]] std::string run_id_of(const schedule& of, minute_point due);
/// When the run of this id was due; absent where it is none of the schedule's.
[[nodiscard]] std::optional<minute_point> due_of(const schedule& of, std::string_view run_id);
/// When the run is started: by its id a while after it is due, less than the jitter.
[[nodiscard]] std::chrono::system_clock::time_point start_of(const schedule& of, minute_point due);

} // namespace troupe::workflow::cron
