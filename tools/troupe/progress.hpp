#pragma once

#include "tools/troupe/run_view.hpp"
#include "troupe/v1/history.pb.h"

#include <map>
#include <mutex>
#include <string>

namespace troupe::cli {

/// How work under way is shown, always on standard error.
enum class progress_mode {
  /// A bar where standard error is a terminal, else lines.
  automatic,
  bar,
  lines,
  none,
};

/// Names of the modes as an option takes them.
[[nodiscard]] const std::map<std::string, progress_mode>& progress_modes();

/// Shows how a run advances. `on_event` and `on_tick` may come from two threads.
class progress {
public:
  explicit progress(progress_mode mode);
  ~progress() { end(); }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// One line for each step that closed and each recovery (mode lines), for each failed attempt (mode bar).
  void on_event(const std::string& run_id, const v1::Event& event);
  /// Redraws the bar (mode bar).
  void on_tick(const v1::RunSummary& run);
  /// Ends the bar's line, before anything else is printed.
  void end();
  [[nodiscard]] bool wants_ticks() const { return mode_ == progress_mode::bar; }

private:
  progress_mode mode_;
  std::mutex mutex_;
  bool drawn_ = false;
};

} // namespace troupe::cli
