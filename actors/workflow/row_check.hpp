#pragma once

#include "actors/workflow/checksum.hpp"
#include "actors/workflow/machine.hpp"
#include "actors/workflow/store.hpp"
#include "actors/workflow/stored_tables.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::workflow {

/// Whether rows are what was written, and histories what a run can have.

[[nodiscard]] run_entry entry_in(const row& run);
[[nodiscard]] row row_of(const run_entry& entry, std::int64_t number, checksummer& sums);
/// What the run is called, by key.
[[nodiscard]] std::vector<row> tag_rows_of(const run_entry& entry, std::int64_t number);
[[nodiscard]] bool is_good_run(const row& from, checksummer& sums);
[[nodiscard]] bool is_good_cancel(const row& from, checksummer& sums);
[[nodiscard]] bool is_good_signal(const row& from, checksummer& sums);
[[nodiscard]] bool is_good_letter(const row& from);
[[nodiscard]] bool is_good_blob(const row& from);
/// @param blob what the event refers to; of no meaning where it refers to nothing.
/// @returns the whole event; nothing where it is not what was written.
[[nodiscard]] std::optional<std::string> whole_event(const row& from, const std::string& run_id,
                                                     std::string_view blob, checksummer& sums);

/// What became of applying a history.
struct replayed_history {
  machine state;
  /// So many events were applied.
  std::size_t applied = 0;
  /// Why no more were; empty where all were.
  std::string why;
  /// The next event is well-formed, and this program lacks what it takes to read it (a message type, a later kind).
  bool unreadable = false;
};

/// Applies events as far as they go.
[[nodiscard]] replayed_history replay_stored(std::span<const std::string> events);

/// The entry that a run has which is in this state.
[[nodiscard]] run_entry entry_of(const machine& state);

} // namespace troupe::workflow
