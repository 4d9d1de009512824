#pragma once

#include <system_error>

namespace troupe {

/// Why the workflow engine or a store refused something.
enum class workflow_errc {
  none = 0,
  /// A definition has mistakes; the context lists them, one per line.
  bad_definition,
  /// A run input is missing, unknown or of the wrong type.
  bad_input,
  /// A run id that is not 1 to 128 of letters, digits, '.', '_', '-'.
  bad_run_id,
  /// There is a run of this id already.
  run_exists,
  /// There is no run of this id.
  run_unknown,
  /// The run is completed or failed: nothing is left to do.
  run_closed,
  /// The run was cancelled: it is not gone on with.
  run_cancelled,
  /// A signal that no step of its run awaits, of another type, without id or name, or too large.
  bad_signal,
  /// The run has not taken up as many signals as may wait for it.
  too_many_signals,
  /// Another process that is alive runs it.
  run_owned,
  /// The run needs an agent type that this node does not have.
  agent_missing,
  /// A step demands more of a resource than this node has.
  demand_too_large,
  /// An event does not fit the state that the history before it gives.
  history_mismatch,
  /// A stored event cannot be read by this build.
  history_unreadable,
  /// A value cannot become what the request's field is.
  bad_reference,
  /// The wait ended before the run did.
  timed_out,
  /// The engine was stopped.
  engine_stopped,
  /// The store failed earlier; nothing more is run on it.
  engine_failed,
  /// Somebody else appended to the run first.
  version_conflict,
  /// Another owner took the run over: its former owner may not append any more.
  ownership_lost,
  /// The file cannot be opened, or is no file.
  store_unavailable,
  /// The file belongs to another program.
  store_foreign,
  /// The file was written by a newer troupe.
  store_newer,
  /// What is in the file is not what was written.
  store_damaged,
  /// Another process kept the file locked for longer than the wait allowed.
  store_busy,
  /// No space is left for the file.
  store_full,
  /// Reading or writing the file failed.
  store_io,
  /// A query names nothing that the run has, or does not fit its type.
  bad_query,
  /// There is no such value (yet).
  no_value,
  /// The database takes no such row: it goes against the rules of its table.
  store_refused,
  /// The store has something in it, and is to be empty.
  store_not_empty,
  /// Whoever wanted it does not want it any more.
  interrupted,
  /// A backup or an archive that is damaged, or none.
  bad_backup,
  /// One that is good as far as it goes, and ends in the middle.
  backup_cut_off,
  /// What another process posted of what it has at work cannot be read by this build.
  snapshot_unreadable,
  /// Attempts run on no such node, or on another life of it.
  node_unknown,
};

[[nodiscard]] const std::error_category& workflow_category() noexcept;
[[nodiscard]] std::error_code make_error_code(workflow_errc code) noexcept;

} // namespace troupe

template <>
struct std::is_error_code_enum<troupe::workflow_errc> : std::true_type {};
