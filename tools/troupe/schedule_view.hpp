#pragma once

#include "actors/workflow/cron/schedule_runner.hpp"
#include "troupe/v1/history.pb.h"

#include <mutex>
#include <string>
#include <vector>

namespace troupe::cli {

/// A line about a run that was started, or was not.
[[nodiscard]] std::string describe(const workflow::cron::schedule_event& event,
                                   std::chrono::system_clock::time_point now, bool json);

/// Prints when each schedule is due next. @returns false when nobody can read it.
[[nodiscard]] bool print_next(const std::vector<workflow::cron::schedule>& schedules,
                              std::size_t count, bool json);

/// The ends of runs that schedules started, told on the engine's thread and printed on another.
class event_lines {
public:
  explicit event_lines(std::vector<workflow::cron::schedule> schedules)
      : schedules_(std::move(schedules)) {}

  void take(const std::string& run_id, const v1::Event& event);
  [[nodiscard]] std::vector<std::string> take_lines(bool json);

private:
  struct ended_run {
    std::string schedule, run_id, how, why;
    std::chrono::system_clock::time_point time;
  };

  std::vector<workflow::cron::schedule> schedules_;
  std::mutex mutex_;
  std::vector<ended_run> ended_;
};

} // namespace troupe::cli
