#pragma once

namespace troupe::cli {

/// What the process says when it ends; the same for every command.
enum class exit_code : int {
  ok = 0,
  /// The work was understood and failed.
  failed = 1,
  /// The command line, or a definition named on it, is wrong.
  usage = 2,
  /// Ended by Ctrl-C or SIGTERM.
  interrupted = 130,
  /// The reader of the output has gone: what a shell sees of a tool that SIGPIPE ends.
  broken_pipe = 141,
};

} // namespace troupe::cli
