#pragma once

#include "actors/workflow/store_watch.hpp"
#include "tools/troupe/progress.hpp"

#include <chrono>
#include <string>

namespace troupe::cli {

/// Shows on standard error how far work on a store has come, and ends it at Ctrl-C.
class store_progress {
public:
  explicit store_progress(progress_mode mode);
  ~store_progress() { end(); }
  store_progress(const store_progress&) = delete;
  store_progress& operator=(const store_progress&) = delete;

  /// Lives at most as long as this.
  [[nodiscard]] workflow::store_watch watch();
  /// Before anything else is printed.
  void end();

private:
  void show(std::string_view what, std::uint64_t done, std::uint64_t of);

  progress_mode mode_;
  bool drawn_ = false;
  std::string last_what_;
  std::chrono::steady_clock::time_point next_{};
};

} // namespace troupe::cli
