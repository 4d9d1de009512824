#pragma once

#include <csignal>

namespace troupe::cli {

/// Turns SIGINT and SIGTERM into a request to end cleanly. The second signal ends the process at once with status 130.
/// One instance per process, made by main before any thread starts; SIGPIPE is ignored so that a closed pipe is a
/// write error.
class interrupt {
public:
  interrupt();

  /// Whether a signal has come. Any thread.
  [[nodiscard]] static bool requested();

  /// What the second signal calls before it ends the process; nullptr: nothing. May only do what signal handlers may.
  static void at_forced_end(void (*last)() noexcept);
};

} // namespace troupe::cli
